"""Days as a source publishes them where it has nothing finer: candles, and the factors of splits and dividends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from candlewick.domain.errors import InvalidDayCandle

if TYPE_CHECKING:  # it takes numpy, which who only names an adjustment need not wait for
    from candlewick.domain.batch import Rejected


class Adjustment(StrEnum):
    """What raw candles are made comparable with today's for, by the factors of their instrument."""

    NONE = "NONE"
    SPLITS = "SPLITS"
    ALL = "ALL"
    """Splits and dividends."""


@dataclass(frozen=True, slots=True)
class DayCandle:
    """One session as its source published it, raw: not adjusted for splits or dividends. None: not said."""

    day: date
    """The session's date at the venue. As a candle it opens at that date's midnight in UTC."""
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None = None

    def __post_init__(self) -> None:
        prices = (self.open, self.high, self.low, self.close)
        if not all(price.is_finite() and price > 0 for price in prices):
            raise InvalidDayCandle(self.day, "a price is not above zero")
        if self.high != max(prices) or self.low != min(prices):
            raise InvalidDayCandle(self.day, f"high {self.high} and low {self.low} do not enclose open and close")
        if self.volume is not None and not (self.volume.is_finite() and self.volume >= 0):
            raise InvalidDayCandle(self.day, "the volume is negative")

    @property
    def open_time(self) -> datetime:
        return datetime.combine(self.day, time(), UTC)


@dataclass(frozen=True, slots=True)
class Factor:
    """What raw prices up to and including `day` are multiplied by to be comparable with today's: price × split.

    As LEAN's factor files state it: the newest row holds for all days up to its own, until an older row takes over.
    """

    day: date
    price_factor: Decimal
    """For dividends."""
    split_factor: Decimal
    reference_price: Decimal | None = None

    def __post_init__(self) -> None:
        if not all(factor.is_finite() and factor > 0 for factor in (self.price_factor, self.split_factor)):
            raise InvalidDayCandle(self.day, "a factor is not above zero")


@dataclass(frozen=True, slots=True)
class Spelling:
    """What the venue called the instrument from the day `since` (None: always before) to the day `until`."""

    symbol: str
    since: date | None
    until: date


@dataclass(frozen=True, slots=True)
class DayLines:
    """Days of one instrument in a payload or a file, their factors, its names, and the rows that are none of these."""

    candles: Sequence[DayCandle]
    factors: Sequence[Factor] = ()
    rejected: Sequence[Rejected] = ()
    last_line: int = 0
    spellings: Sequence[Spelling] = ()
