"""Exact fractions as decimal numbers: what a division leaves is kept to the end and rounded once."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

PLACES: Final = 36
"""Decimal places that a result may have: an amount of 18 places times a price of 18 places is exact."""


def rounded(value: Fraction, places: int = PLACES) -> Decimal:
    """The number, exact if so many decimal places hold it, else rounded half up (away from zero) to them."""
    whole, rest = divmod(abs(value.numerator) * 10**places, value.denominator)
    whole += 2 * rest >= value.denominator
    while places and whole % 10 == 0:
        whole, places = whole // 10, places - 1
    return Decimal((value < 0, tuple(map(int, str(whole))), -places)) if whole else Decimal(0)


def median(values: list[Fraction]) -> Fraction:
    """The one in the middle; of an even number the mean of the two in the middle, exactly."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
