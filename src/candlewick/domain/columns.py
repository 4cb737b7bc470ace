"""Candles as columns: what plots and data frames want, without an object a candle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from candlewick.domain.candle import CandleOrigin, CandleStatus
from candlewick.domain.coverage import Coverage

NUMBERS: Final = ("open", "high", "low", "close", "volume", "quote_volume", "vwap", "taker_buy_volume")
"""The columns that are decimals, as `Candle` names them."""


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """Which of `NUMBERS` are wanted as exact text, and which as floats. The other columns always come."""

    exact: frozenset[str] = frozenset(NUMBERS)
    floats: frozenset[str] = frozenset()


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
    """Whether there are more candles in the direction that was read."""
