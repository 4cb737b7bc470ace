"""Event bars: by their definition, whatever the batches, restarts, scales and splits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.bars import builder as builders
from candlewick.bars.builder import BarBuilder
from candlewick.bars.state import BarState
from candlewick.domain.bar import BarMeasure, BarRule, EventBarSpec, Expectation
from candlewick.domain.batch import TradeBatch
from candlewick.domain.errors import NoRoomForBars, TooManyBars, TradesOutOfOrder
from candlewick.domain.market import Side, Trade
from unit.bars.exact import ExactBar, added_up, built, unfinished

ORIGIN = datetime(2024, 8, 8, tzinfo=UTC)


def trade(sequence: int, price: str = "10", size: str = "1", side: Side = Side.BUY) -> Trade:
    return Trade(sequence, Decimal(price), Decimal(size), side, ORIGIN + timedelta(seconds=sequence))


def specs() -> st.SearchStrategy[EventBarSpec]:
    def spec(measure: BarMeasure, rule: BarRule, threshold: Decimal, split: bool) -> EventBarSpec:
        ticks = measure is BarMeasure.TICK
        wanted = threshold.to_integral_value() + 1 if ticks else threshold
        return EventBarSpec(measure, wanted, rule, split and not ticks)

    threshold = st.decimals(Decimal("0.5"), Decimal(60), places=2)
    return st.builds(spec, st.sampled_from(BarMeasure), st.sampled_from(BarRule), threshold, st.booleans())


@st.composite
def tapes(draw: st.DrawFn) -> list[list[Trade]]:
    """Trades in order, in batches; prices and sizes of any number of places, some beyond 64 bits."""
    large = draw(st.sampled_from(["", "", "0000000000"]))
    numbers = st.sampled_from(["1", "2.5", "3.25", "0.125", "7" + large, "0.0000001"])
    prices = st.sampled_from(["10", "10.5", "9.75", "11" + large, "10.00"])
    count = draw(st.integers(0, 40))
    rows = [
        trade(3 * number, draw(prices), draw(numbers), draw(st.sampled_from(Side))) for number in range(1, count + 1)
    ]
    cuts = sorted({0, count, *draw(st.lists(st.integers(0, count), max_size=4))})
    return [rows[start:end] for start, end in pairwise(cuts)]


def by_turns(spec: EventBarSpec, batches: Sequence[Sequence[Trade]]) -> tuple[list[ExactBar], ExactBar | None]:
    """Each batch by a builder that only knows what the one before wrote down."""
    found, state = [], BarState()
    for batch in batches:
        builder = BarBuilder(spec, BarState.loads(state.dumps()))
        found += built(builder, batch)
        state = builder.state
    return found, unfinished(BarBuilder(spec, state))


@given(specs(), tapes())
def test_bars_are_what_their_definition_says(spec: EventBarSpec, batches: list[list[Trade]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builders, "MOST_OF_A_TRADE", 50)
        try:
            found = by_turns(spec, batches)
        except TooManyBars:
            assert spec.split
            return
    assert found == added_up(spec, [trade for batch in batches for trade in batch])


@given(tapes(), st.sampled_from([BarRule.IMBALANCE, BarRule.RUNS]), st.sampled_from(BarMeasure), st.integers(1, 9))
def test_expectations_are_the_same_whatever_the_batches(
    batches: list[list[Trade]], rule: BarRule, measure: BarMeasure, span: int
) -> None:
    spec = EventBarSpec(measure, Decimal(3), rule, expectation=Expectation(span, 2, 5))
    together = [trade for batch in batches for trade in batch]

    assert by_turns(spec, batches) == by_turns(spec, [together]) == by_turns(spec, [[each] for each in together])


def test_sums_over_many_trades_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builders, "AT_ONCE", 7)
    spec = EventBarSpec(BarMeasure.VALUE, Decimal("1000.1"))
    rows = [trade(number, "0.1", "123.456789", Side.SELL) for number in range(1, 2_001)]

    assert by_turns(spec, [rows]) == added_up(spec, rows)


def test_the_threshold_follows_what_was_seen() -> None:
    """The first bar has 4 trades of which each bought 1: 4 · 1 is expected of the second, and so on."""
    spec = EventBarSpec(BarMeasure.VOLUME, Decimal(4), BarRule.IMBALANCE, expectation=Expectation(1, 2, 100))
    found, _ = by_turns(spec, [[trade(n, size="1" if n <= 4 else "2") for n in range(1, 11)]])

    # Of the next bar's trades each bought 2, so it is full after two, and the one after it expects 2 · 2.
    assert [bar.trades for bar in found] == [4, 2, 2, 2]


def test_the_expected_length_keeps_within_its_bounds() -> None:
    ticks = [trade(number, side=Side.BUY) for number in range(1, 61)]
    for fewest, most, wanted in ((10, 20, 10), (1, 2, 2)):
        spec = EventBarSpec(BarMeasure.TICK, Decimal(5), BarRule.RUNS, expectation=Expectation(3, fewest, most))
        found, _ = by_turns(spec, [ticks])
        assert {bar.trades for bar in found[1:]} == {wanted}


def test_a_market_of_which_nothing_is_expected_goes_on_with_the_threshold_of_the_spec() -> None:
    spec = EventBarSpec(BarMeasure.TICK, Decimal(2), BarRule.RUNS, expectation=Expectation(1, 1, 9))
    rows = [trade(1), trade(2), trade(3, side=Side.SELL), trade(4, side=Side.SELL), trade(5, side=Side.SELL)]
    assert [bar.trades for bar in by_turns(spec, [rows])[0]] == [2, 2]


def test_a_trade_that_fills_many_bars_is_cut_into_as_many() -> None:
    spec = EventBarSpec(BarMeasure.VALUE, Decimal(3), split=True)
    found, rest = by_turns(spec, [[trade(1, "7", "2")]])

    assert [(bar.volume, bar.quote_volume, bar.trades) for bar in found] == [(Fraction(3, 7), Fraction(3), 1)] * 4
    assert rest is not None
    assert (rest.quote_volume, rest.volume) == (Fraction(2), Fraction(2, 7))


def test_a_trade_that_would_be_cut_into_too_many_bars_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builders, "MOST_OF_A_TRADE", 100)
    builder = BarBuilder(EventBarSpec(BarMeasure.VOLUME, Decimal("0.001"), split=True))
    with pytest.raises(TooManyBars, match="trade 2 alone would fill more than 100 bars"):
        built(builder, [trade(1, size="0.0005"), trade(2)])
    assert builder.state == BarState(), "nothing of a batch that cannot be built is taken"


@pytest.mark.parametrize("sequences", [(2, 1), (1, 1), (5, 6, 6)])
def test_trades_out_of_order_are_refused(sequences: tuple[int, ...]) -> None:
    with pytest.raises(TradesOutOfOrder, match="in the order of the sequence"):
        built(BarBuilder(EventBarSpec(BarMeasure.TICK, Decimal(2))), [trade(number) for number in sequences])


def test_a_trade_that_was_taken_before_is_refused() -> None:
    builder = BarBuilder(EventBarSpec(BarMeasure.TICK, Decimal(2)))
    built(builder, [trade(-5), trade(7)])
    with pytest.raises(TradesOutOfOrder, match="trade 7 comes after trade 7"):
        builder.take(TradeBatch.of([trade(7)]))


def test_sums_without_an_end_are_rounded_half_up_to_18_places() -> None:
    builder = BarBuilder(EventBarSpec(BarMeasure.VALUE, Decimal(2), split=True))
    [columns] = builder.take(TradeBatch.of([trade(1, "3", "1")]))

    assert columns.volume.decimals() == [Decimal("0.666666666666666667")]
    assert columns.quote_volume.decimals() == [Decimal(2)]


def test_only_one_trade_alone_can_be_cut_into_too_many_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builders, "MOST_OF_A_TRADE", 10)
    spec = EventBarSpec(BarMeasure.VOLUME, Decimal(1), split=True)
    rows = [trade(number, size="2") for number in range(1, 31)]

    assert len(by_turns(spec, [rows])[0]) == len(by_turns(spec, [[each] for each in rows])[0]) == 60
    with pytest.raises(TooManyBars, match="trade 1 alone would fill more than 10 bars"):
        BarBuilder(spec).take(TradeBatch.of([trade(1, size="20")]))


def test_bars_that_there_is_no_room_for_are_not_made() -> None:
    spec = EventBarSpec(BarMeasure.VOLUME, Decimal(1), split=True)
    rows = TradeBatch.of([trade(number, size="4") for number in range(1, 4)])

    assert sum(map(len, BarBuilder(spec).take(rows, 12))) == 12
    with pytest.raises(NoRoomForBars, match="trade 3 fills a bar"):
        BarBuilder(spec).take(rows, 11)
