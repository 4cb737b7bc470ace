"""When exchanges trade, as the package `exchange_calendars` knows it, and the days of TARGET.

Importing that package takes seconds: it is done when a calendar is asked for, which only workers do.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from candlewick.domain.calendar import Calendar
from candlewick.domain.time import Window

TARGET: Final = "TARGET"
"""The settlement system of the euro: on its days the ECB publishes reference rates."""
_TARGET_SINCE: Final = 1999
_SINCE: Final = date(1990, 1, 1)
_AHEAD: Final = timedelta(days=364)
"""Exchanges say about a year ahead when they are closed."""
_DAY: Final = timedelta(days=1)


class ExchangeCalendars:
    """The CalendarSource."""

    def knows(self, name: str) -> bool:
        """See `CalendarSource.knows`. Codes have four letters: nothing else is looked up."""
        return name == TARGET or (len(name) == 4 and name.startswith("X") and name in _package().get_calendar_names())

    def calendar(self, name: str, now: datetime) -> Calendar:
        """See `CalendarSource.calendar`."""
        end = (now + _AHEAD).date()
        if name == TARGET:
            return _calendar(name, datetime(_TARGET_SINCE, 1, 1, tzinfo=UTC), end, list(_target_days(end)))
        return _calendar(name, *_exchange(name, end))


def _calendar(name: str, start: datetime, end: date, sessions: list[Window]) -> Calendar:
    return Calendar(name, Window(start, datetime(end.year, end.month, end.day, tzinfo=UTC)), sessions)


def _exchange(name: str, end: date) -> tuple[datetime, date, list[Window]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pandas' of the package's own code
        usual = _package().get_calendar(name)
        first, last = usual.bound_min(), usual.bound_max()
        start = _SINCE if first is None else max(_SINCE, first.date())
        until = end if last is None else min(end, last.date())
        schedule = _package().get_calendar(name, start=start.isoformat(), end=until.isoformat()).schedule
        sessions = [
            Window(opens.to_pydatetime(), closes.to_pydatetime())
            for opens, closes in zip(schedule["open"], schedule["close"], strict=True)
        ]
    return datetime(start.year, start.month, start.day, tzinfo=UTC), until + _DAY, sessions


def _package() -> Any:
    import exchange_calendars  # noqa: PLC0415  (see above)

    return exchange_calendars


def _target_days(end: date) -> Iterator[Window]:
    """Whole UTC days, as daily data is named. Source: ecb.europa.eu, "TARGET closing days"."""
    day = date(_TARGET_SINCE, 1, 1)
    while day < end:
        if day.weekday() < 5 and not _is_target_holiday(day):
            opens = datetime(day.year, day.month, day.day, tzinfo=UTC)
            yield Window(opens, opens + _DAY)
        day += _DAY


def _is_target_holiday(day: date) -> bool:
    """New Year, Good Friday, Easter Monday, Labour Day and Christmas; in the first years less or more than that."""
    if (day.month, day.day) in {(1, 1), (12, 25)}:
        return True
    if day.year == 1999:
        return (day.month, day.day) == (12, 31)
    if (day.month, day.day) in {(5, 1), (12, 26)} or (day.year == 2001 and (day.month, day.day) == (12, 31)):
        return True
    return day - _easter(day.year) in {timedelta(days=-2), timedelta(days=1)}


def _easter(year: int) -> date:
    """Easter Sunday by the anonymous Gregorian computus (Meeus, Astronomical Algorithms, chapter 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), f = divmod(b, 4), (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    leap = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * leap) // 451
    month, day = divmod(h + leap - 7 * m + 114, 31)
    return date(year, month, day + 1)
