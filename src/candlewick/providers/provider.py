"""What a provider is to the rest: a code, a name, and what it can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from candlewick.ports import ArchiveSource, Clock, Market


@dataclass(frozen=True, slots=True)
class Provider:
    """One source of data. What it cannot do is None."""

    code: str
    """Also the venue's code, where the venue publishes its own data."""
    name: str
    archives: Callable[[Clock], ArchiveSource] | None = None
    """Reads archive files that were downloaded from it."""
    market: Callable[[int], Market] | None = None
    """Makes its trades up, from a seed."""
