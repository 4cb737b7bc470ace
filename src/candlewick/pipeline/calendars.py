"""Calendars of the venues that have sessions, kept where the reads of candles find them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from candlewick.domain.calendar import ANY_CLASS, CalendarRules
from candlewick.ports import CalendarSource, CalendarStore, Clock

log = structlog.get_logger(__name__)

AHEAD: Final = timedelta(days=180)
"""A calendar that is not known for so long any more is asked for again."""


class CalendarKeeping:
    """Takes over calendars: those that the rules name, those that have a venue's code for a name, and `wanted` ones."""

    def __init__(
        self,
        source: CalendarSource,
        store: CalendarStore,
        rules: CalendarRules,
        clock: Clock,
        wanted: Sequence[str] = (),
    ) -> None:
        self._source = source
        self._store = store
        self._rules = rules
        self._clock = clock
        self._wanted = wanted

    async def refresh(self) -> int:
        """How many were taken over: only what is wanted, or venues that are here need. Done again, none."""
        venues = await self._store.venues()
        rules = {(venue, ANY_CLASS): venue.upper() for venue in venues if self._source.knows(venue.upper())}
        rules |= {(venue, kind): name for (venue, kind), name in self._rules.items() if venue in venues}
        taken = 0
        for name in sorted({*rules.values(), *self._known()}):
            taken += await self._take(name)
        await self._store.rule(rules)
        return taken

    def _known(self) -> list[str]:
        """What is wanted, as far as there is such a calendar."""
        known = [name for name in self._wanted if self._source.knows(name)]
        if unknown := sorted({*self._wanted} - {*known}):
            log.warning("calendars_unknown", calendars=unknown, setting="storage.calendars")
        return known

    async def _take(self, name: str) -> bool:
        now = self._clock.now()
        until = await self._store.known_until(name)
        if until is not None and until - now > AHEAD:
            return False
        calendar = await asyncio.to_thread(self._source.calendar, name, now)
        await self._store.put(calendar)
        log.info("calendar_taken", calendar=name, sessions=len(calendar.sessions), until=calendar.known.end.isoformat())
        return True
