"""Bars one by one, as the store takes them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import numpy as np

from candlewick.bars.columns import BarColumns, SumColumn
from candlewick.bars.state import OpenBar
from candlewick.domain.bar_series import NewBar
from candlewick.domain.time import from_microseconds


def new_bars(columns: BarColumns) -> Iterator[NewBar]:
    """The bars in order."""
    exact = (
        columns.open, columns.high, columns.low, columns.close,
        columns.volume, columns.quote_volume, columns.taker_buy_volume,
    )  # fmt: skip
    times = [map(from_microseconds, column.tolist()) for column in (columns.opened, columns.closed)]
    counts = [column.tolist() for column in (columns.trades, columns.first, columns.last)]
    return map(NewBar._make, zip(*times, *(column.decimals() for column in exact), *counts, strict=True))


def open_bar(bar: OpenBar) -> NewBar:
    """The bar that is not full yet, so far."""
    sums = bar.sums
    return NewBar(
        open_time=from_microseconds(bar.opened),
        close_time=from_microseconds(bar.seen),
        open=bar.open,
        high=bar.high,
        low=bar.low,
        close=bar.close,
        volume=_decimal(sums.size),
        quote_volume=_decimal(sums.value),
        taker_buy_volume=_decimal(sums.taker_buys),
        trade_count=sums.trades,
        first_sequence=bar.first,
        last_sequence=bar.last,
    )


def _decimal(number: Fraction) -> Decimal:
    """Rounded as those of full bars are."""
    [found] = SumColumn(np.array([number], dtype=object), 0).decimals()
    return found
