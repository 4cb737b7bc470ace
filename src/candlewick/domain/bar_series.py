"""Series of event bars: what is asked for, what was built of it, and bars as they are written and read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple, NewType

from candlewick.domain.bar import EventBarSpec
from candlewick.domain.candle import CandleOrigin, CandleStatus
from candlewick.domain.coverage import Coverage
from candlewick.domain.errors import EmptyWindow, InvalidLimit
from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.domain.time import Window, utc

SeriesId = NewType("SeriesId", int)

MOST_SERIES: Final = 100
"""That one instrument may have: each is carried on with every trade."""


@dataclass(frozen=True, slots=True)
class BuildBarsRequest:
    """Bars to be built of some instruments.

    They begin with the first trade at `start` or later, or with the first there is. They end before `end`, or are
    carried on as trades come. What was built before is gone on with; `restart` builds it anew.
    """

    instruments: Sequence[InstrumentKey]
    spec: EventBarSpec
    start: datetime | None = None
    end: datetime | None = None
    restart: bool = False

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            moment = getattr(self, name)
            object.__setattr__(self, name, None if moment is None else utc(moment))
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise EmptyWindow(self.start, self.end)


@dataclass(frozen=True, slots=True)
class BarSeries:
    """Bars of one instrument and spec, as far as they are built."""

    id: SeriesId
    instrument_id: InstrumentId
    spec: EventBarSpec
    start: datetime | None = None
    """Trades before it do not count; None: all do."""
    end: datetime | None = None
    """Neither do those from here on; None: the series is carried on as trades come."""
    bars: int = 0
    """That are full."""
    reached: datetime | None = None
    """The minute of the last trade that was taken; None before the first."""
    ready: bool = False
    """Whether it was once built up to its end, or up to all trades there were: from then on workers carry it on."""
    error: str | None = None
    """Why it is carried on no more; bars that are there stay right as far as they go."""


class NewBar(NamedTuple):
    """A bar on its way into the store, exact; parts of split trades are rounded half up to 18 decimal places."""

    open_time: datetime
    close_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    taker_buy_volume: Decimal
    trade_count: int
    first_sequence: int
    last_sequence: int


class Bar(NamedTuple):
    """A bar as it is read: what a candle has, under the same names. Numbers are exact decimal text.

    `open_time` is its first trade's, `close_time` its last one's, which belongs to it. The bar that is not full yet
    is PROVISIONAL.
    """

    open_time: datetime
    close_time: datetime
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote_volume: str
    vwap: str | None
    trade_count: int
    taker_buy_volume: str
    origin: CandleOrigin
    status: CandleStatus
    number: int
    """Its place in its series, from 0."""
    first_sequence: int
    last_sequence: int
    coverage: Coverage | None = None
    """Only where the query asks for it."""


class BarPosition(NamedTuple):
    """Where a bar stands in its series as it is read: split trades open several bars at one moment."""

    open_time: datetime
    number: int


@dataclass(frozen=True, slots=True)
class BarQuery:
    """Which bars: at most `limit` that open in `window`, strictly between `after` and `before`, newest or oldest."""

    spec: EventBarSpec
    limit: int
    window: Window | None = None
    after: BarPosition | None = None
    before: BarPosition | None = None
    newest: bool = True
    coverage: bool = False

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise InvalidLimit(self.limit)
