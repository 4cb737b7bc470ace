"""Which side a trade counts for: its aggressor's where the venue says it, else by the tick rule.

The tick rule: a trade above the price before it was bought, one below it was sold, one at the same price is what the
one before was. The first of all is neither. Source: López de Prado, Advances in Financial Machine Learning, 2.3.2.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from candlewick.domain.batch import DecimalColumn

Signs = npt.NDArray[np.int8]
"""−1 sell, 0 neither, 1 buy."""


@dataclass(frozen=True, slots=True)
class LastTick:
    """What the next trade's sign depends on."""

    price: str | None = None
    sign: int = 0
    """By the tick rule."""


def signs(side: Signs, price: DecimalColumn, last: LastTick) -> tuple[Signs, LastTick]:
    """The sign of each trade, and what the next ones depend on."""
    if not len(side):
        return side, last
    ticks = _ticks(price, last)
    newest = LastTick(format(price[-1:].decimals()[0], "f"), int(ticks[-1]))
    return np.where(side == 0, ticks, side).astype(np.int8), newest


def _ticks(price: DecimalColumn, last: LastTick) -> Signs:
    """By the tick rule alone."""
    coefficients = price.coefficients
    moves = np.zeros(len(price), dtype=np.int8)
    moves[1:] = np.sign(coefficients[1:] - coefficients[:-1])
    moves[0] = _first_move(price, last)
    if moves[0] == 0:
        moves[0] = last.sign
    changed = np.where(moves != 0, np.arange(len(moves)), 0)
    carried: Signs = moves[np.maximum.accumulate(changed)]
    return carried


def _first_move(price: DecimalColumn, last: LastTick) -> int:
    if last.price is None:
        return 0
    first, before = price[:1].decimals()[0], Decimal(last.price)
    return (first > before) - (first < before)
