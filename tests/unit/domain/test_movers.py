"""Who moved most, and how large a market is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.interval import Duration
from candlewick.domain.market_stats import MarketFigures, widest
from candlewick.domain.movers import Move, Mover, MoverRank, Traded, before, by_change, by_turnover, percent, turnover
from markets import LATER
from pricing import ASSETS, market


def move(key: str, former: str, last: str) -> Move:
    return Move(
        market(key).instrument, CandleOrigin.TRADES, days=False, former=Decimal(former),
        former_at=LATER - timedelta(days=1), last=Decimal(last), last_at=LATER,
    )  # fmt: skip


PRICES = {"a:UP-USD": ("1", "1.5"), "a:DOWN-USD": ("3", "1"), "a:SAME-USD": ("2", "2"), "a:X-USD": ("100", "200")}
MOVES = [move(key, *prices) for key, prices in PRICES.items()]


def keys(moves: list[Move]) -> list[str]:
    return [each.instrument.key.base for each in moves]


def test_gainers_rose_losers_fell_and_the_rest_is_neither() -> None:
    assert keys(by_change(MOVES, MoverRank.GAIN, 10)) == ["X", "UP"]
    assert keys(by_change(MOVES, MoverRank.GAIN, 1)) == ["X"]
    assert keys(by_change(MOVES, MoverRank.LOSS, 10)) == ["DOWN"]


def test_of_equal_moves_the_key_decides() -> None:
    assert keys(by_change([move("b:B-USD", "1", "2"), move("a:A-USD", "2", "4")], MoverRank.GAIN, 2)) == ["A", "B"]


def test_a_change_is_exact() -> None:
    assert percent(MOVES[1]) == Fraction(-200, 3)


def test_turnover_is_what_was_paid_or_else_the_volume_at_the_last_price() -> None:
    rates = {ASSETS["EUR"].id: Fraction(2)}
    paid = move("a:UP-EUR", "1", "3")
    assert turnover(paid, Traded(Decimal(10), Decimal(20)), rates) == 40
    assert turnover(paid, Traded(Decimal(10), None), rates) == 60
    assert turnover(paid, Traded(None, None), rates) is None
    assert turnover(MOVES[0], Traded(Decimal(1), Decimal(1)), rates) is None


def test_those_of_which_nobody_knows_what_was_traded_have_no_place_by_volume() -> None:
    worth = (Fraction(5), None, Fraction(0), Fraction(9))
    movers = [Mover(each, Traded(None, None), turned) for each, turned in zip(MOVES, worth, strict=True)]
    assert [each.move.instrument.key.base for each in by_turnover(movers, 5)] == ["X", "UP"]
    assert len(by_turnover(movers, 1)) == 1


@pytest.mark.parametrize(
    ("moment", "text", "expected"),
    [
        ("2024-03-31T10:00", "P1M", "2024-02-29T10:00"),
        ("2024-01-15T10:00", "P13M", "2022-12-15T10:00"),
        ("2024-01-15T10:00", "P1D", "2024-01-14T10:00"),
        ("2024-02-29T10:00", "P4Y", "2020-02-29T10:00"),
    ],
)
def test_a_window_may_be_months_long(moment: str, text: str, expected: str) -> None:
    def utc(written: str) -> datetime:
        return datetime.fromisoformat(written).replace(tzinfo=UTC)

    assert before(utc(moment), Duration.parse(text)) == utc(expected)


def figures(source: str, count: int) -> MarketFigures:
    return MarketFigures(source, count, Decimal(9), Decimal(1), Decimal(10), 3, 1, 1, LATER, LATER)


def test_the_source_that_knows_most_speaks_unless_another_one_is_asked() -> None:
    known = [figures("b", 7), figures("a", 7), figures("c", 3)]
    assert widest(known) == known[1]
    assert widest(known, "c") == known[2]
    assert widest(known, "d") is None
    assert widest([]) is None


def test_an_average_is_exact() -> None:
    assert figures("a", 5).average_price == Fraction(10, 3)
