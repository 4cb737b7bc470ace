"""When venues trade. Adapters live in `providers` and `storage`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from candlewick.domain.calendar import Calendar, CalendarRules


class CalendarSource(Protocol):
    """Knows the calendars of exchanges. Blocking, and slow the first time: for a worker thread."""

    def knows(self, name: str) -> bool:
        """Whether there is a calendar of that name."""

    def calendar(self, name: str, now: datetime) -> Calendar:
        """Its sessions, as far back as they are known and as far ahead as they are fixed."""


class CalendarStore(Protocol):
    """Keeps calendars where the reads of candles find them."""

    async def venues(self) -> Sequence[str]:
        """The codes of all venues."""

    async def known_until(self, name: str) -> datetime | None:
        """How far the calendar is known; None if it is not here."""

    async def put(self, calendar: Calendar) -> None:
        """In place of what is here of it."""

    async def rule(self, rules: CalendarRules) -> None:
        """From now on these hold, and no others."""
