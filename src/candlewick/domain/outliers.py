"""Prices that cannot be right and are kept all the same: a venue said so, and it may yet take them back."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from candlewick.domain.batch import TradeBatch

FACTOR: Final = 10
"""So many times above or below the median of its neighbours. Errors by a factor of 100 have been seen at venues."""
FEWEST: Final = 10
"""Trades whose median means something."""


def outliers(batch: TradeBatch) -> npt.NDArray[np.bool_]:
    """Which of the trades have prices far from those of the batch; none of a batch that is too small to tell."""
    if len(batch) < FEWEST:
        return np.zeros(len(batch), dtype=np.bool_)
    prices: npt.NDArray[Any] = batch.price.coefficients
    median = np.sort(prices)[len(prices) // 2]
    if prices.dtype != object and int(prices.max()) >= 2**63 // FACTOR:
        prices = prices.astype(object)
    far: npt.NDArray[np.bool_] = (prices > median * FACTOR) | (prices * FACTOR < median)
    return far.astype(np.bool_)
