"""Made-up trades that look like a market's: volatility in clusters, a rhythm of the day, bursts, fat-tailed sizes.

A day of an instrument is a function of the seed, the instrument and the date alone. So the same seed gives the same
trades whatever the window, the batch and the moment it is asked, and a market that is stopped goes on where it would
have been. Floats make the prices up; what leaves are whole ticks and lots.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate
from typing import Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

from candlewick.domain.batch import MINUTE_US, DecimalColumn, TradeBatch
from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import EARLIEST, Window, microseconds
from candlewick.ports import Listing

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_DAY_US: Final = 1440 * MINUTE_US
_LATEST_DAY: Final = 40_000
_MEMORY: Final = 400
"""Days until a shock to the price is forgotten: it stays around where it began."""
_DECAY: Final = 0.985
_LARGEST_BURST: Final = 80
_FLIP: Final = 0.35
"""How often the aggressor's side changes from one moment to the next; half of the time would be a coin's."""


@dataclass(frozen=True, slots=True)
class Traded:
    """An instrument of the model and its character."""

    listing: Listing
    price: Decimal
    tick: Decimal
    lot: Decimal
    trades_a_day: int
    daily_volatility: float
    typical_lots: int


class MarketModel:
    """A Market of made-up trades. Every day has the same number of them, so that sequences have no holes."""

    def __init__(self, source: str, traded: Sequence[Traded], seed: int) -> None:
        self._source = source
        self._traded = {each.listing.key: each for each in traded}
        self._seed = seed
        self._day = lru_cache(maxsize=2 * len(traded))(self._make_day)

    @property
    def source(self) -> str:
        """See `Market.source`."""
        return self._source

    def listings(self) -> Sequence[Listing]:
        """See `Market.listings`."""
        return [replace(traded.listing, tick_size=traded.tick, lot_size=traded.lot) for traded in self._traded.values()]

    def trades(self, key: InstrumentKey, window: Window) -> TradeBatch:
        """See `Market.trades`."""
        days = [self._within(key, part) for part in window.days()]
        return TradeBatch.concat(days)

    def from_sequence(self, key: InstrumentKey, first: int, limit: int) -> TradeBatch:
        """The `limit` (at least one) trades from sequence `first` on, whenever they happen. Sequences begin at 1."""
        count = self._traded[key].trades_a_day
        end, parts = first + limit, []
        while first < end:
            number, position = divmod(first - 1, count)
            parts.append(self._day(key, number)[position : position + end - first])
            first += len(parts[-1])
        return TradeBatch.concat(parts)

    def sequence_at(self, key: InstrumentKey, moment: datetime) -> int:
        """The sequence of the first trade at or after the moment, which is not before 2009."""
        number = _day_number(moment)
        position = np.searchsorted(self._day(key, number).ts, microseconds(moment))
        return number * self._traded[key].trades_a_day + int(position) + 1

    def _within(self, key: InstrumentKey, window: Window) -> TradeBatch:
        """The trades of a window that lies in one day."""
        day = self._day(key, _day_number(window.start))
        first, end = np.searchsorted(day.ts, [microseconds(window.start), microseconds(window.end)])
        return day[slice(int(first), int(end))]

    def _make_day(self, key: InstrumentKey, number: int) -> TradeBatch:
        traded = self._traded[key]
        count = traded.trades_a_day
        random = self._random(key, number)
        activity = _activity(random)
        burst, position = _bursts(random, count)
        moments = _moments(random, activity, int(burst[-1]) + 1)
        path = _path(
            random, activity[moments // MINUTE_US], self._level(traded, number), self._level(traded, number + 1)
        )
        side = np.where(np.cumsum(random.random(len(moments)) < _FLIP) % 2, 1, -1)[burst]
        ticks = np.rint(np.exp(path) * float(traded.price / traded.tick)).astype(np.int64)[burst]
        lots = np.minimum(random.pareto(1.4, count) * traded.typical_lots / 2, 1e9).astype(np.int64) + 1
        return TradeBatch(
            sequence=number * count + np.arange(1, count + 1, dtype=np.int64),
            ts=microseconds(EARLIEST) + number * _DAY_US + moments[burst],
            price=_multiples(np.maximum(ticks + side * (1 + position // 4), 1), traded.tick),
            size=_multiples(lots, traded.lot),
            side=side.astype(np.int8),
        )

    def _level(self, traded: Traded, number: int) -> float:
        """The logarithm of the price at that midnight, over where it began: a walk that is drawn home."""
        shocks = self._random(traded.listing.key, _LATEST_DAY + 1).standard_normal(_LATEST_DAY)
        recent = shocks[max(number - _MEMORY, 0) : number][::-1]
        return float(recent @ _DECAY ** np.arange(len(recent))) * traded.daily_volatility

    def _random(self, key: InstrumentKey, stream: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, crc32(str(key).encode()), stream])


def _day_number(moment: datetime) -> int:
    return (moment - EARLIEST).days


def _activity(random: np.random.Generator) -> Floats:
    """How busy each minute of the day is: most around 08:00 and 14:30 UTC, in clusters."""
    hours = np.arange(1440) / 60
    rhythm = 0.5 + np.exp(-(((hours - 8) / 2) ** 2)) + 1.5 * np.exp(-(((hours - 14.5) / 2.5) ** 2))
    shocks = random.standard_normal(1440) * 0.2
    clusters = np.fromiter(accumulate(shocks, lambda state, shock: 0.96 * state + shock), dtype=np.float64)
    activity: Floats = rhythm * np.exp(clusters)
    return activity


def _bursts(random: np.random.Generator, count: int) -> tuple[Integers, Integers]:
    """For each trade the burst it belongs to, and its position there. Most bursts are one trade."""
    sizes = np.minimum(random.zipf(2.1, count), _LARGEST_BURST)
    burst = np.repeat(np.arange(count), sizes)[:count]
    starts = np.cumsum(sizes) - sizes
    return burst, np.arange(count) - starts[burst]


def _moments(random: np.random.Generator, activity: Floats, count: int) -> Integers:
    """When in the day something happens, in microseconds, in order; more often in busy minutes."""
    share = np.concatenate([[0.0], np.cumsum(activity) / activity.sum()])
    minutes = np.interp(np.sort(random.random(count)), share, np.arange(1441))
    moments: Integers = np.minimum((minutes * MINUTE_US).astype(np.int64), _DAY_US - 1)
    return moments


def _path(random: np.random.Generator, activity: Floats, start: float, end: float) -> Floats:
    """Logarithms of the price from `start` to `end`: a walk with wider steps when it is busy, bent to arrive."""
    steps = random.standard_normal(len(activity)) * np.sqrt(activity)
    walk = np.cumsum(steps) / math.sqrt(float(np.sum(activity)))
    way = np.arange(1, len(walk) + 1) / len(walk)
    spread = max(abs(end - start), 0.01) * 0.7
    bridge = (walk - walk[-1] * way) * spread
    path: Floats = start + (end - start) * way + bridge
    return path


def _multiples(counts: Integers, unit: Decimal) -> DecimalColumn:
    """So many units (ticks, lots) as decimals."""
    one = DecimalColumn.of([unit])
    return DecimalColumn(counts * one.coefficients[0], one.scale)
