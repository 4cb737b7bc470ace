"""Bounded reads: what is asked for, and the rows that answer it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.day import Adjustment
from candlewick.domain.errors import InvalidDuration, InvalidLimit
from candlewick.domain.hours import ALWAYS, Hours
from candlewick.domain.interval import Duration, Interval
from candlewick.domain.market import AssetClass, InstrumentId, Side
from candlewick.domain.time import Window


@dataclass(frozen=True, slots=True)
class Page[Row]:
    """Rows in ascending order, and whether there are more in the direction that was read."""

    rows: Sequence[Row]
    more: bool


class Fill(StrEnum):
    """What there is of a window without trades, between an instrument's first candle and now."""

    OMIT = "OMIT"
    EMPTY = "EMPTY"
    """A candle without prices, whose coverage says why."""
    PREVIOUS_CLOSE = "PREVIOUS_CLOSE"
    """The same at the price of the last trade before; without prices where the feed was silent, not the market."""


@dataclass(frozen=True, slots=True)
class CandleQuery:
    """Which candles: at most `limit` of those that open in `window`, the newest or the oldest of them.

    `origin` None is AUTO: per candle from trades where they are complete, else the venue's own, else from quotes.
    A `window` of None is all there is. With an `adjustment` prices and volumes are multiplied by the instrument's
    factors: each candle by its UTC day's, a wider one is made of adjusted days, one of other hours of adjusted pieces.
    """

    duration: Duration
    limit: int
    origin: CandleOrigin | None = None
    window: Window | None = None
    newest: bool = True
    adjustment: Adjustment = Adjustment.NONE
    coverage: bool = False
    """Whether each candle's coverage is asked for: it takes one more look at the database."""
    fill: Fill = Fill.OMIT
    hours: Hours = ALWAYS
    """What the candles are cut by. Other than `ALWAYS`, days as published are none of them: they cannot be cut."""

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise InvalidLimit(self.limit)
        if self.adjustment is Adjustment.NONE or self.hours != ALWAYS:
            return
        day = Interval.D1.duration
        if not (self.duration.divides(day) or day.divides(self.duration)):
            raise InvalidDuration(
                str(self.duration), "adjusted candles are whole days or divide a day: a factor changes from day to day"
            )


class TradePosition(NamedTuple):
    """Where a trade stands in its instrument's order: minute of its event time, then sequence."""

    minute: datetime
    sequence: int


class TradeRow(NamedTuple):
    """A trade as it is read: numbers as exact decimal text."""

    minute: datetime
    sequence: int
    price: str
    size: str
    side: Side
    ts: datetime
    received_at: datetime
    version: int
    """The commit that stored it."""
    instrument_id: InstrumentId


@dataclass(frozen=True, slots=True)
class TradeQuery:
    """Which trades: at most `limit` in `window`, strictly between `after` and `before`, the newest or the oldest."""

    limit: int
    window: Window | None = None
    after: TradePosition | None = None
    before: TradePosition | None = None
    newest: bool = True

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise InvalidLimit(self.limit)


class QuotePosition(NamedTuple):
    """Where a quote stands in its instrument's order: event time, then source."""

    ts: datetime
    source: str


@dataclass(frozen=True, slots=True)
class QuoteQuery:
    """Which quotes: at most `limit` in `window`, strictly between `after` and `before`, the newest or the oldest."""

    limit: int
    source: str | None = None
    window: Window | None = None
    after: QuotePosition | None = None
    before: QuotePosition | None = None
    newest: bool = True

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise InvalidLimit(self.limit)


@dataclass(frozen=True, slots=True)
class InstrumentFilter:
    """Which instruments: every field that is given must match. `search` is part of the key, the symbol or a name.

    Of a `source` is what its own venue trades, and what it has said quotes or days of.
    """

    venue: str | None = None
    base: str | None = None
    quote: str | None = None
    asset_class: AssetClass | None = None
    active: bool | None = None
    search: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """Which assets: every field that is given must match. `search` is part of the code or the name."""

    asset_class: AssetClass | None = None
    search: str | None = None
