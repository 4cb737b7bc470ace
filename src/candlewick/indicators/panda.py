"""pandas-ta, as far as its answers are right and quick. The only place that imports it, and only in workers.

`talib=False` everywhere: whether TA-Lib is installed must not change an answer.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its own imports: pandas 3 deprecates what it uses
    import pandas_ta as ta

type Floats = npt.NDArray[np.float64]


def mean(values: Floats, length: int) -> Floats:
    """The plain mean of the last `length`."""
    if length == 1:
        return values  # pandas-ta's fails
    return _array(ta.sma(pd.Series(values), length=length, talib=False), values)


def weighted_mean(values: Floats, length: int) -> Floats:
    """The mean whose weights fall evenly with age."""
    return _array(ta.wma(pd.Series(values), length=length, talib=False), values)


def rate_of_change(values: Floats, length: int) -> Floats:
    """In percent of the value `length` candles ago."""
    return _array(ta.roc(pd.Series(values), length=length, talib=False), values)


def channel(high: Floats, low: Floats, length: int) -> tuple[Floats, Floats]:
    """The lowest low and the highest high."""
    found: Any = ta.donchian(pd.Series(high), pd.Series(low), lower_length=length, upper_length=length)
    if found is None:
        return _nothing(high), _nothing(high)
    lowest, _, highest = (found[name].to_numpy(float) for name in found)
    return lowest, highest


def deviation(values: Floats, length: int, ddof: int) -> Floats:
    """The standard deviation; `ddof` 0 of a population, 1 of a sample."""
    return _array(ta.stdev(pd.Series(values), length=length, ddof=ddof, talib=False), values)


def total(values: Floats, length: int) -> Floats:
    """The sum of the last `length`."""
    found: Floats = pd.Series(values).rolling(length).sum().to_numpy()
    return found


def _array(found: Any, like: Floats) -> Floats:
    """pandas-ta says None where there are too few values."""
    return _nothing(like) if found is None else found.to_numpy(float)


def _nothing(like: Floats) -> Floats:
    return np.full(len(like), np.nan)
