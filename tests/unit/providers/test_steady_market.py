"""The steady market: any range, the same trades, exactly at their times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.batch import TradeBatch
from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import Window, from_microseconds, microseconds
from candlewick.providers.steady_market import BEGINNING, InvalidRate
from simulated import load_market

KEY = InstrumentKey("binance", "BTC", "USDT")
MARKET = load_market(rate=700)
FIRST = MARKET.sequence_at(KEY, datetime(2026, 1, 1, tzinfo=UTC))
WHOLE = MARKET.from_sequence(KEY, FIRST, 5_000)


@given(st.integers(0, 4_999), st.integers(1, 500))
def test_any_range_is_part_of_the_same_trades(start: int, limit: int) -> None:
    batch = MARKET.from_sequence(KEY, FIRST + start, limit)[slice(0, 5_000 - start)]

    assert batch.trades() == WHOLE[slice(start, start + limit)].trades()


def test_a_trade_happens_at_its_number_by_the_rate() -> None:
    expected = [microseconds(BEGINNING) + number * 1_000_000 // 700 for number in WHOLE.sequence.tolist()]

    assert WHOLE.ts.tolist() == expected


@given(st.integers(0, 4_998), st.integers(-1, 1))
def test_the_sequence_at_a_moment_is_the_first_trade_from_there_on(index: int, off: int) -> None:
    moment = int(WHOLE.ts[index]) + off

    found = MARKET.sequence_at(KEY, from_microseconds(moment))

    assert found == int(WHOLE.sequence[np.searchsorted(WHOLE.ts, moment)])


def test_a_window_has_the_trades_of_its_time() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)

    assert len(MARKET.trades(KEY, Window(start, start + timedelta(seconds=3)))) == 2_100


def test_before_the_beginning_there_is_nothing() -> None:
    start = datetime(2016, 1, 1, tzinfo=UTC)

    assert len(MARKET.trades(KEY, Window(start, start + timedelta(days=1)))) == 0


def test_the_price_moves_but_stays_near_where_it_was() -> None:
    prices = load_market(rate=1).from_sequence(KEY, 1, 300_000).price.coefficients

    assert 0.97 * 6_100_000 < prices.min() < prices.max() < 1.03 * 6_100_000
    assert prices.max() - prices.min() > 20_000
    assert np.abs(np.diff(prices)).max() < 10_000


def test_both_sides_trade_and_some_trades_are_large() -> None:
    assert 0.45 < (WHOLE.side == 1).mean() < 0.55
    assert WHOLE.size.coefficients.max() > 20 * np.median(WHOLE.size.coefficients)
    assert WHOLE.size.coefficients.min() > 0


def test_the_highest_rate_stays_exact() -> None:
    market = load_market(rate=1_000_000)
    first = market.sequence_at(KEY, datetime(2040, 1, 1, tzinfo=UTC))

    assert np.diff(market.from_sequence(KEY, first, 1_000).ts).tolist() == [1] * 999


@pytest.mark.parametrize("rate", [0, -5, 1_000_001])
def test_a_rate_that_cannot_be_is_refused(rate: int) -> None:
    with pytest.raises(InvalidRate, match="from 1 to 1,000,000"):
        load_market(rate=rate)


def test_an_empty_range_is_an_empty_batch() -> None:
    assert isinstance(MARKET.from_sequence(KEY, FIRST, 0), TradeBatch)
