"""Prices that change once a day, made up from a seed: the same for a name and a day, whoever asks, however often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

from candlewick.domain.errors import InvalidInput

_DAYS: Final = 60_000
"""That a walk has, from its first: more than a century and a half."""


class NoTrades(InvalidInput):
    """The source has no trades that could be had at a rate, and always all of its instruments."""

    def __init__(self, source: str) -> None:
        super().__init__(f"{source} has prices of days, no trades: leave out --rate and --symbols")
        self.source = source


@dataclass(frozen=True)
class DailyWalk:
    """A price from day to day: it begins with `first` on `since` and wanders, by about `step` (0.01 is 1 %) a day."""

    name: str
    seed: int
    since: date
    first: Decimal
    step: float
    places: int
    """Digits behind the point."""

    def price(self, day: date, hour: float = 24.0) -> Decimal:
        """What it was at that hour of the day: between the day before and the day's own price. Above zero."""
        index = (day - self.since).days
        if not 0 < index < _DAYS:
            index, hour = max(min(index, _DAYS - 1), 1), 24.0
        logarithm = self._walk[index - 1] + (self._walk[index] - self._walk[index - 1]) * hour / 24
        smallest = Decimal(1).scaleb(-self.places)
        return max((self.first * Decimal(float(np.exp(logarithm)))).quantize(smallest), smallest)

    def range(self, day: date, until: float = 24.0) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """Open, high, low and close of the part of the day that is over at the hour `until`."""
        first, last = self.price(day, 0.0), self.price(day, until)
        reach = Decimal(1 + int(self._chance[self._index(day)] * 100)).scaleb(-self.places)
        low = min(first, last) - reach
        return first, max(first, last) + reach, low if low > 0 else min(first, last), last

    def amount(self, day: date, usual: int, until: float = 24.0) -> int:
        """How much was traded by the hour `until`."""
        return int(usual * (0.5 + self._chance[self._index(day)]) * until / 24)

    def _index(self, day: date) -> int:
        return max(min((day - self.since).days, _DAYS - 1), 0)

    @cached_property
    def _walk(self) -> npt.NDArray[np.float64]:
        steps = self._generator(1).normal(0.0, self.step, _DAYS)
        walk: npt.NDArray[np.float64] = np.cumsum(steps) - steps[0]
        return walk

    @cached_property
    def _chance(self) -> npt.NDArray[np.float64]:
        return self._generator(2).random(_DAYS)

    def _generator(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, crc32(self.name.encode()), purpose])


def weekdays(first: date, last: date) -> list[date]:
    """From the first to the last, both included, without Saturdays and Sundays, newest first."""
    days = (last - timedelta(days=number) for number in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5]
