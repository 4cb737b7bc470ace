"""Candles as columns: what plots and data frames want, without an object a candle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from candlewick.domain.candle import CandleOrigin, CandleStatus
from candlewick.domain.coverage import Coverage

NUMBERS: Final = ("open", "high", "low", "close", "volume", "quote_volume", "vwap", "taker_buy_volume")
"""The columns that are decimals, as `Candle` names them."""
OTHERS: Final = ("open_time", "close_time", "trade_count", "status", "origin")
"""The others, but `coverage`, which queries ask for by themselves."""


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """Which of `NUMBERS` are wanted as exact text, which as floats, and which of `OTHERS`; more may come."""

    exact: frozenset[str] = frozenset(NUMBERS)
    floats: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset(OTHERS)


@dataclass(frozen=True, slots=True)
class WrittenColumns:
    """The columns that were wanted, each as a JSON array. An exact number is text there, a float is a number."""

    exact: Mapping[str, str]
    floats: Mapping[str, str]
    others: Mapping[str, str]
    first: int
    last: int
    """The first and the last open time."""


@dataclass(frozen=True, slots=True)
class CandleColumns:
    """Candles in order of time: the n-th element of each column is of the n-th candle.

    `open_time` and `close_time` are milliseconds since 1970. A float is the nearest one to the exact number.
    """

    open_time: Sequence[int] = ()
    close_time: Sequence[int] = ()
    exact: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    floats: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    trade_count: Sequence[int | None] = ()
    status: Sequence[CandleStatus] = ()
    origin: Sequence[CandleOrigin] = ()
    coverage: Sequence[Coverage] = ()
    """Empty unless the query asks for it."""
    more: bool = False
    written: WrittenColumns | None = None
    """In place of all columns, where the store writes them."""
    """Whether there are more candles in the direction that was read."""

    @property
    def ends(self) -> tuple[int, int] | None:
        """The first and the last open time; None of no candles."""
        if self.written is not None:
            return self.written.first, self.written.last
        return (self.open_time[0], self.open_time[-1]) if self.open_time else None
