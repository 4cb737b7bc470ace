"""Bars of trades that can be added up by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from candlewick.bars.builder import BarBuilder
from candlewick.bars.signs import LastTick, signs
from candlewick.domain.bar import BarMeasure, BarRule, EventBarSpec
from candlewick.domain.batch import DecimalColumn, TradeBatch
from candlewick.domain.market import Side, Trade
from recordings import recording
from unit.bars.exact import ExactBar, built, unfinished

pytestmark = pytest.mark.shared_data
SIDES = {"B": Side.BUY, "S": Side.SELL}
CASES: dict[str, EventBarSpec] = {
    "tick_3": EventBarSpec(BarMeasure.TICK, Decimal(3)),
    "volume_5_whole_trade": EventBarSpec(BarMeasure.VOLUME, Decimal(5)),
    "volume_5_split": EventBarSpec(BarMeasure.VOLUME, Decimal(5), split=True),
    "dollar_500_whole_trade": EventBarSpec(BarMeasure.VALUE, Decimal(500)),
    "dollar_500_split": EventBarSpec(BarMeasure.VALUE, Decimal(500), split=True),
    "tick_imbalance_fixed_2": EventBarSpec(BarMeasure.TICK, Decimal(2), BarRule.IMBALANCE),
    "volume_imbalance_fixed_4_whole": EventBarSpec(BarMeasure.VOLUME, Decimal(4), BarRule.IMBALANCE),
    "volume_imbalance_fixed_4_split": EventBarSpec(BarMeasure.VOLUME, Decimal(4), BarRule.IMBALANCE, split=True),
    "dollar_imbalance_fixed_300_whole": EventBarSpec(BarMeasure.VALUE, Decimal(300), BarRule.IMBALANCE),
    "tick_runs_lopez_3": EventBarSpec(BarMeasure.TICK, Decimal(3), BarRule.RUNS),
    "tick_runs_lopez_2": EventBarSpec(BarMeasure.TICK, Decimal(2), BarRule.RUNS),
}


def vectors() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(recording("bars/vectors.json").read_text())
    return found


def trades() -> list[Trade]:
    origin = datetime(2024, 8, 8, tzinfo=UTC)
    return [
        Trade(
            row["id"], Decimal(row["price"]), Decimal(row["qty"]), SIDES[row["aggressor"]],
            origin + timedelta(milliseconds=row["t_ms"]),
        )
        for row in vectors()["trades"]
    ]  # fmt: skip


def expected(given: Any) -> ExactBar:
    opened, high, low, close, volume, value = (Fraction(given[name]) for name in ("o", "h", "l", "c", "v", "quote"))
    parts = given["trades"]
    return ExactBar(parts[0][0], parts[-1][0], opened, high, low, close, volume, value, len(parts))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("at_once", [1, 3, 8])
def test_bars_are_those_of_the_vectors(name: str, at_once: int) -> None:
    builder, wanted, rows = BarBuilder(CASES[name]), vectors()[name], trades()
    found: Sequence[ExactBar] = [
        bar for start in range(0, len(rows), at_once) for bar in built(builder, rows[start : start + at_once])
    ]

    assert list(found) == [expected(each) for each in wanted["bars"]]
    rest = wanted["unfinished"]
    assert unfinished(builder) == (None if rest is None else expected(rest))


def test_all_vectors_of_event_bars_are_tried() -> None:
    others = {"note", "trades", "time_1000ms_left_closed", "time_1000ms_right_closed_keyed_by_close"}
    told = {"time_empty_bucket", "tick_rule", "boundary_ge_vs_gt"}
    assert set(vectors()) == set(CASES) | others | told


def test_signs_are_the_aggressor_s_else_those_of_the_tick_rule() -> None:
    rows, wanted = trades(), vectors()["tick_rule"]
    batch = TradeBatch.of(rows)
    unknown = TradeBatch.of([replace(trade, side=Side.UNKNOWN) for trade in rows])

    assert signs(batch.side, batch.price, LastTick())[0].tolist() == wanted["aggressor"]
    assert signs(unknown.side, unknown.price, LastTick())[0].tolist() == wanted["first_undefined_as_0"]
    one_by_one, last = [], LastTick()
    for at in range(len(rows)):
        part = unknown[at : at + 1]
        found, last = signs(part.side, part.price, last)
        one_by_one += found.tolist()
    assert one_by_one == wanted["first_undefined_as_0"]
    empty = signs(np.empty(0, dtype=np.int8), DecimalColumn.of([]), last)
    assert (len(empty[0]), empty[1]) == (0, last)


def test_a_bar_is_full_when_its_sum_is_exactly_the_threshold() -> None:
    """With ">" there would be none: the imbalance is 1, 2, 1, 0, 1, 2, 1, 0."""
    assert len(built(BarBuilder(CASES["tick_imbalance_fixed_2"]), trades())) == 4
