"""Indicators kept ready in tests: a market minute by minute, a keeper, and what the batch computation says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import numpy as np

from candlewick.domain.indicator import Indicator
from candlewick.domain.interval import Interval
from candlewick.domain.job import Lease
from candlewick.domain.kept import KeptPoint
from candlewick.domain.market import Instrument, Side, Trade
from candlewick.domain.page import CandleQuery
from candlewick.domain.time import Window, from_microseconds
from candlewick.indicators.compute import compute
from candlewick.indicators.rules import parse_indicator
from candlewick.indicators.series import COLUMNS, CandleSeries
from candlewick.indicators.stepping import step
from candlewick.pipeline.kept import Keeper, KeptParts
from candlewick.storage.candles import Candles
from candlewick.storage.commit_log import StoredCommits
from candlewick.storage.engine import Database
from candlewick.storage.kept import KeptIndicators
from candlewick.storage.leases import StoredLeases
from candlewick.storage.trades import Trades
from markets import FrozenClock, delivery, new_instrument
from working import HOUR

BEGINNING = datetime(2025, 6, 2, tzinfo=UTC)
LATENESS = timedelta(seconds=5)
MINUTE = timedelta(minutes=1)
EVERYTHING = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
ALL_KINDS = ("sma(length=3)", "ema(length=2)", "rsi(length=2)", "obv", "supertrend(length=2)", "psar", "vwap")
"""What looks back on a few candles, what forgets slowly, and what remembers everything."""


@dataclass
class Desk:
    """An instrument whose indicators of minutes are kept."""

    database: Database
    instrument: Instrument
    lease: Lease
    clock: FrozenClock
    wanted: Mapping[Interval, Sequence[Indicator]]
    keeper: Keeper = field(init=False)
    sequence: int = 0

    def __post_init__(self) -> None:
        self.restart()

    @property
    def store(self) -> KeptIndicators:
        return KeptIndicators(self.database)

    @property
    def candles(self) -> Candles:
        return Candles(self.database, self.clock, LATENESS)

    def restart(self, store: KeptIndicators | None = None) -> None:
        """As a worker that knows nothing but what is stored."""
        commits = StoredCommits(self.database)
        parts = KeptParts(store or self.store, self.candles, commits, self.clock, LATENESS, step)
        self.keeper = Keeper(parts, self.lease)

    async def trade(self, minute: int, price: str, size: str = "1") -> None:
        """A trade within that minute since the beginning."""
        self.sequence += 1
        ts = BEGINNING + minute * MINUTE + timedelta(seconds=10)
        await self.take([Trade(self.sequence, Decimal(price), Decimal(size), Side.BUY, ts)])

    async def take(self, trades: Sequence[Trade]) -> None:
        await Trades(self.database, LATENESS).insert(delivery(self.instrument, trades, self.clock.now()))

    async def walk(self, minutes: range, seed: int = 1) -> None:
        """Some trades of each minute, at prices that wander."""
        random, price, trades = Random(seed), Decimal(100), list[Trade]()
        for minute in minutes:
            for second in sorted(random.sample(range(60), random.randint(1, 3))):
                price += Decimal(random.randint(-20, 20)) / 10
                self.sequence += 1
                ts = BEGINNING + minute * MINUTE + timedelta(seconds=second)
                trades.append(Trade(self.sequence, price, Decimal(random.randint(1, 9)), Side.SELL, ts))
        await self.take(trades)

    def close(self, minute: int) -> None:
        """From now on that minute has closed."""
        self.clock.moment = BEGINNING + (minute + 1) * MINUTE + LATENESS

    async def look(self, minute: int) -> None:
        """All that is due once that minute has closed."""
        self.close(minute)
        while await self.keeper.look({self.instrument.id: self.wanted}):
            pass

    async def stored(self, interval: Interval = Interval.M1) -> dict[str, Sequence[KeptPoint]]:
        found = await self.store.of_instrument(self.instrument.id, str(interval.duration))
        pages = await self.store.read([each.id for each in found.values()], EVERYTHING, 100_000)
        return {name: pages[each.id].points for name, each in found.items()}

    async def expected(self, interval: Interval = Interval.M1) -> dict[str, list[KeptPoint]]:
        """By the batch computation over all closed candles."""
        closed = interval.duration.floor(self.clock.now() - LATENESS)
        query = CandleQuery(interval.duration, 100_000, window=Window(EVERYTHING.start, closed))
        columns = (await self.candles.read_columns([self.instrument.id], query, COLUMNS))[self.instrument.id]
        return {each.id: batch(CandleSeries.of(columns), each) for each in self.wanted[interval]}

    async def check(self, interval: Interval = Interval.M1) -> None:
        """What is stored is what the batch computation says: to the bit where the same recursion runs."""
        stored, expected = await self.stored(interval), await self.expected(interval)
        assert stored.keys() == expected.keys()
        for name, points in expected.items():
            assert [(p.open_time, p.stable) for p in stored[name]] == [(p.open_time, p.stable) for p in points], name
            exact = parse_indicator(name).spec.memory == "WHOLE"
            np.testing.assert_allclose(
                _numbers(stored[name]), _numbers(points), rtol=0 if exact else 1e-9, atol=0 if exact else 1e-9
            )


async def desk_of(database: Database, *indicators: str, interval: Interval = Interval.M1) -> Desk:
    """Of a new instrument, with a lease."""
    instrument = await new_instrument(database)
    lease = await StoredLeases(database).acquire(f"indicators/{instrument.key}", "test", HOUR)
    assert lease is not None
    wanted = {interval: [parse_indicator(each) for each in indicators or ALL_KINDS]}
    return Desk(database, instrument, lease, FrozenClock(BEGINNING), wanted)


def batch(candles: CandleSeries, indicator: Indicator) -> list[KeptPoint]:
    """All of a series at once."""
    if len(candles) < indicator.spec.first(indicator.parameters):
        opens = map(from_microseconds, candles.open_time.tolist())
        return [KeptPoint(opened, [None for _ in indicator.spec.outputs], stable=False) for opened in opens]
    found = compute(candles, indicator.spec, indicator.parameters)
    rows = zip(*(output.tolist() for output in found.outputs), strict=True)
    return [
        KeptPoint(from_microseconds(int(opened)), [None if np.isnan(v) else v for v in row], place >= found.stable_from)
        for place, (opened, row) in enumerate(zip(candles.open_time, rows, strict=True))
    ]


def _numbers(points: Sequence[KeptPoint]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.array([list(point.values) for point in points], dtype=np.float64)
