"""Changing the future never changes the past's orders: of every strategy, whatever the candles."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candlewick.backtest.running import run
from candlewick.backtest.strategies import STRATEGIES
from candlewick.backtest.tape import Tape
from candlewick.domain.backtest import AccountRules, AtEnd, BacktestResult, Direction, Fill, FillAt, StrategyChoice
from candlewick.indicators.series import CandleSeries

SHORT: dict[str, Mapping[str, float]] = {
    "sma_cross": {"fast": 2, "slow": 5},
    "ema_cross": {"fast": 1, "slow": 2},
    "rsi_bands": {"length": 2, "lower": 40, "upper": 60},
    "macd_cross": {"fast": 2, "slow": 3, "signal": 1},
    "bollinger_reversion": {"length": 4, "deviations": 0.8},
    "donchian_breakout": {"entry": 4, "exit": 2},
    "buy_and_hold": {},
}
"""Parameters that make many decisions on few candles."""
MOST = 120
RULES = [
    AccountRules(direction=Direction.BOTH, at_end=AtEnd.HOLD, fill=fill)
    for fill in (FillAt.NEXT_OPEN, FillAt.NEXT_CLOSE)
]


def tape_of(steps: list[int]) -> Tape:
    """A walk of cents, one step a candle."""
    close = 20_000 + np.cumsum(steps)
    opened = np.concatenate([[20_000], close[:-1]]) + np.array([step % 7 - 3 for step in steps])
    high, low = np.maximum(opened, close) + 2, np.minimum(opened, close) - 2
    times = np.arange(len(steps), dtype=np.int64) * 60_000_000
    opened, high, low, close = (column / 100 for column in (opened, high, low, close))
    texts = [np.array([f"{each:.2f}".encode() for each in column], dtype=np.bytes_) for column in (opened, close)]
    series = CandleSeries(times, opened, high, low, close, np.ones(len(steps)))
    return Tape(series, times + 60_000_000, *texts)


STEPS = st.lists(st.integers(-60, 60), min_size=MOST, max_size=MOST)


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: str(rules.fill))
@pytest.mark.parametrize("name", STRATEGIES)
@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_the_future_changes_no_order_of_the_past(name: str, rules: AccountRules, data: st.DataObject) -> None:
    past, one, other = (data.draw(STEPS) for _ in range(3))
    cut = data.draw(st.integers(STRATEGIES[name].lookback(SHORT[name]) + 1, MOST))
    ran = [
        run(tape_of(past[:cut] + future), 0, StrategyChoice(name, SHORT[name]), rules) for future in (one, other, [])
    ]
    orders = [orders_until(result, cut) for result in ran]
    assert orders[0] == orders[1]
    assert orders[2] == orders[0][: len(orders[2])]
    assert len(orders[0]) - len(orders[2]) <= 2  # what the last candle decided is filled in the next alone
    fills = [[fill for fill in fills_of(result) if fill.candle < cut] for result in ran]
    assert fills[0] == fills[1] == fills[2]
    assert [point.equity for point in ran[0].equity[:cut]] == [point.equity for point in ran[2].equity]


def orders_until(result: BacktestResult, cut: int) -> list[tuple[int, bool]]:
    """Of each order that was decided on before the cut, the candle that it is filled in and whether it buys."""
    return [(fill.candle, fill.quantity > 0) for fill in fills_of(result) if fill.candle <= cut]


def fills_of(result: BacktestResult) -> list[Fill]:
    return [fill for each in result.trades for fill in (each.entry, each.exit) if fill is not None]
