"""Candles are compared field by field, as far as the venue says them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from candlewick.domain.candle import Candle, CandleOrigin, CandleStatus
from candlewick.domain.reconciliation import Comparison, compare
from candlewick.domain.time import Window

START = datetime(2024, 8, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
REACH = Window(START, START + 60 * MINUTE)


def candle(minute: int = 0, **changed: Any) -> Candle:
    opened = START + minute * MINUTE
    full = Candle(
        opened, opened + MINUTE, "10", "12", "9", "11", "5", "55", "11", 7, "2", CandleOrigin.TRADES,
        CandleStatus.FINAL, 1,
    )  # fmt: skip
    return full._replace(**changed)


def compared(ours: list[Candle], theirs: list[Candle], *, alike: bool = True) -> Comparison:
    return compare(ours, theirs, REACH, counts_alike=alike)


def found(comparison: Comparison) -> list[tuple[int, str, str | None, str | None]]:
    return [
        ((each.window.start - START) // MINUTE, each.field, each.ours, each.theirs) for each in comparison.differences
    ]


def test_equal_candles_have_no_differences_however_their_numbers_are_written() -> None:
    theirs = candle(open="10.000", volume="5.0", quote_volume="55.00", taker_buy_volume="2.00")

    assert compared([candle()], [theirs]) == Comparison(1, 0, [], [])


@pytest.mark.parametrize("field", ["open", "high", "low", "close", "volume", "quote_volume", "taker_buy_volume"])
def test_each_field_that_differs_is_listed_by_itself(field: str) -> None:
    other = f"{getattr(candle(), field)}.0000001"

    assert found(compared([candle(), candle(1)], [candle(), candle(1, **{field: other})])) == [
        (1, field, getattr(candle(), field), other)
    ]


def test_differences_that_cancel_out_are_two() -> None:
    theirs = [candle(0, volume="6"), candle(1, volume="4")]

    assert [minute for minute, *_ in found(compared([candle(0), candle(1)], theirs))] == [0, 1]


def test_what_the_venue_does_not_say_is_not_compared() -> None:
    coinbase = candle(quote_volume=None, trade_count=None, taker_buy_volume=None)
    kraken = candle(quote_volume=None, taker_buy_volume=None, trade_count=8)

    assert found(compared([candle()], [coinbase])) == []
    assert found(compared([candle()], [kraken])) == [(0, "trade_count", "7", "8")]


def test_trades_are_not_counted_against_aggregates() -> None:
    assert found(compared([candle(trade_count=3)], [candle()], alike=False)) == []


@pytest.mark.parametrize(("theirs", "differs"), [("55.00000007", False), ("54.99999993", False), ("55.00000008", True)])
def test_a_venue_may_have_rounded_the_value_of_each_trade(theirs: str, differs: bool) -> None:
    assert bool(found(compared([candle()], [candle(quote_volume=theirs)]))) is differs


def test_a_minute_that_only_one_side_has_is_a_difference() -> None:
    comparison = compared([candle(0), candle(1)], [candle(0), candle(2)])

    assert found(comparison) == [(1, "volume", "5", None), (2, "volume", None, "5")]
    assert comparison.lacking == [Window(START + 2 * MINUTE, START + 3 * MINUTE)]


def test_a_candle_of_the_venue_without_volume_says_the_same_as_none_of_ours() -> None:
    empty = candle(1, volume="0", quote_volume="0", trade_count=0, taker_buy_volume="0")

    assert compared([candle(0)], [candle(0), empty]) == Comparison(2, 0, [], [])


def test_beyond_the_reach_of_the_venue_s_history_nothing_is_verified() -> None:
    reach = Window(START + MINUTE, START + 3 * MINUTE)

    comparison = compare([candle(n) for n in range(5)], [candle(1), candle(2)], reach, counts_alike=True)

    assert (comparison.compared, comparison.unverified, comparison.differences) == (2, 3, [])


def test_where_the_venue_holds_more_volume_is_told_in_the_fewest_windows() -> None:
    more, less = {"volume": "6"}, {"volume": "4"}
    theirs = [candle(0, **more), candle(1, **more), candle(2, **less), candle(4, **more)]

    lacking = compared([candle(n) for n in range(5)], theirs).lacking

    assert [((each.start - START) // MINUTE, (each.end - START) // MINUTE) for each in lacking] == [(0, 2), (4, 5)]
