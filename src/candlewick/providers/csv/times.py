"""A table's time column as moments: numbers in some unit, ISO 8601, or a format of the mapping's. No unit is guessed
at row by row: the whole column is read in one way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Protocol, Self

import numpy as np

from candlewick.domain.time import EPOCH, from_microseconds, microseconds
from candlewick.providers import delimited
from candlewick.providers.csv.mapping import TimeUnit
from candlewick.providers.csv.zones import UTC_ZONE, Mask, Moments, Zone
from candlewick.providers.exact import Unreadable, decimal, shifted

PLACES: Final = {TimeUnit.SECONDS: 6, TimeUnit.MILLISECONDS: 3, TimeUnit.MICROSECONDS: 0, TimeUnit.NANOSECONDS: -3}
"""Decimal places from the unit to a microsecond."""
_DAY: Final = 86_400_000_000
OLDEST_NUMBER: Final = datetime(1990, 1, 1, tzinfo=UTC)
"""Numbers are times since then: earlier ones are of another unit."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The microseconds since 1970 between which times are believed."""

    earliest: int
    latest: int

    @classmethod
    def until_tomorrow(cls, now: datetime, earliest: datetime = EPOCH) -> Self:
        return cls(microseconds(earliest), microseconds(now + timedelta(days=1)))

    def check(self, moment: int, text: str) -> int:
        """Raises Unreadable outside."""
        if not self.earliest <= moment <= self.latest:
            year = from_microseconds(self.earliest).year
            raise Unreadable(f"time {text[:64]!r} does not lie between {year} and tomorrow: is its unit another one?")
        return moment

    def mask(self, moments: Moments) -> Mask:
        inside: Mask = (moments >= self.earliest) & (moments <= self.latest)
        return inside


class Times(Protocol):
    """One way to read a time column."""

    @property
    def zone(self) -> Zone:
        """Whose days the rows belong to."""

    def column(self, lines: delimited.Lines, field: int) -> tuple[Moments, Mask]:
        """Microseconds since 1970, and for which regular lines they could be told."""

    def one(self, text: str) -> int:
        """The same of one field. Raises Unreadable."""


@dataclass(frozen=True, slots=True)
class NumberTimes:
    """Numbers of a unit, since 1970 or since the wall clock of a zone showed midnight on some day.

    Parts of a microsecond are cut off: that is as fine as moments are kept.
    """

    unit: TimeUnit
    bounds: Bounds
    zone: Zone = UTC_ZONE
    midnight: int | None = None
    """Microseconds of the wall clock since its own 1970."""

    def column(self, lines: delimited.Lines, field: int) -> tuple[Moments, Mask]:
        """See `Times.column`."""
        numbers, fits = delimited.decimals(lines, field)
        places = PLACES[self.unit] - numbers.scale
        coefficients = numbers.coefficients
        if places > 0:
            fits &= coefficients <= self._longest() // 10**places
            values = np.where(fits, coefficients, 0) * 10**places
        else:
            values = coefficients // _POWERS[min(-places, delimited.MOST_DIGITS)]
        if self.midnight is None:
            return values, fits & self.bounds.mask(values)
        fits &= values < _DAY
        moments, known = self.zone.moments(np.where(fits, values, 0) + self.midnight)
        return moments, fits & known & self.bounds.mask(moments)

    def one(self, text: str) -> int:
        """See `Times.one`."""
        value = shifted(decimal(text, "time"), PLACES[self.unit])
        if not 0 <= value <= self._longest():
            span = "until tomorrow" if self.midnight is None else "since midnight"
            raise Unreadable(f"time {text[:64]!r} is none in {self.unit} {span}")
        if self.midnight is None:
            return self.bounds.check(int(value), text)
        return self.bounds.check(self.zone.moment(int(value) + self.midnight), text)

    def _longest(self) -> int:
        return self.bounds.latest if self.midnight is None else _DAY - 1


