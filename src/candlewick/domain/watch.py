"""The watch list: which instruments are taken live, and who wanted it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from candlewick.domain.market import InstrumentKey

MOST_WATCHED: Final = 5_000
"""Instruments on the list."""


@dataclass(frozen=True, slots=True)
class Watched:
    """An instrument that is taken live."""

    key: InstrumentKey
    since: datetime | None = None
    """When it was put on the list; None if the settings name it."""
    requested_by: str | None = None
    """The API key's prefix, or `cli`; None if the settings name it."""

    @property
    def fixed(self) -> bool:
        """Whether only another setting ends it."""
        return self.since is None
