"""Calendars as rows: reads of candles join them, so that no server need know an exchange's holidays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from candlewick.domain.calendar import Calendar, CalendarRules
from candlewick.storage.engine import Database

_REPLACE: Final = """
INSERT INTO trading_calendar (name, known_from, known_until) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET known_from = excluded.known_from, known_until = excluded.known_until
"""
_SESSIONS: Final = """
INSERT INTO trading_session (calendar, open_time, close_time)
SELECT $1, * FROM unnest($2::timestamptz[], $3::timestamptz[])
"""
_RULES: Final = """
INSERT INTO venue_calendar (venue, asset_class, calendar) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
"""


class StoredCalendars:
    """The CalendarStore on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def venues(self) -> Sequence[str]:
        """See `CalendarStore.venues`."""
        async with self._database.driver() as driver:
            return [row["code"] for row in await driver.fetch("SELECT code FROM venue ORDER BY code")]

    async def known_until(self, name: str) -> datetime | None:
        """See `CalendarStore.known_until`."""
        async with self._database.driver() as driver:
            found: datetime | None = await driver.fetchval(
                "SELECT known_until FROM trading_calendar WHERE name = $1", name
            )
        return found

    async def put(self, calendar: Calendar) -> None:
        """See `CalendarStore.put`."""
        opens = [session.start for session in calendar.sessions]
        closes = [session.end for session in calendar.sessions]
        async with self._database.transaction() as driver:
            await driver.execute(_REPLACE, calendar.name, calendar.known.start, calendar.known.end)
            await driver.execute("DELETE FROM trading_session WHERE calendar = $1", calendar.name)
            await driver.execute(_SESSIONS, calendar.name, opens, closes)

    async def rule(self, rules: CalendarRules) -> None:
        """See `CalendarStore.rule`."""
        rows = [(venue, str(asset_class), name) for (venue, asset_class), name in rules.items()]
        async with self._database.transaction() as driver:
            await driver.execute("LOCK TABLE venue_calendar IN SHARE ROW EXCLUSIVE MODE")
            await driver.execute("DELETE FROM venue_calendar")
            await driver.execute(
                _RULES, *(list(column) for column in zip(*rows, strict=True)) if rows else ((), (), ())
            )
