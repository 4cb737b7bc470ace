"""Columns of trades: exact, whatever their scales and sizes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.batch import DecimalColumn, TradeBatch
from candlewick.domain.market import Side, Trade

NUMBERS = st.one_of(
    st.decimals(-(10**12), 10**12, places=8),
    st.decimals(allow_nan=False, allow_infinity=False).filter(lambda value: abs(value.adjusted()) < 90),
    st.sampled_from(
        [Decimal("0." + "0" * 70 + "123456789012345"), Decimal("1.42e29"), Decimal("-0"), Decimal(2**63 - 1)]
    ),
)
ABOVE_ZERO = st.decimals("0.00000001", 10**30, allow_nan=False, allow_infinity=False)
TRADES = st.builds(
    Trade,
    sequence=st.integers(-(2**63), 2**63 - 1),
    price=ABOVE_ZERO,
    size=ABOVE_ZERO,
    side=st.sampled_from(Side),
    ts=st.datetimes(datetime(2009, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)


@given(st.lists(NUMBERS, max_size=6))
def test_decimals_go_through_a_column_unchanged(values: list[Decimal]) -> None:
    assert DecimalColumn.of(values).decimals() == values


@given(st.lists(st.lists(NUMBERS, max_size=4), max_size=4))
def test_columns_are_joined_exactly(lists: list[list[Decimal]]) -> None:
    joined = DecimalColumn.concat([DecimalColumn.of(values) for values in lists])
    assert joined.decimals() == [value for values in lists for value in values]


def test_numbers_that_fit_stay_machine_integers() -> None:
    fine, coarse = DecimalColumn.of([Decimal("0.00000001")]), DecimalColumn.of([Decimal(61837)])
    assert DecimalColumn.concat([fine, coarse]).coefficients.dtype == np.int64


@given(st.lists(TRADES, max_size=6))
def test_trades_go_through_a_batch_unchanged(trades: list[Trade]) -> None:
    assert TradeBatch.of(trades).trades() == trades


@given(st.lists(TRADES, max_size=4), st.lists(TRADES, max_size=4))
def test_batches_are_joined_exactly(one: list[Trade], other: list[Trade]) -> None:
    assert TradeBatch.concat([TradeBatch.of(one), TradeBatch.of(other)]).trades() == one + other


@given(st.lists(TRADES, min_size=1, max_size=6))
def test_a_window_is_the_whole_minutes_around_the_trades(trades: list[Trade]) -> None:
    window = TradeBatch.of(trades).window()
    first, last = min(trade.ts for trade in trades), max(trade.ts for trade in trades)
    assert window.start == first.replace(second=0, microsecond=0)
    assert window.end == last.replace(second=0, microsecond=0) + timedelta(minutes=1)
