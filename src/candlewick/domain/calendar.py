"""When a venue trades: sessions, as far as its calendar is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from candlewick.domain.market import AssetClass
from candlewick.domain.time import Window

ANY_CLASS = ""
"""In the place of an asset class: all of them."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar's sessions, in order."""

    name: str
    """ISO 10383's code of the exchange (XNYS), or another name that its source knows (TARGET)."""
    known: Window
    """Beyond this nothing is known of it."""
    sessions: Sequence[Window]


type CalendarRules = Mapping[tuple[str, AssetClass | str], str]
"""By venue and asset class, or `ANY_CLASS`: the calendar's name. What has no rule is traded at any time."""
