"""Sessions of calendars as reads of candles need them: kept in memory while the database still has the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from candlewick.domain.errors import UnknownCalendar
from candlewick.domain.ruler import Sessions
from candlewick.storage.engine import Driver

_MOST: Final = 32
"""Calendars that are remembered."""
_VERSION: Final = "SELECT xmin::text || '/' || known_until, known_until FROM trading_calendar WHERE name = $1"
_SESSIONS: Final = "SELECT open_time, close_time FROM trading_session WHERE calendar = $1 ORDER BY open_time"
_NAMES: Final = "SELECT name FROM trading_calendar ORDER BY name LIMIT 200"


@dataclass(slots=True)
class SessionReads:
    """Whole calendars: some ten thousand sessions each, which change twice a year."""

    _known: dict[str, tuple[str, Sessions]] = field(default_factory=dict)

    async def sessions(self, driver: Driver, name: str) -> Sessions:
        """The calendar's sessions.

        Raises:
            UnknownCalendar: it is not here; says which are.
        """
        found = await driver.fetchrow(_VERSION, name)
        if found is None:
            raise UnknownCalendar(name, [row["name"] for row in await driver.fetch(_NAMES)])
        version, known_until = found
        known = self._known.get(name)
        if known is not None and known[0] == version:
            return known[1]
        rows = await driver.fetch(_SESSIONS, name)
        opens, closes = [row["open_time"] for row in rows], [row["close_time"] for row in rows]
        sessions = Sessions(opens, closes, max([known_until, *closes[-1:]]))
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[name] = version, sessions
        return sessions
