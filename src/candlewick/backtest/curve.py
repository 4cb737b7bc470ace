"""The equity curve, thinned to a bounded number of points."""

from __future__ import annotations

import numpy as np

from candlewick.backtest.engine import Run
from candlewick.backtest.statistics import drawdowns_of
from candlewick.backtest.tape import Tape
from candlewick.domain.backtest import EquityPoint


def curve_of(tape: Tape, run: Run, held: Run, capital: float, most: int) -> list[EquityPoint]:
    """A point for each candle, or for equal numbers of them: how it was after the last, and the deepest drawdown."""
    starts = np.unique(np.linspace(0, len(tape), min(most, len(tape)), endpoint=False, dtype=np.int64))
    ends = np.append(starts[1:], len(tape)) - 1
    deepest = np.minimum.reduceat(drawdowns_of(run.equity, capital), starts)
    columns = (run.equity[ends], deepest, held.equity[ends], tape.series.close[ends], run.sides[ends])
    rows = zip(ends.tolist(), *(column.tolist() for column in columns), strict=True)
    return [
        EquityPoint(tape.closes(end), equity, drawdown, by_holding, price, side)
        for end, equity, drawdown, by_holding, price, side in rows
    ]
