"""A run as a whole: what is refused, what is idle, what is the same again, and its statistics."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from math import nan, sqrt
from typing import Any

import numpy as np
import pytest

from candlewick.backtest.running import run
from candlewick.backtest.strategies import STRATEGIES
from candlewick.backtest.tape import Tape
from candlewick.domain.backtest import (
    AccountRules,
    BacktestRequest,
    BacktestResult,
    Sizing,
    SizingKind,
    StrategyChoice,
)
from candlewick.domain.errors import (
    CandlewickError,
    InvalidBacktest,
    InvalidParameter,
    NotANumber,
    TooFewCandles,
    UnknownParameter,
    UnknownStrategy,
)
from candlewick.domain.hours import TimeBar
from candlewick.domain.interval import Interval
from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import EPOCH, Window
from unit.backtest.days import tape_of, wandering
from unit.backtest.independent import Day

BTC = InstrumentKey.parse("binance:BTC-USDT")


TAPE = wandering(400)


def of(name: str = "sma_cross", tape: Tape = TAPE, warm_up: int = 0, **parameters: float) -> BacktestResult:
    return run(tape, warm_up, StrategyChoice(name, parameters), AccountRules())


@pytest.mark.parametrize(
    ("strategy", "parameters", "error", "message"),
    [
        ("moon", {}, UnknownStrategy, "there is no strategy 'moon'; there are sma_cross, ema_cross"),
        ("sma_cross", {"quick": 3}, UnknownParameter, "sma_cross has no parameter 'quick'; it has fast, slow"),
        ("buy_and_hold", {"x": 1}, UnknownParameter, "it has none"),
        ("sma_cross", {"fast": 0}, InvalidParameter, r"fast is 0: give a whole number from 1 to 10000"),
        ("sma_cross", {"slow": 10_000_000}, InvalidParameter, r"slow is 1e\+07: give a whole number from 2 to 10000"),
        ("sma_cross", {"slow": nan}, InvalidParameter, "slow is nan"),
        ("sma_cross", {"slow": 20.5}, InvalidParameter, "slow is 20.5: give a whole number"),
        ("sma_cross", {"fast": 50}, InvalidParameter, "slow is 50: give a whole number from 51 to"),
        ("rsi_bands", {"lower": 80}, InvalidParameter, "upper is 70: give a number from 80 to 100"),
        ("bollinger_reversion", {"deviations": -1}, InvalidParameter, "deviations is -1"),
        ("sma_cross", {"slow": 401}, TooFewCandles, "sma_cross takes 401 candles for its first value, there are 400"),
    ],
)
def test_what_cannot_be_run_is_refused_clearly(
    strategy: str, parameters: dict[str, float], error: type[CandlewickError], message: str
) -> None:
    with pytest.raises(error, match=message):
        run(TAPE, 0, StrategyChoice(strategy, parameters), AccountRules())


@pytest.mark.parametrize("name", STRATEGIES)
def test_one_candle_less_than_needed_is_too_little_history_for_each(name: str) -> None:
    needed = STRATEGIES[name].lookback(STRATEGIES[name].complete({}))
    if needed > 1:
        with pytest.raises(TooFewCandles):
            of(name, TAPE[: needed - 1])
    assert of(name, wandering(needed)).idle == needed - 1


def test_a_price_that_is_no_number_is_refused() -> None:
    tape = wandering(60)
    tape.series.close[7] = np.nan
    with pytest.raises(NotANumber, match="candle 8 has no finite close"):
        of("buy_and_hold", tape)


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("capital", "0", "capital is 0: give a number above 0"),
        ("capital", "-5", "capital is -5"),
        ("capital", "NaN", "capital is NaN"),
        ("capital", "Infinity", "capital is Infinity"),
        ("capital", "1e16", r"capital is 1E\+16: give a number above 0, at most 1000000000000000"),
        ("fee", "-0.001", "fee is -0.001: give a number from 0 to 0.5"),
        ("fee", "1", "fee is 1"),
        ("slippage", "NaN", "slippage is NaN"),
        ("slippage", "0.51", "slippage is 0.51"),
        ("lot", "0", "lot is 0"),
        ("lot", "1e-19", "lot has 19 decimal places: give at most 18"),
    ],
)
def test_an_account_that_cannot_be_is_refused(argument: str, value: str, message: str) -> None:
    given: dict[str, Any] = {argument: Decimal(value)}
    with pytest.raises(InvalidBacktest, match=message):
        AccountRules(**given)


@pytest.mark.parametrize(
    ("kind", "amount", "message"),
    [
        (SizingKind.FRACTION, "1.01", "sizing.fraction is 1.01: give a number above 0, at most 1"),
        (SizingKind.CASH, "0", "sizing.cash is 0"),
        (SizingKind.QUANTITY, "-1", "sizing.quantity is -1"),
    ],
)
def test_a_size_that_cannot_be_is_refused(kind: SizingKind, amount: str, message: str) -> None:
    with pytest.raises(InvalidBacktest, match=message):
        Sizing(kind, Decimal(amount))


@pytest.mark.parametrize("count", [0, 101])
def test_a_run_is_of_one_to_a_hundred_instruments(count: int) -> None:
    window = Window(EPOCH, EPOCH + timedelta(days=1))
    with pytest.raises(InvalidBacktest, match=f"instruments must be 1 to 100 keys, not {count}"):
        BacktestRequest([BTC] * count, TimeBar(Interval.M1.duration), window, StrategyChoice("sma_cross", {}))


def test_nothing_is_decided_before_all_values_are_stable() -> None:
    result = of(fast=5, slow=60)
    assert (result.warm_up, result.idle, result.candles) == (0, 59, 400)
    assert result.trades[0].entry.candle >= 60


def test_with_enough_history_before_it_the_first_candle_can_decide() -> None:
    result = of(warm_up=59, fast=5, slow=60)
    assert (result.warm_up, result.idle, result.candles) == (59, 0, 341)
    assert result.first == TAPE.opens(59)


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_same_run_again_gives_the_same_numbers(name: str) -> None:
    tape = wandering(1200)
    assert of(name, tape) == of(name, tape)
    assert of(name, tape).digest != of(name, tape[:-1]).digest


def test_holding_is_what_the_strategy_that_holds_makes() -> None:
    result = of("buy_and_hold")
    assert result.statistics.total_return == result.statistics.held_return
    assert result.statistics.max_drawdown == result.statistics.held_max_drawdown
    assert [point.equity for point in result.equity] == [point.held for point in result.equity]
    assert result.statistics.exposure == 399 / 400
    assert result.statistics.trades == 1


def test_statistics_are_what_their_definitions_say() -> None:
    result = of(fast=3, slow=9)
    found, equity = result.statistics, np.array([point.equity for point in result.equity])
    returns = equity / np.concatenate([[10_000.0], equity[:-1]]) - 1
    years = 400 * 60 / (365.25 * 86_400)
    per_year = 400 / years
    profits = [float(each.profit) for each in result.trades]
    assert found.final_equity == Decimal(10_000) + sum(each.profit for each in result.trades)
    assert found.net_profit == found.final_equity - 10_000
    assert found.total_return == pytest.approx(equity[-1] / 10_000 - 1)
    assert found.cagr == pytest.approx((equity[-1] / 10_000) ** (1 / years) - 1)
    assert found.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1) * sqrt(per_year))
    downside = sqrt(sum(min(each, 0.0) ** 2 for each in returns) / 400)
    assert found.sortino == pytest.approx(returns.mean() / downside * sqrt(per_year))
    assert found.calmar == pytest.approx((found.cagr or 0) / -found.max_drawdown)
    assert found.win_rate == sum(each > 0 for each in profits) / len(profits)
    assert found.profit_factor == pytest.approx(
        sum(each for each in profits if each > 0) / -sum(each for each in profits if each < 0)
    )
    assert found.exposure == sum(each.candles for each in result.trades) / 400
    traded = sum(abs(fill.quantity) * fill.price for each in result.trades for fill in (each.entry, each.exit) if fill)
    assert found.turnover == pytest.approx(float(traded) / equity.mean())
    assert found.fees == sum(fill.fee for each in result.trades for fill in (each.entry, each.exit) if fill)


def test_what_cannot_be_said_is_none() -> None:
    flat = tape_of([Day(*[Decimal(5)] * 4)] * 60, list(range(0, 60 * 60_000_000, 60_000_000)), 60_000_000)
    found = of(tape=flat).statistics
    assert (found.trades, found.win_rate, found.sharpe, found.sortino, found.calmar, found.max_drawdown) == (
        0, None, None, None, None, 0,
    )  # fmt: skip
    assert found.longest_drawdown == 0


def test_a_curve_of_many_candles_is_thinned_and_keeps_the_deepest_drawdown() -> None:
    result = of(tape=wandering(5000), fast=3, slow=9)
    assert len(result.equity) == 2000
    assert min(point.drawdown for point in result.equity) == result.statistics.max_drawdown
    assert result.equity[-1].equity == pytest.approx(float(result.statistics.final_equity))
    assert result.equity[-1].time == result.last
