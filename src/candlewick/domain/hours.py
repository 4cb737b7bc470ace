"""Which hours candles are cut by: a time zone's days, a calendar's sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from functools import cache
from typing import Final, Self
from zoneinfo import available_timezones

from candlewick.domain.errors import InvalidDuration, UnknownTimeZone
from candlewick.domain.interval import Duration

UTC_NAME: Final = "UTC"
_UTC_TOO: Final = frozenset({"Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu"})
_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_QUARTER: Final = timedelta(minutes=15)
"""What every zone's clocks have differed from UTC by whole multiples of, since markets were recorded."""


@dataclass(frozen=True, slots=True)
class Hours:
    """The time zone whose midnights and calendar count, and the calendar outside whose sessions nothing does."""

    timezone: str = UTC_NAME
    session: str | None = None


ALWAYS: Final = Hours()
"""UTC's days, all day."""


@dataclass(frozen=True, slots=True)
class TimeBar:
    """A width of candles and the hours that they are cut by. Two that mean the same candles are equal."""

    every: Duration
    hours: Hours = ALWAYS

    @classmethod
    def of(cls, every: Duration, timezone: str = UTC_NAME, session: str | None = None) -> Self:
        """Check that such candles can be.

        Raises:
            UnknownTimeZone: there is none of that name.
            InvalidDuration: days of the zone, or sessions, cannot be divided into this width.
        """
        zone = known_zone(timezone)
        if session is not None:
            return cls(every, _of_session(every, zone, session))
        if zone == UTC_NAME or (every.span and _QUARTER % every.span == timedelta()):
            return cls(every)
        _check_local(every)
        return cls(every, Hours(zone))

    def __str__(self) -> str:
        zone = "" if self.hours.timezone == UTC_NAME else f"@{self.hours.timezone}"
        return f"{self.every}{zone}" + (f"+{self.hours.session}" if self.hours.session else "")


def known_zone(name: str) -> str:
    """The zone's name, all of UTC's as one.

    Raises:
        UnknownTimeZone: the tz database has none of that name.
    """
    if name in _UTC_TOO:
        return UTC_NAME
    if name not in _zones():
        raise UnknownTimeZone(name, get_close_matches(name[:64], _zones(), n=2, cutoff=0.75))
    return name


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _of_session(every: Duration, zone: str, session: str) -> Hours:
    if not every.span:
        return Hours(zone, session)
    if every.span < _DAY:
        return Hours(UTC_NAME, session)  # counted from each opening, whatever the clock shows
    if every.span % _DAY:
        raise InvalidDuration(str(every), "within sessions a width of a day or more is a number of whole days")
    return Hours(zone, session)


def _check_local(every: Duration) -> None:
    """In a zone whose clocks change, candles can only begin where each day has such a time."""
    if every.span >= _DAY and every.span % _DAY:
        raise InvalidDuration(str(every), "in a time zone a width of a day or more is a number of whole days")
    if every.span and every.span < _DAY and (_DAY % every.span or every.span % _MINUTE):
        raise InvalidDuration(
            str(every),
            "in a time zone a width below a day divides 24 hours into whole minutes (PT20M, PT1H, PT6H), or divides 15 "
            "minutes: each day begins at its own midnight",
        )
