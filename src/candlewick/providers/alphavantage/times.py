"""When what Alpha Vantage says of a day or a month was known: its dates have no time. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from candlewick.providers.exact import Unreadable

NEW_YORK: Final = ZoneInfo("America/New_York")
ZONES: Final[dict[str, ZoneInfo]] = {"US/Eastern": NEW_YORK, "UTC": ZoneInfo("UTC")}
"""The zones that it names."""
_CLOSE: Final = time(16, 0)
"""Of the exchanges in New York."""
_SETTLEMENT: Final = time(17, 0)
"""When a day of commodities is over there."""
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")


def day_of(value: Any) -> date:
    """The date in a text such as 2018-10-05. Raises Unreadable."""
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        raise Unreadable(f"date {value!r:.64} is none")
    try:
        return date.fromisoformat(value)
    except ValueError as exc:
        raise Unreadable(f"date {value!r} is in no calendar") from exc


def moment_of(value: Any, zone: ZoneInfo) -> datetime:
    """The moment in a text such as 2017-12-20 19:23:21, a wall clock's time in that zone.

    Raises:
        Unreadable: it is none, or the clock showed it twice, or never.
    """
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        raise Unreadable(f"time {value!r:.64} is none")
    try:
        local = datetime.fromisoformat(value).replace(tzinfo=zone)
        moment = local.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise Unreadable(f"time {value!r} is in no calendar") from exc
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise Unreadable(f"time {value!r} is not one moment in {zone}: the clock was changed")
    return moment


def closed_at(day: date) -> datetime:
    """When the exchanges in New York closed on that day."""
    return _in_new_york(day, _CLOSE)


def settled_at(day: date, interval: str) -> datetime:
    """When a price of a commodity was known: in the evening of its day, or of the last day of its week or month.

    An average of a month bears the date of the first: taken for that, it would be known before it happened.

    Raises:
        Unreadable: there is no such day.
    """
    try:
        return _in_new_york(INTERVALS[interval](day), _SETTLEMENT)
    except OverflowError as exc:
        raise Unreadable(f"date {day} is beyond the calendar") from exc


def _friday(day: date) -> date:
    """Of its week, as the EIA dates weeks."""
    return day + timedelta(days=(4 - day.weekday()) % 7)


def _end_of_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


INTERVALS: Final[dict[str, Callable[[date], date]]] = {
    "daily": lambda day: day,
    "weekly": _friday,
    "monthly": _end_of_month,
}
"""How far apart a commodity's prices are, and the last day of what one is of."""


def _in_new_york(day: date, at: time) -> datetime:
    return datetime.combine(day, at, NEW_YORK).astimezone(UTC)
