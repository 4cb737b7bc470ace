"""Made-up trades at an even rate, for load: trade n happens at n ÷ rate after the beginning, whoever asks.

Price, size and side are closed-form functions of the seed, the instrument and n, in whole numbers only. So any range
costs as much as it has trades, wherever it lies, nothing is remembered, and every machine makes the same trades.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

from candlewick.domain.batch import DecimalColumn, TradeBatch
from candlewick.domain.errors import InvalidInput
from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import Window, microseconds
from candlewick.ports import Listing

Integers = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]

BEGINNING: Final = datetime(2017, 1, 1, tzinfo=UTC)
"""When trade 0 would have happened; the first one is trade 1."""
HIGHEST_RATE: Final = 1_000_000
"""Trades a second: above one a microsecond they would share their times."""
_SECOND_US: Final = 1_000_000
_SWINGS: Final = ((21_600, 64), (1_800, 256), (180, 1_024), (10, 4_096))
"""Seconds between the turning points of a swing, and which part of the price it reaches at most."""
_NOISE: Final = 2
"""Ticks that a trade may lie beside the swings, up or down."""
_LARGE: Final = 50
"""One trade in so many is as many times as large."""


@dataclass(frozen=True, slots=True)
class SteadilyTraded:
    """An instrument and the size of its numbers."""

    listing: Listing
    price: Decimal
    tick: Decimal
    lot: Decimal
    typical_lots: int


class InvalidRate(InvalidInput):
    """Trades cannot come at that rate."""

    def __init__(self, rate: int) -> None:
        super().__init__(f"{rate} trades a second cannot be made: give a whole number from 1 to {HIGHEST_RATE:,}")
        self.rate = rate


class SteadyMarket:
    """A Market in which every instrument has the same number of trades a second. Sequences begin at 1."""

    def __init__(self, source: str, traded: Sequence[SteadilyTraded], *, rate: int, seed: int) -> None:
        if not 1 <= rate <= HIGHEST_RATE:
            raise InvalidRate(rate)
        self._source = source
        self._traded = {each.listing.key: each for each in traded}
        self._rate = rate
        self._seed = seed

    @property
    def source(self) -> str:
        """See `Market.source`."""
        return self._source

    def listings(self) -> Sequence[Listing]:
        """See `Market.listings`."""
        return [replace(traded.listing, tick_size=traded.tick, lot_size=traded.lot) for traded in self._traded.values()]

    def trades(self, key: InstrumentKey, window: Window) -> TradeBatch:
        """See `Market.trades`."""
        first, end = self.sequence_at(key, window.start), self.sequence_at(key, window.end)
        return self.from_sequence(key, first, end - first)

    def sequence_at(self, key: InstrumentKey, moment: datetime) -> int:
        """The sequence of the first trade at or after the moment."""
        del key  # all have the same times
        elapsed = microseconds(moment) - microseconds(BEGINNING)
        return max(-(-elapsed * self._rate // _SECOND_US), 1)

    def from_sequence(self, key: InstrumentKey, first: int, limit: int) -> TradeBatch:
        """The `limit` trades from sequence `first` on, whenever they happen."""
        traded = self._traded[key]
        numbers = np.arange(first, first + limit, dtype=np.int64)
        chance = _scrambled(numbers, self._stream(key, 0))
        lots = (chance >> np.uint64(8)).astype(np.int64) % (2 * traded.typical_lots) + 1
        return TradeBatch(
            sequence=numbers,
            ts=microseconds(BEGINNING) + self._elapsed(numbers),
            price=_multiples(self._ticks(traded, numbers, chance), traded.tick),
            size=_multiples(np.where((chance >> np.uint64(1)) % _LARGE == 0, lots * _LARGE, lots), traded.lot),
            side=np.where(chance & np.uint64(1), 1, -1).astype(np.int8),
        )

    def _elapsed(self, numbers: Integers) -> Integers:
        """Microseconds since the beginning; in two parts, since their product would overflow one day."""
        seconds, rest = np.divmod(numbers, self._rate)
        elapsed: Integers = seconds * _SECOND_US + rest * _SECOND_US // self._rate
        return elapsed

    def _ticks(self, traded: SteadilyTraded, numbers: Integers, chance: Bits) -> Integers:
        level = int(traded.price / traded.tick)
        ticks = level + (chance >> np.uint64(40)).astype(np.int64) % (2 * _NOISE + 1) - _NOISE
        for index, (seconds, part) in enumerate(_SWINGS, start=1):
            stream = self._stream(traded.listing.key, index)
            ticks = ticks + _swing(numbers, seconds * self._rate, max(level // part, 1), stream)
        return np.maximum(ticks, 1)

    def _stream(self, key: InstrumentKey, index: int) -> int:
        """What makes one source of chance differ from another."""
        return (self._seed * 1_000_003 + crc32(str(key).encode())) * 8 + index


def _swing(numbers: Integers, width: int, reach: int, stream: int) -> Integers:
    """Straight lines between made-up heights within ±`reach`, one every `width` trades."""
    if not len(numbers):
        return numbers
    turn, way = np.divmod(numbers, width)
    begin = int(turn[0])
    nodes = np.arange(begin, int(turn[-1]) + 2, dtype=np.int64)
    heights = (_scrambled(nodes, stream) >> np.uint64(20)).astype(np.int64) % (2 * reach + 1) - reach
    at = turn - begin
    # 1,024 steps a line: exact products would overflow where the rate and the price are high
    share = way * 1_024 // width
    line: Integers = (heights[at] * (1_024 - share) + heights[at + 1] * share) // 1_024
    return line


def _scrambled(numbers: Integers, stream: int) -> Bits:
    """64 bits for each number that look like chance. SplitMix64: Steele, Lea, Flood, OOPSLA 2014, figure 16."""
    offset = np.uint64(stream * 0x9E3779B97F4A7C15 % 2**64)
    bits: npt.NDArray[Any] = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + offset
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    scrambled: Bits = bits ^ (bits >> np.uint64(31))
    return scrambled


def _multiples(counts: Integers, unit: Decimal) -> DecimalColumn:
    """So many units (ticks, lots) as decimals."""
    one = DecimalColumn.of([unit])
    return DecimalColumn(counts * one.coefficients[0], one.scale)
