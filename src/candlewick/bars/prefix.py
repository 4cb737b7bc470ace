"""Running sums over a batch of trades, exact: what a bar holds is a difference of two of them."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from candlewick.bars.signs import Signs
from candlewick.domain.bar import BarMeasure
from candlewick.domain.batch import Integers, TradeBatch

_NARROW: Final = 2.0**62
"""Sums below this fit 64 bits, however a float rounds them."""


class Prefix:
    """Sums over the first n trades, for n from 0 to their number, as integers over the scales of price and size."""

    def __init__(self, batch: TradeBatch, sign: Signs, measure: BarMeasure) -> None:
        self.price, self.lot = _wide_enough(batch.price.coefficients, batch.size.coefficients)
        value = self.price * self.lot
        self.size = _sums(self.lot)
        self.value = _sums(value)
        self.taker_buys = _sums(np.where(batch.side > 0, self.lot, 0))
        self.sign = sign
        self.size_scale = batch.size.scale
        self.price_scale = batch.price.scale
        self.value_scale = batch.price.scale + batch.size.scale
        measured: Integers
        match measure:
            case BarMeasure.TICK:
                self.scale, measured = 0, np.ones(len(batch), dtype=np.int64)
            case BarMeasure.VOLUME:
                self.scale, measured = self.size_scale, self.lot
            case BarMeasure.VALUE:
                self.scale, measured = self.value_scale, value
        self.total = _sums(measured)
        self._measured = measured

    @cached_property
    def buys(self) -> Integers:
        """What is measured, of the trades that count as buys."""
        return _sums(np.where(self.sign > 0, self._measured, 0))

    @cached_property
    def sells(self) -> Integers:
        return _sums(np.where(self.sign < 0, self._measured, 0))

    @cached_property
    def ahead(self) -> Integers:
        """Buys less sells."""
        return _sums(self._measured * self.sign)


def _wide_enough(price: Integers, size: Integers) -> tuple[Integers, Integers]:
    """As Python integers, if their products or the sums of these may not fit 64 bits."""
    if object in (price.dtype, size.dtype) or _largest_sum(price, size) >= _NARROW:
        return price.astype(object), size.astype(object)
    return price, size


def _largest_sum(price: npt.NDArray[Any], size: npt.NDArray[Any]) -> float:
    """No less than any sum of ours."""
    together = float(np.sum(size, dtype=np.float64))
    return max(together * float(price.max()), together)


def _sums(values: Integers) -> Integers:
    sums = np.zeros(len(values) + 1, dtype=values.dtype)
    np.cumsum(values, out=sums[1:])
    return sums
