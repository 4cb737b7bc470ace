"""Functions over arrays, compiled by numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

type Floats = npt.NDArray[np.float64]


def compiled[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Compiled at the first call, and kept on disk for the next process. Other threads run on meanwhile."""
    made: Any = njit(cache=True, nogil=True)(function)
    return made  # type: ignore[no-any-return]
