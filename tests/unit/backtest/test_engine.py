"""The engine's rules, each on a handful of candles that can be reckoned by hand."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from candlewick.backtest.engine import Run, trade
from candlewick.backtest.tape import Tape
from candlewick.domain.backtest import (
    AccountRules,
    AtEnd,
    Direction,
    ExitReason,
    FillAt,
    Sizing,
    SizingKind,
)
from unit.backtest.days import tape_of
from unit.backtest.independent import Day

FREE = AccountRules(
    capital=Decimal(1000), fee=Decimal(0), slippage=Decimal(0), direction=Direction.BOTH, lot=Decimal(1)
)


def candles(*pairs: tuple[str, str]) -> Tape:
    """Of (open, close)."""
    prices = [(Decimal(opened), Decimal(close)) for opened, close in pairs]
    days = [Day(opened, max(opened, close), min(opened, close), close) for opened, close in prices]
    return tape_of(days, [number * 60_000_000 for number in range(len(days))], 60_000_000)


def ran(tape: Tape, sides: Sequence[int], **changes: Any) -> Run:
    fields = {name: getattr(FREE, name) for name in AccountRules.__dataclass_fields__} | changes
    return trade(tape, np.array(sides, dtype=np.int8), AccountRules(**fields))


FOUR = candles(("10", "11"), ("12", "13"), ("14", "15"), ("16", "17"))


def test_an_order_is_filled_at_the_next_open() -> None:
    run = ran(FOUR, [1, 1, 0, 0])
    [only] = run.trades
    assert (only.entry.candle, only.entry.price, only.entry.quantity) == (1, Decimal(12), Decimal(83))
    assert only.exit is not None
    assert (only.exit.candle, only.exit.price, only.reason, only.candles) == (3, Decimal(16), ExitReason.SIGNAL, 2)
    assert only.profit == 83 * 4
    assert run.equity.tolist() == [1000, 1000 + 83, 1000 + 83 * 3, 1000 + 83 * 4]
    assert run.sides.tolist() == [0, 1, 1, 0]


def test_or_at_the_next_close_but_never_at_the_one_that_it_was_decided_at() -> None:
    run = ran(FOUR, [1, 1, 0, 0], fill=FillAt.NEXT_CLOSE)
    [only] = run.trades
    assert only.exit is not None
    assert (only.entry.price, only.exit.price) == (Decimal(13), Decimal(17))
    assert run.equity.tolist() == [1000, 1000, 1000 + 76 * 2, 1000 + 76 * 4]


def test_fees_and_slippage_are_paid_each_time_and_the_position_with_its_fee_costs_no_more_than_there_is() -> None:
    run = ran(FOUR, [1, 0, 0, 0], fee=Decimal("0.01"), slippage=Decimal("0.1"))
    [only] = run.trades
    assert only.exit is not None
    assert only.entry.price == Decimal("13.2")
    assert only.entry.quantity == 75  # 76 would cost 1013.232
    assert only.entry.fee == Decimal("9.9")
    assert only.exit.price == Decimal("12.6")
    assert only.exit.fee == Decimal("9.45")
    assert run.final == 1000 - Decimal(75 * 13.2).quantize(Decimal("0.1")) - Decimal("9.9") + 945 - Decimal("9.45")
    assert run.fees == Decimal("19.35")


def test_a_turn_closes_one_position_and_opens_the_other_in_the_same_candle() -> None:
    run = ran(FOUR, [1, -1, -1, 0])
    first, second = run.trades
    assert first.exit is not None
    assert (first.exit.candle, second.entry.candle, second.entry.price) == (2, 2, Decimal(14))
    assert second.entry.quantity == -(1166 // 14)
    assert second.reason is ExitReason.END
    assert second.profit == -83 * 3
    assert run.pending


@pytest.mark.parametrize(
    ("direction", "quantities"),
    [(Direction.LONG_ONLY, [83]), (Direction.SHORT_ONLY, [-71]), (Direction.BOTH, [83, -83])],
)
def test_what_may_not_be_held_is_not(direction: Direction, quantities: list[int]) -> None:
    run = ran(FOUR, [1, -1, -1, -1], direction=direction)
    assert [each.entry.quantity for each in run.trades] == quantities


def test_a_position_that_is_open_at_the_end_is_closed_there() -> None:
    run = ran(FOUR, [1, 1, 1, 1], fee=Decimal("0.01"))
    [only] = run.trades
    assert only.exit is not None
    assert (only.reason, only.exit.price, only.exit.candle) == (ExitReason.END, Decimal(17), 3)
    assert run.equity[-1] == float(run.final) == float(1000 + only.profit)
    assert run.sides.tolist() == [0, 1, 1, 1]


def test_or_held_and_valued_at_the_last_close() -> None:
    run = ran(FOUR, [1, 1, 1, 1], at_end=AtEnd.HOLD)
    [only] = run.trades
    assert (only.exit, only.reason, only.profit) == (None, None, Decimal(83 * 5))
    assert run.final == 1000 + 83 * 5


@pytest.mark.parametrize(
    ("sizing", "quantity"),
    [
        (Sizing(SizingKind.FRACTION, Decimal("0.5")), 41),
        (Sizing(SizingKind.CASH, Decimal(250)), 20),
        (Sizing(SizingKind.CASH, Decimal(5000)), 83),
        (Sizing(SizingKind.QUANTITY, Decimal("7.9")), 7),
        (Sizing(SizingKind.QUANTITY, Decimal(700)), 83),
    ],
)
def test_a_position_is_as_large_as_asked_for_in_whole_lots_and_never_on_credit(sizing: Sizing, quantity: int) -> None:
    assert ran(FOUR, [1, 1, 1, 1], sizing=sizing).trades[0].entry.quantity == quantity


def test_an_order_too_small_for_one_lot_is_skipped_and_counted() -> None:
    run = ran(FOUR, [1, 1, 1, 1], lot=Decimal(100))
    assert (run.trades, run.skipped, run.final) == ([], 1, Decimal(1000))


def test_a_short_position_that_eats_up_the_account_ends_the_run() -> None:
    tape = candles(("10", "10"), ("10", "15"), ("15", "21"), ("22", "10"), ("10", "10"), ("10", "9"))
    run = ran(tape, [-1, -1, -1, 1, -1, 1])
    [only] = run.trades
    assert only.exit is not None
    assert (run.ruined, only.reason, only.exit.candle, only.exit.price) == (2, ExitReason.RUIN, 3, Decimal(22))
    assert run.final == 1000 - 100 * 12
    assert run.equity.tolist() == [1000, 500, -100, -200, -200, -200]


def test_a_gap_that_leaves_nothing_ends_it_too() -> None:
    tape = candles(("10", "10"), ("10", "12"), ("30", "31"), ("30", "30"))
    run = ran(tape, [-1, 1, 1, 1])
    assert (run.ruined, run.final, len(run.trades)) == (2, Decimal(-1000), 1)


def test_what_the_last_candle_decides_is_pending() -> None:
    run = ran(FOUR, [0, 0, 0, 1])
    assert (run.pending, run.trades) == (True, [])
    assert not ran(FOUR, [0, 0, 1, 1]).pending


def test_money_is_exact_whatever_the_digits() -> None:
    tape = candles(("0.123456789012345678", "0.2"), ("0.123456789012345678", "0.2"), ("0.3", "0.3"))
    run = ran(tape, [1, 0, 0], fee=Decimal("0.00075"), slippage=Decimal("0.000333333333333333"), lot=Decimal("1e-8"))
    [only] = run.trades
    assert only.exit is not None
    out = only.entry.quantity * only.exit.price - only.exit.fee
    paid = only.entry.quantity * only.entry.price + only.entry.fee
    assert len(only.entry.price.as_tuple().digits) > 30
    assert run.final == pytest.approx(Decimal(1000) + out - paid, abs=Decimal("1e-20"))
