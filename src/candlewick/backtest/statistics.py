"""What a run comes to, in numbers. Floats, made of exact money: see `domain.backtest.Statistics` for each."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, sqrt
from typing import Final

import numpy as np

from candlewick.backtest.engine import Run
from candlewick.backtest.strategy import Floats
from candlewick.backtest.tape import Tape
from candlewick.domain.backtest import AccountRules, RoundTrip, Statistics

_YEAR: Final = 365.25 * 86_400
_DAY: Final = 86_400


def statistics_of(tape: Tape, run: Run, held: Run, rules: AccountRules) -> Statistics:
    """Of the run, against holding."""
    capital = float(rules.capital)
    final = float(run.final)
    years = (int(tape.close_time[-1]) - int(tape.series.open_time[0])) / 1e6 / _YEAR
    drawdowns = drawdowns_of(run.equity, capital)
    deepest = float(drawdowns.min())
    growth = _growth(final / capital, years)
    returns = _returns(run.equity, capital)
    per_year = len(tape) / years
    closed = [each for each in run.trades if each.exit is not None]
    return Statistics(
        final_equity=run.final,
        net_profit=run.final - rules.capital,
        fees=run.fees,
        total_return=final / capital - 1,
        cagr=growth,
        volatility=_said(_deviation(returns) * sqrt(per_year)) if len(returns) > 1 else None,
        sharpe=_ratio(returns, _deviation(returns), per_year),
        sortino=_ratio(returns, _downside(returns), per_year),
        calmar=None if growth is None or not deepest else _said(growth / -deepest),
        max_drawdown=deepest,
        longest_drawdown=_longest_below(tape, run.equity, capital),
        trades=len(run.trades),
        win_rate=sum(each.profit > 0 for each in closed) / len(closed) if closed else None,
        profit_factor=_profit_factor(closed),
        average_gain=float(np.mean([each.gain for each in closed])) if closed else None,
        exposure=float(np.count_nonzero(run.sides)) / len(tape),
        turnover=_turnover(run),
        skipped=run.skipped,
        held_return=float(held.final) / capital - 1,
        held_max_drawdown=float(drawdowns_of(held.equity, capital).min()),
    )


def drawdowns_of(equity: Floats, capital: float) -> Floats:
    """How far each is below the highest so far, the capital included, as a part of that."""
    highest = np.maximum(np.maximum.accumulate(equity), capital)
    found: Floats = np.minimum(equity / highest - 1, 0.0)
    return found


def _returns(equity: Floats, capital: float) -> Floats:
    """Of each candle. Of none from where nothing is left: there is no return on nothing."""
    former = np.concatenate([[capital], equity[:-1]])
    gone = np.flatnonzero(former <= 0)
    end = int(gone[0]) if len(gone) else len(equity)
    found: Floats = equity[:end] / former[:end] - 1
    return found


def _growth(factor: float, years: float) -> float | None:
    if factor <= 0 or years <= 0:
        return None
    try:
        return _said(factor ** (1 / years) - 1)
    except OverflowError:  # of minutes, made out to be years
        return None


def _deviation(returns: Floats) -> float:
    return float(np.std(returns, ddof=1)) if len(returns) > 1 else 0.0


def _downside(returns: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(np.minimum(returns, 0))))) if len(returns) else 0.0


def _ratio(returns: Floats, risk: float, per_year: float) -> float | None:
    if len(returns) < 2 or not risk:
        return None
    return _said(float(np.mean(returns)) / risk * sqrt(per_year))


def _profit_factor(closed: Sequence[RoundTrip]) -> float | None:
    lost = -sum(float(each.profit) for each in closed if each.profit < 0)
    return _said(sum(float(each.profit) for each in closed if each.profit > 0) / lost) if lost else None


def _turnover(run: Run) -> float:
    mean = float(np.mean(run.equity))
    return float(run.traded) / mean if mean > 0 else 0.0


def _longest_below(tape: Tape, equity: Floats, capital: float) -> float:
    """In days, from the close of a highest equity to the close of the next one as high, or to the last close."""
    highest = np.maximum(np.maximum.accumulate(equity), capital)
    high_at = np.flatnonzero(equity >= highest)
    times = np.concatenate([tape.series.open_time[:1], tape.close_time[high_at], tape.close_time[-1:]])
    lower = np.diff(np.concatenate([[-1], high_at, [len(equity)]])) > 1  # candles lie between two of the highest
    return float(np.max(np.diff(times)[lower], initial=0.0)) / 1e6 / _DAY


def _said(value: float) -> float | None:
    return value if isfinite(value) else None
