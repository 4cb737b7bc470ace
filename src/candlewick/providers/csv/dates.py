"""A table's dates: the sessions of daily rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from candlewick.domain.time import from_microseconds
from candlewick.providers.csv.times import NumberTimes
from candlewick.providers.exact import Unreadable

EARLIEST: Final = date(1600, 1, 1)
"""Older prices are of no exchange."""
DATE: Final = re.compile(
    r"(?P<year>[0-9]{4})(?P<separator>[-/.]?)(?P<month>[0-9]{2})(?P=separator)(?P<day>[0-9]{2})"
    r"(?:[T ]00:00(?::00(?:\.0+)?)?(?: ?(?:Z|UTC|GMT|\+00:?00))?)?"
)
"""A date, with or without a midnight after it."""


@dataclass(frozen=True, slots=True)
class Dates:
    """One way to read a column of dates: a format, a unit, or else years before months before days."""

    latest: date
    format: str | None = None
    numbers: NumberTimes | None = None

    def one(self, text: str) -> date:
        """Raises Unreadable."""
        found = self._read(text)
        if not EARLIEST <= found <= self.latest:
            raise Unreadable(f"date {text[:64]!r} does not lie between {EARLIEST} and {self.latest}")
        return found

    def _read(self, text: str) -> date:
        if self.numbers is not None:
            return self._of_number(text, self.numbers)
        try:
            if self.format is not None:
                return datetime.strptime(text, self.format).date()  # noqa: DTZ007 (a date has no zone)
            if match := DATE.fullmatch(text):
                return date(int(match["year"]), int(match["month"]), int(match["day"]))
        except ValueError as exc:
            raise Unreadable(f"date {text[:64]!r} cannot be read: {exc}") from exc
        raise Unreadable(f"date {text[:64]!r} is no date like 2024-08-08 or 20240808")

    def _of_number(self, text: str, numbers: NumberTimes) -> date:
        moment = from_microseconds(numbers.one(text)).astimezone(numbers.zone.rules)
        if moment.hour or moment.minute or moment.second or moment.microsecond:
            raise Unreadable(f"time {text[:64]!r} is no midnight in {numbers.zone.name}: it stands for no day")
        return moment.date()
