"""The market model: the same trades whoever asks, shaped like a market's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.batch import TradeBatch
from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import Window, microseconds
from candlewick.providers.demo.market import demo_market

KEY = InstrumentKey("demo", "BTC", "USD")
START = datetime(2026, 3, 1, 22, tzinfo=UTC)
SPAN = Window(START, START + timedelta(hours=4))
MARKET = demo_market(7)
WHOLE = MARKET.trades(KEY, SPAN)


def same(one: TradeBatch, other: TradeBatch) -> bool:
    return one.trades() == other.trades()


@given(st.sets(st.integers(1, 4 * 3600 * 1000 - 1), max_size=5))
def test_batches_cut_anywhere_are_the_same_trades(cuts: set[int]) -> None:
    moments = [START, *(START + timedelta(milliseconds=cut) for cut in sorted(cuts)), SPAN.end]
    parts = [MARKET.trades(KEY, Window(start, end)) for start, end in pairwise(moments)]
    joined = TradeBatch.concat(parts)
    assert np.array_equal(joined.sequence, WHOLE.sequence)
    assert np.array_equal(joined.ts, WHOLE.ts)
    assert np.array_equal(joined.price.coefficients, WHOLE.price.coefficients)


def test_the_same_seed_is_the_same_market_and_another_one_is_not() -> None:
    assert same(demo_market(7).trades(KEY, SPAN), WHOLE)
    assert not same(demo_market(8).trades(KEY, SPAN), WHOLE)


@pytest.mark.parametrize("listing", MARKET.listings(), ids=lambda listing: str(listing.key))
def test_sequences_have_no_holes_across_midnight_and_follow_time(listing: object) -> None:
    batch = MARKET.trades(getattr(listing, "key", KEY), SPAN)
    assert (np.diff(batch.sequence) == 1).all()
    assert (np.diff(batch.ts) >= 0).all()


def test_every_trade_lies_in_its_window_and_is_above_zero() -> None:
    assert WHOLE.ts.min() >= microseconds(SPAN.start)
    assert WHOLE.ts.max() < microseconds(SPAN.end)
    assert WHOLE.price.coefficients.min() > 0
    assert WHOLE.size.coefficients.min() > 0


def test_a_day_has_its_number_of_trades() -> None:
    midnight = START.replace(hour=0)
    assert len(MARKET.trades(KEY, Window(midnight, midnight + timedelta(days=1)))) == 90_000


def test_prices_and_sizes_are_whole_ticks_and_lots() -> None:
    assert (WHOLE.price.scale, WHOLE.size.scale) == (2, 5)


def test_it_has_bursts_both_sides_and_fat_tails() -> None:
    assert (np.diff(WHOLE.ts) == 0).sum() > len(WHOLE) / 10
    assert 0.4 < (WHOLE.side == 1).mean() < 0.6
    sizes = WHOLE.size.coefficients
    assert sizes.max() > 30 * int(np.median(sizes))


def test_prices_move_but_do_not_jump_at_midnight() -> None:
    prices = WHOLE.price.coefficients
    assert prices.max() > prices.min()
    assert np.abs(np.diff(prices)).max() < prices[0] // 100


def test_trades_by_sequence_are_those_by_time() -> None:
    first = MARKET.sequence_at(KEY, SPAN.start)

    assert first == WHOLE.sequence[0]
    assert same(MARKET.from_sequence(KEY, first, len(WHOLE)), WHOLE)


def test_sequences_begin_at_one() -> None:
    assert MARKET.from_sequence(KEY, 1, 3).sequence.tolist() == [1, 2, 3]