@dataclass(frozen=True, slots=True)
class IsoTimes:
    """ISO 8601, also with a blank for its T, slashes or dots in its date, UTC for its Z."""

    bounds: Bounds
    given: Zone | None = None
    """The zone of times that do not say theirs."""

    @property
    def zone(self) -> Zone:
        return self.given or UTC_ZONE

    def column(self, lines: delimited.Lines, field: int) -> tuple[Moments, Mask]:
        """See `Times.column`."""
        begins, ends = lines.field(field)
        moments = np.zeros(len(begins), dtype=np.int64)
        fits = np.zeros(len(begins), dtype=np.bool_)
        rest = np.flatnonzero((ends - begins >= _SHORTEST) & (ends - begins <= _LONGEST))
        for _ in range(_MOST_SHAPES):
            if not len(rest):
                break
            rest, same, shape = _alike(lines, begins, ends, rest)
            if match := _SHAPE.fullmatch(shape):
                read, sound = _moments(lines, begins[same], match, self.given)
                moments[same], fits[same] = read, sound
        return moments, fits & self.bounds.mask(moments)

    def one(self, text: str) -> int:
        """See `Times.one`."""
        match = _ISO.fullmatch(text)
        if match is None:
            raise Unreadable(f"time {text[:64]!r} is no time like 2024-08-08T09:30:00.123Z")
        try:
            year, month, day, hour, minute, second = (int(match[name] or 0) for name in _PARTS)
            wall = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError as exc:
            raise Unreadable(f"time {text[:64]!r} is in no calendar: {exc}") from exc
        micro = microseconds(wall) + int((match["fraction"] or "").ljust(6, "0")[:6])
        if match["offset"]:
            return self.bounds.check(micro - _offset(match), text)
        if self.given is None:
            raise Unreadable(f"time {text[:64]!r} does not say its zone")
        return self.bounds.check(self.given.moment(micro), text)


@dataclass(frozen=True, slots=True)
class FormattedTimes:
    """A format of Python's strptime. Slow: a few hundred thousand rows a second at best."""

    format: str
    bounds: Bounds
    given: Zone | None = None

    @property
    def zone(self) -> Zone:
        return self.given or UTC_ZONE

    def column(self, lines: delimited.Lines, field: int) -> tuple[Moments, Mask]:
        """See `Times.column`."""
        begins, ends = lines.field(field)
        moments = np.zeros(len(begins), dtype=np.int64)
        fits = np.zeros(len(begins), dtype=np.bool_)
        text = lines.text.tobytes()
        for row, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
            try:
                moments[row] = self.one(text[begin:end].decode())
            except ValueError:  # Unreadable, or no UTF-8: the exact way says why
                continue
            fits[row] = True
        return moments, fits

    def one(self, text: str) -> int:
        """See `Times.one`."""
        try:
            found = datetime.strptime(text, self.format)  # noqa: DTZ007 (the zone is the mapping's)
        except ValueError as exc:
            raise Unreadable(f"time {text[:64]!r} is not written as {self.format}") from exc
        if found.tzinfo is not None:
            return self.bounds.check(microseconds(found), text)
        if self.given is None:
            raise Unreadable(f"time {text[:64]!r} does not say its zone")
        return self.bounds.check(self.given.moment(microseconds(found.replace(tzinfo=UTC))), text)


_PARTS: Final = ("year", "month", "day", "hour", "minute", "second")
_ISO: Final = re.compile(
    r"(?P<year>[0-9]{4})(?P<separator>[-/.])(?P<month>[0-9]{2})(?P=separator)(?P<day>[0-9]{2})[T ]"
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?P<offset> ?(?:Z|UTC|GMT|(?P<sign>[+-])(?P<hours>[0-9]{2})(?::?(?P<minutes>[0-9]{2}))?))?"
)
_SHAPE: Final = re.compile(_ISO.pattern.replace("0-9", "0"))
"""The same of a text whose digits are all 0: where each part stands."""
_SHORTEST: Final = len("2024-08-08T09:30")
_LONGEST: Final = len("2024-08-08T09:30:00.123456789 +00:00")
_MOST_SHAPES: Final = 16
"""In one block. Fractions without trailing zeros alone make ten."""
_POWERS: Final = 10 ** np.arange(19, dtype=np.int64)
_MONTH_LENGTHS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def _offset(match: re.Match[str]) -> int:
    """Microseconds east of Greenwich."""
    if match["sign"] is None:
        return 0
    hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
    if hours > 23 or minutes > 59:
        raise Unreadable(f"time {match[0]!r} has an offset that no zone has")
    return (1 if match["sign"] == "+" else -1) * (hours * 60 + minutes) * 60_000_000


