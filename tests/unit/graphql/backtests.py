"""A backtest for the fakes to have."""

from __future__ import annotations

from datetime import timedelta

from candlewick.backtest.running import run
from candlewick.domain.backtest import (
    AccountRules,
    Backtest,
    BacktestId,
    BacktestRequest,
    BacktestResult,
    BacktestSummary,
    StrategyChoice,
)
from candlewick.domain.hours import TimeBar
from candlewick.domain.interval import Interval
from candlewick.domain.job import JobId
from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.domain.time import Window
from unit.backtest.days import wandering
from unit.graphql.fakes import START, FakeServices

BTC = "binance:BTC-USDT"


def keep_one(services: FakeServices) -> BacktestResult:
    """What came of backtest 3, which job 5 ran on minutes."""
    choice = StrategyChoice("sma_cross", {"fast": 3, "slow": 9})
    made = run(wandering(400), 0, choice, AccountRules())
    summary = {name: getattr(made, name) for name in BacktestSummary.__dataclass_fields__}
    window = Window(START, START + timedelta(days=1))
    request = BacktestRequest([InstrumentKey.parse(BTC)], TimeBar(Interval.M1.duration), window, choice)
    kept = Backtest(BacktestId(3), JobId(5), InstrumentId(1), request, 17, 1, START, BacktestSummary(**summary))
    services.backtests.rows = {kept.id: kept}
    services.backtests.curve, services.backtests.positions = made.equity, made.trades
    return made
