"""Runs a backtest over candles that were read. It computes indicators: in workers and on command lines only."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np

from candlewick.backtest.curve import curve_of
from candlewick.backtest.engine import Run, trade
from candlewick.backtest.statistics import statistics_of
from candlewick.backtest.strategies import strategy
from candlewick.backtest.strategy import Floats, IndicatorUse, Sides, Strategy
from candlewick.backtest.tape import Tape
from candlewick.domain.backtest import (
    MOST_POINTS,
    MOST_TRADES,
    AccountRules,
    BacktestResult,
    Direction,
    FillAt,
    Sizing,
    StrategyChoice,
)
from candlewick.domain.errors import TooFewCandles
from candlewick.domain.indicator import Parameters
from candlewick.indicators.catalogue import indicator
from candlewick.indicators.compute import compute


def run(tape: Tape, warm_up: int, choice: StrategyChoice, rules: AccountRules) -> BacktestResult:
    """Trade on all candles but the first `warm_up`, which only indicators look at.

    Raises:
        UnknownStrategy, UnknownParameter, InvalidParameter, NotANumber: the request or a candle is wrong.
        TooFewCandles: the strategy could not decide once.
    """
    chosen = strategy(choice.name)
    parameters = chosen.complete(choice.parameters)
    tape.check(chosen.name)
    idle = max(chosen.lookback(parameters) - 1 - warm_up, 0)
    traded = tape[warm_up:]
    if idle >= len(traded):
        raise TooFewCandles(chosen.name, chosen.lookback(parameters), len(tape))
    wanted = _wanted(chosen, parameters, tape, warm_up + idle, len(traded))
    ran = trade(traded, wanted, rules)
    held = trade(traded, np.ones(len(traded), dtype=np.int8), _holding(rules))
    return BacktestResult(
        candles=len(traded),
        warm_up=warm_up,
        idle=idle,
        first=traded.opens(0),
        last=traded.closes(len(traded) - 1),
        digest=tape.digest,
        statistics=statistics_of(traded, ran, held, rules),
        trades=ran.trades[:MOST_TRADES],
        equity=curve_of(traded, ran, held, float(rules.capital), MOST_POINTS),
        ruined_at=_ruin(traded, ran),
        pending=ran.pending,
        parameters=parameters,
    )


def _wanted(chosen: Strategy, parameters: Parameters, tape: Tape, start: int, traded: int) -> Sides:
    """What to hold after each candle that is traded on; nothing before `start`, where all values are stable."""
    values = {name: _outputs(tape, use, start) for name, use in chosen.uses(parameters).items()}
    sides = chosen.sides(tape.series[start:], values, parameters)
    return np.concatenate([np.zeros(traded - len(sides), dtype=np.int8), sides.astype(np.int8)])


def _outputs(tape: Tape, use: IndicatorUse, start: int) -> dict[str, Floats]:
    spec = indicator(use.name)
    found = compute(tape.series, spec, use.parameters)
    return {name: values[start:] for name, values in zip(spec.outputs, found.outputs, strict=True)}


def _holding(rules: AccountRules) -> AccountRules:
    """The same account, all of it put into one position at the first opportunity."""
    return replace(rules, direction=Direction.LONG_ONLY, fill=FillAt.NEXT_OPEN, sizing=Sizing())


def _ruin(tape: Tape, ran: Run) -> datetime | None:
    return None if ran.ruined is None else tape.closes(ran.ruined)
