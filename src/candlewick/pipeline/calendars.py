"""Calendars of the venues that have sessions, kept where the reads of candles find them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from candlewick.domain.calendar import ANY_CLASS, CalendarRules
from candlewick.ports import CalendarSource, CalendarStore, Clock

log = structlog.get_logger(__name__)

AHEAD: Final = timedelta(days=180)
"""A calendar that is not known for so long any more is asked for again."""


class CalendarKeeping:
    """Takes over the calendars that the rules name, and those of venues whose code is a calendar's name."""

    def __init__(self, source: CalendarSource, store: CalendarStore, rules: CalendarRules, clock: Clock) -> None:
        self._source = source
        self._store = store
        self._rules = rules
        self._clock = clock

    async def refresh(self) -> int:
        """How many were taken over: only what venues that are here need. Done again, none."""
        venues = await self._store.venues()
        rules = {(venue, ANY_CLASS): venue.upper() for venue in venues if self._source.knows(venue.upper())}
        rules |= {(venue, kind): name for (venue, kind), name in self._rules.items() if venue in venues}
        taken = 0
        for name in sorted(set(rules.values())):
            taken += await self._take(name)
        await self._store.rule(rules)
        return taken

    async def _take(self, name: str) -> bool:
        now = self._clock.now()
        until = await self._store.known_until(name)
        if until is not None and until - now > AHEAD:
            return False
        calendar = await asyncio.to_thread(self._source.calendar, name, now)
        await self._store.put(calendar)
        log.info("calendar_taken", calendar=name, sessions=len(calendar.sessions), until=calendar.known.end.isoformat())
        return True
