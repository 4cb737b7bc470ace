"""Many bars at once, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact
from fractions import Fraction
from typing import Any, Final

import numpy as np
import numpy.typing as npt

PLACES: Final = 18
"""Decimal places of a sum that has no end, rounded half up: a part of a split trade is value ÷ price."""
_PRECISION: Final = 400


@dataclass(frozen=True, slots=True)
class SumColumn:
    """Exact sums: numbers ÷ 10^scale. Integers; fractions, where trades were split."""

    numbers: npt.NDArray[Any]
    scale: int

    def fractions(self) -> list[Fraction]:
        """The sums as they are."""
        return [Fraction(number) / 10**self.scale for number in self.numbers.tolist()]

    def decimals(self) -> list[Decimal]:
        """The sums, what has no end rounded half up to 18 places."""
        return [_decimal(number, self.scale) for number in self.numbers.tolist()]


@dataclass(frozen=True, slots=True)
class BarColumns:
    """Bars in order, as columns of equal length. Times are microseconds since 1970."""

    first: npt.NDArray[np.int64]
    """Sequences of their first trades."""
    last: npt.NDArray[np.int64]
    opened: npt.NDArray[np.int64]
    """Times of their first trades."""
    closed: npt.NDArray[np.int64]
    """Times of the trades that filled them."""
    open: SumColumn
    high: SumColumn
    low: SumColumn
    close: SumColumn
    volume: SumColumn
    quote_volume: SumColumn
    taker_buy_volume: SumColumn
    trades: npt.NDArray[np.int64]
    """How many trades have a part in each; one that was split counts in every bar that has some of it."""

    def __len__(self) -> int:
        return len(self.first)


def _decimal(number: int | Fraction, scale: int) -> Decimal:
    if isinstance(number, int):
        return Decimal(f"{number}E-{scale}")
    exact, context = number / 10**scale, Context(prec=_PRECISION)
    quotient = context.divide(Decimal(exact.numerator), Decimal(exact.denominator))
    if not context.flags[Inexact]:
        return quotient
    return quotient.quantize(Decimal(1).scaleb(-PLACES), ROUND_HALF_UP, context)
