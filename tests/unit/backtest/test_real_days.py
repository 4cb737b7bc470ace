"""Backtests on real days against an independent computation of the same rules: fills, equity, drawdown, to the cent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from candlewick.backtest.running import run
from candlewick.backtest.strategies import STRATEGIES
from candlewick.backtest.tape import Tape
from candlewick.domain.backtest import AccountRules, BacktestResult, Direction, Fill, StrategyChoice
from unit.backtest.days import apple, apple_tape, bitcoin_tape
from unit.backtest.independent import Book, Day, Wish, play, wishes

CENT = Decimal("0.01")
RULES = AccountRules(capital=Decimal(25_000), direction=Direction.BOTH)
RECORDED: dict[str, Callable[[], tuple[list[Day], Tape]]] = {"AAPL": apple_tape, "BTC": bitcoin_tape}


@pytest.mark.shared_data
@pytest.mark.parametrize("market", RECORDED)
@pytest.mark.parametrize("direction", [Direction.BOTH, Direction.LONG_ONLY])
@pytest.mark.parametrize("name", STRATEGIES)
def test_fills_equity_and_drawdown_are_those_of_an_independent_computation(
    name: str, direction: Direction, market: str
) -> None:
    days, tape = RECORDED[market]()
    if STRATEGIES[name].lookback(STRATEGIES[name].complete({})) >= len(days):
        days, tape = apple_tape()  # the index and exponential means look back on more than three months
        days, tape = days[-1000:], tape[-1000:]
    result = run(tape, 0, StrategyChoice(name, {}), replace(RULES, direction=direction))
    wish = _from(result.idle, wishes(days, result.idle)[name], direction)
    book = play(days, 0, wish, RULES.capital, RULES.fee, RULES.slippage, RULES.lot)
    assert _fills(result) == book.fills
    assert len(book.fills) > 1
    assert result.statistics.final_equity == book.equity[-1]
    _same_equity(result, book)
    assert result.statistics.max_drawdown == pytest.approx(float(book.drawdown(RULES.capital)), abs=1e-12)


def _from(start: int, wish: Wish, direction: Direction) -> Wish:
    """Nothing before the start, and nothing short if it may not be."""
    wanted = 0

    def allowed(at: int, _: int) -> int:
        nonlocal wanted
        wanted = wish(at, wanted) if at >= start else 0
        return wanted if direction is Direction.BOTH else max(wanted, 0)

    return allowed


def _fills(result: BacktestResult) -> list[tuple[int, Decimal, Decimal, Decimal]]:
    fills: list[Fill] = []
    for each in result.trades:
        assert each.exit is not None
        fills += [each.entry, each.exit]
    return [(fill.candle, fill.quantity, fill.price, fill.fee) for fill in fills]


def _same_equity(result: BacktestResult, book: Book) -> None:
    """Each point to the cent; of thousands of days a point stands for several, and says how it was after the last."""
    count, points = len(book.equity), result.equity
    if len(points) == count:
        ours = [Decimal(point.equity).quantize(CENT) for point in points]
        assert ours == [each.quantize(CENT) for each in book.equity]
        return
    theirs = {each.quantize(CENT) for each in book.equity}
    assert {Decimal(point.equity).quantize(CENT) for point in points} <= theirs
    assert Decimal(points[-1].equity).quantize(CENT) == book.equity[-1].quantize(CENT)


@pytest.mark.shared_data
def test_holding_apple_makes_what_shares_that_multiply_at_each_split_make() -> None:
    """Raw prices and a number of shares that grows four times come to the same, but for the factors' eight places.

    The oldest is 0.00892857 there, and 1/112 in truth.
    """
    rules = AccountRules(capital=Decimal(10_000), fee=Decimal(0), slippage=Decimal(0), lot=Decimal("1e-18"))
    result = run(apple_tape()[1], 0, StrategyChoice("buy_and_hold", {}), rules)
    dates, raw = apple(adjusted=False)
    shares = rules.capital / raw[1].open
    for day, multiple in (("2000-06-21", 2), ("2005-02-28", 2), ("2014-06-09", 7), ("2020-08-31", 4)):
        assert any(str(each) == day for each in dates)
        shares *= multiple
    rounded = Decimal("0.00892857") * 112
    assert result.statistics.final_equity.quantize(CENT) == (shares * raw[-1].close / rounded).quantize(CENT)
    assert result.statistics.total_return > 800


@pytest.mark.shared_data
def test_a_split_is_no_crash() -> None:
    adjusted = run(apple_tape()[1], 0, StrategyChoice("buy_and_hold", {}), AccountRules())
    raw = run(apple_tape(adjusted=False)[1], 0, StrategyChoice("buy_and_hold", {}), AccountRules())
    assert raw.statistics.total_return < adjusted.statistics.total_return / 50
