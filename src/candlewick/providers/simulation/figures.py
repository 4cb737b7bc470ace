"""Columns of exact numbers: products, sums, and their text with eight decimals or another number of them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from candlewick.domain.batch import DecimalColumn, Integers

_PLACES: Final = 8
_ONE: Final = 10**_PLACES


def product(price: DecimalColumn, size: DecimalColumn) -> DecimalColumn:
    """Price × size, exact: in Python's integers where 64 bits would not do."""
    narrow = not len(price) or float(price.coefficients.max()) * float(size.coefficients.max()) < 2**62
    coefficients: Integers = (
        price.coefficients * size.coefficients if narrow else price.coefficients.astype(object) * size.coefficients
    )
    return DecimalColumn(coefficients, price.scale + size.scale)


def sums(column: DecimalColumn, starts: npt.NDArray[np.int64]) -> list[str]:
    """The sum of each group, exact: in Python's integers where 64 bits would not do."""
    narrow = float(np.abs(column.coefficients.astype(np.float64)).sum()) < 2**62
    coefficients = column.coefficients if narrow else column.coefficients.astype(object)
    return texts(DecimalColumn(np.add.reduceat(coefficients, starts), column.scale))


def texts(column: DecimalColumn) -> list[str]:
    """The values with eight decimals."""
    return list(map("%d.%08d".__mod__, zip(*parts(column), strict=True)))


def fixed(column: DecimalColumn, places: int) -> list[str]:
    """The values with so many decimals, what is finer cut off."""
    cut = max(column.scale - places, 0)
    coefficients = column.coefficients // 10**cut if cut else column.rescaled(places)
    if not places:
        return list(map(str, coefficients.tolist()))
    whole, rest = np.divmod(coefficients, 10**places)
    return list(map(f"%d.%0{places}d".__mod__, zip(whole.tolist(), rest.tolist(), strict=True)))


def parts(column: DecimalColumn) -> tuple[list[int], list[int]]:
    """What stands before and after the point of each value."""
    whole, rest = np.divmod(_eighths(column), _ONE)
    return whole.tolist(), rest.tolist()


def _eighths(column: DecimalColumn) -> npt.NDArray[Any]:
    """The values × 10⁸, what is finer cut off."""
    if column.scale > _PLACES:
        cut: npt.NDArray[Any] = column.coefficients // 10 ** (column.scale - _PLACES)
        return cut
    return column.rescaled(_PLACES)
