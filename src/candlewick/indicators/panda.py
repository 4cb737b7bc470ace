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


def deviation(values: Floats, length: int, ddof: int) -> Floats:
    """The standard deviation; `ddof` 0 of a population, 1 of a sample."""
    return _array(ta.stdev(pd.Series(values), length=length, ddof=ddof, talib=False), values)


def _array(found: Any, like: Floats) -> Floats:
    """pandas-ta says None where there are too few values."""
    return np.full(len(like), np.nan) if found is None else found.to_numpy(float)
