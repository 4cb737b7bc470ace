"""Backtests as JSON and back."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from candlewick.backtest.documents import (
    curve_document,
    curve_of_document,
    request_document,
    request_of,
    summary_document,
    summary_of,
    told_document,
)
from candlewick.domain.backtest import AccountRules, AtEnd, Direction, FillAt, Sizing, SizingKind, thinned
from candlewick.domain.candle import CandleOrigin
from candlewick.domain.day import Adjustment
from candlewick.domain.hours import TimeBar
from candlewick.domain.interval import Duration
from unit.backtest.test_report import told


def test_a_request_comes_back_as_it_was() -> None:
    request = told().backtest.request
    rules = AccountRules(
        Decimal("1234.56"), Decimal(0), Decimal("0.01"), Sizing(SizingKind.QUANTITY, Decimal("0.5")),
        Direction.SHORT_ONLY, FillAt.NEXT_CLOSE, AtEnd.HOLD, Decimal("1e-18"),
    )  # fmt: skip
    other = replace(
        request,
        bar=TimeBar.of(Duration.parse("P1D"), "America/New_York", "XNYS"),
        rules=rules,
        origin=CandleOrigin.VENUE,
        adjustment=Adjustment.ALL,
    )
    for each in (request, other):
        assert request_of(json.loads(json.dumps(request_document(each)))) == each


def test_so_do_summaries_and_curves_to_the_last_bit() -> None:
    one = told()
    summary, curve = one.backtest.summary, one.equity
    assert summary_of(json.loads(json.dumps(summary_document(summary)))) == summary
    assert curve_of_document(json.loads(json.dumps(curve_document(curve)))) == curve


def test_all_of_a_backtest_is_one_document() -> None:
    one = told()
    document = json.loads(json.dumps(told_document(one.backtest, one.trades, one.equity)))
    assert document["backtest"] == 3
    assert len(document["trades"]) == len(one.trades)
    assert document["trades"][0]["entry"]["price"] == format(one.trades[0].entry.price, "f")
    assert len(document["equity"]["time"]) == len(one.equity)
    assert {document["trades"][0]["side"], document["trades"][1]["side"]} == {"LONG", "SHORT"}


@pytest.mark.parametrize("most", [1, 2, 7, 399, 400, 500])
def test_a_curve_is_thinned_evenly_and_ends_where_it_ends(most: int) -> None:
    curve = told().equity
    found = thinned(curve, most)
    assert len(found) == min(most, 400)
    assert (found[-1].time, found[-1].equity) == (curve[-1].time, curve[-1].equity)
    assert min(point.drawdown for point in found) == min(point.drawdown for point in curve)
