"""Values of candles that follow on others: what a worker adds to a series that is kept ready."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from candlewick.domain.indicator import Indicator, Memory
from candlewick.indicators.formulas import FORMULAS
from candlewick.indicators.series import CandleSeries
from candlewick.indicators.states import States


def step(history: CandleSeries, new: int, indicator: Indicator, states: States) -> Sequence[npt.NDArray[np.float64]]:
    """The values of the last `new` candles of a history, which has its `reach` before them if there are so many.

    By the steps of `compute`, going on from `states` where the indicator remembers everything. A number that a candle
    has not (a volume that nobody knows) is no error here: the values that it has a say in are NaN.
    """
    spec = indicator.spec
    part = history[max(len(history) - new - indicator.reach, 0) :]
    if spec.memory is not Memory.WHOLE and len(part) < spec.first(indicator.parameters):
        return [np.full(new, np.nan) for _ in spec.outputs]
    return [output[len(output) - new :] for output in FORMULAS[spec.name](part, indicator.parameters, states)]