def _alike(lines: delimited.Lines, begins: Moments, ends: Moments, rows: Moments) -> tuple[Moments, Moments, str]:
    """The rows that are written otherwise than the first one, those that are written like it, and how that is."""
    length = int(ends[rows[0]] - begins[rows[0]])
    same_length = rows[(ends - begins)[rows] == length]
    text = lines.text[begins[same_length][:, None] + np.arange(length)]
    shape = np.where((text >= ord("0")) & (text <= ord("9")), np.uint8(ord("0")), text)
    same = same_length[(shape == shape[0]).all(axis=1)]
    return np.setdiff1d(rows, same, assume_unique=True), same, shape[0].tobytes().decode("latin-1")


def _moments(lines: delimited.Lines, begins: Moments, match: re.Match[str], given: Zone | None) -> tuple[Moments, Mask]:
    """The moments that the fields say, all of them written alike, and which of them are in the calendar."""

    def part(name: str) -> Moments:
        if match[name] is None:
            return np.zeros(len(begins), dtype=np.int64)
        length = match.end(name) - match.start(name)
        return delimited.digits(lines, begins + match.end(name), length)[0]

    year, month, day, hour, minute, second = map(part, _PARTS)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    sound = (year >= 1) & (month >= 1) & (month <= 12) & (hour <= 23) & (minute <= 59) & (second <= 59)
    lengths = _MONTH_LENGTHS[np.where(sound, month, 0)] + ((month == 2) & leap)
    sound &= (day >= 1) & (day <= lengths)
    wall = (((_days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000
    digits = len(match["fraction"] or "")
    fraction = part("fraction")
    wall += fraction * _POWERS[6 - digits] if digits <= 6 else fraction // _POWERS[digits - 6]
    if match["offset"]:
        if match["sign"] is None:
            return wall, sound
        hours, minutes = part("hours"), part("minutes")
        east = (hours * 60 + minutes) * (60_000_000 if match["sign"] == "+" else -60_000_000)
        return wall - east, sound & (hours <= 23) & (minutes <= 59)
    if given is None:
        return wall, np.zeros(len(wall), dtype=np.bool_)
    wall = np.where(sound, wall, 0)
    moments, known = given.moments(wall)
    return moments, sound & known


def _days(year: Moments, month: Moments, day: Moments) -> Moments:
    """Days since 1970 in the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date
    algorithms", `days_from_civil`)."""
    shifted = year - (month <= 2)
    era = shifted // 400
    year_of_era = shifted - era * 400
    day_of_year = (153 * (month + np.where(month > 2, -3, 9)) + 2) // 5 + day - 1
    days: Moments = era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468
    return days


def wall_midnight(year: int, month: int, day: int) -> int:
    """Midnight of that date, in microseconds of the wall clock since its own 1970."""
    return microseconds(datetime(year, month, day, tzinfo=UTC))


def unit_of(numbers: Sequence[Decimal], now: datetime) -> TimeUnit | None:
    """The unit in which most of the numbers lie between 1990 and tomorrow; None if there is none.

    The ranges of two units are a factor of more than 300 apart: no number is in both.
    """
    earliest, latest = microseconds(OLDEST_NUMBER), microseconds(now + timedelta(days=1))
    for unit, places in PLACES.items():
        if sum(earliest <= shifted(number, places) <= latest for number in numbers) * 2 > len(numbers):
            return unit
    return None
