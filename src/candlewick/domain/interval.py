"""How wide a candle is: the intervals that are kept ready, and any ISO 8601 duration built from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Self

from candlewick.domain.errors import InvalidDuration, TimeOutOfRange
from candlewick.domain.time import EARLIEST

ORIGIN = datetime(2000, 1, 3, tzinfo=UTC)
"""A Monday: where buckets of a fixed width are counted from, as TimescaleDB's `time_bucket` does."""
_SECOND = timedelta(seconds=1)
_LONGEST_MONTHS = 120
_LONGEST_SPAN = timedelta(days=3660)
_ISO = re.compile(
    r"P(?!$)(?:(?P<years>\d{1,3})Y)?(?:(?P<months>\d{1,4})M)?(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,7})M)?(?:(?P<seconds>\d{1,9})S)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Duration:
    """A candle's width: a fixed span of whole seconds, or a number of calendar months. Never both."""

    span: timedelta = timedelta()
    months: int = 0

    def __post_init__(self) -> None:
        if bool(self.span) == bool(self.months):
            raise InvalidDuration(str(self), "give either months and years, or weeks, days, hours, minutes and seconds")
        if self.span % _SECOND or self.span < timedelta() or self.months < 0:
            raise InvalidDuration(str(self), "the narrowest is one second (PT1S), in whole seconds")
        if self.span > _LONGEST_SPAN or self.months > _LONGEST_MONTHS:
            raise InvalidDuration(str(self), "the widest is ten years (P10Y)")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ISO 8601, for example PT5M, P1D, P1W, P3M.

        Raises:
            InvalidDuration: what is wrong, and what is allowed.
        """
        match = _ISO.fullmatch(text)
        if match is None:
            raise InvalidDuration(text[:64], "write ISO 8601, for example PT5M, PT4H, P1D, P1W, P3M")
        part = {unit: int(number) for unit, number in match.groupdict(default="0").items()}
        months = 12 * part.pop("years") + part.pop("months")
        return cls(timedelta(**part), months)

    def __str__(self) -> str:
        if self.months:
            return f"P{self.months}M"
        seconds = self.span // _SECOND
        if seconds and seconds % 86400 == 0:
            return f"P{seconds // 86400}D"
        units = {"H": seconds // 3600, "M": seconds % 3600 // 60, "S": seconds % 60}
        return "PT" + ("".join(f"{number}{unit}" for unit, number in units.items() if number) or "0S")

    def floor(self, moment: datetime) -> datetime:
        """The open time of the candle that `moment` falls into."""
        if self.months:
            index = (moment.year - 2000) * 12 + moment.month - 1
            return _month(index - index % self.months)
        return moment - (moment - ORIGIN) % self.span

    def after(self, open_time: datetime, count: int = 1) -> datetime:
        """The open time `count` candles later (earlier, if negative) than the candle that opens at `open_time`."""
        try:
            if self.months:
                return _month((open_time.year - 2000) * 12 + open_time.month - 1 + count * self.months)
            return open_time + count * self.span
        except (OverflowError, ValueError) as exc:
            raise TimeOutOfRange(f"{count} × {self} from {open_time:%Y-%m-%d}", EARLIEST, _LATEST) from exc

    def ceil(self, moment: datetime) -> datetime:
        """The first open time at or after `moment`."""
        floor = self.floor(moment)
        return floor if floor == moment else self.after(floor)

    def close(self, open_time: datetime) -> datetime:
        """Where the candle ends that opens at `open_time`."""
        return self.after(open_time)

    def divides(self, other: Duration) -> bool:
        """Whether every candle of `other` is made of whole candles of this one."""
        if other.months:
            return other.months % self.months == 0 if self.months else timedelta(days=1) % self.span == timedelta()
        return not self.months and other.span % self.span == timedelta()


_LATEST = datetime(9999, 12, 31, tzinfo=UTC)


def _month(index: int) -> datetime:
    return datetime(2000 + index // 12, index % 12 + 1, 1, tzinfo=UTC)


class Interval(StrEnum):
    """The widths that have names. S1 is built from trades when asked for, the others are kept ready."""

    S1 = "S1"
    M1 = "M1"
    M5 = "M5"
    M15 = "M15"
    M30 = "M30"
    H1 = "H1"
    H4 = "H4"
    D1 = "D1"
    W1 = "W1"
    MO1 = "MO1"

    @property
    def duration(self) -> Duration:
        return _DURATIONS[self]


_DURATIONS = {
    Interval.S1: Duration(timedelta(seconds=1)),
    Interval.M1: Duration(timedelta(minutes=1)),
    Interval.M5: Duration(timedelta(minutes=5)),
    Interval.M15: Duration(timedelta(minutes=15)),
    Interval.M30: Duration(timedelta(minutes=30)),
    Interval.H1: Duration(timedelta(hours=1)),
    Interval.H4: Duration(timedelta(hours=4)),
    Interval.D1: Duration(timedelta(days=1)),
    Interval.W1: Duration(timedelta(weeks=1)),
    Interval.MO1: Duration(months=1),
}

PARENT = {
    Interval.M5: Interval.M1,
    Interval.M15: Interval.M5,
    Interval.M30: Interval.M15,
    Interval.H1: Interval.M30,
    Interval.H4: Interval.H1,
    Interval.D1: Interval.H4,
    Interval.W1: Interval.D1,
    Interval.MO1: Interval.D1,
}
"""The candle tree: what each interval that is kept ready is folded from, in the order in which they are refreshed."""

STORED = (Interval.M1, *PARENT)
"""The intervals that have a table."""


@lru_cache(maxsize=256)
def largest_dividing(duration: Duration) -> Interval:
    """The widest kept interval that candles of `duration` are made of; S1, meaning trades, below a minute."""
    return next((i for i in reversed(STORED) if i.duration.divides(duration)), Interval.S1)
