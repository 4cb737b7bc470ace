"""Where in a batch the open bar becomes full, and how much of that trade is too much."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

import numpy as np

from candlewick.bars.prefix import Prefix
from candlewick.domain.bar import BarRule
from candlewick.domain.batch import Integers

_FIRST_LOOK: Final = 64
"""Trades that are looked at first for an imbalance, which comes and goes; then twice as many, and so on."""

type Number = int | Fraction
"""In the prefix's units, in which whole trades are whole numbers."""


@dataclass(frozen=True, slots=True)
class Begun:
    """How far the open bar is: before the batch, and by a part of the trade that it begins with."""

    start: int
    """The position of its first trade in the batch, or of the next one."""
    taken: Number = 0
    """What of that trade is in the bar before, as it is measured."""
    total: Number = 0
    """What it had before the batch."""
    buys: Number = 0
    sells: Number = 0


@dataclass(frozen=True, slots=True)
class Full:
    """The trades up to `end`, not included, fill the bar; `rest` of the last one is more than it holds."""

    end: int
    rest: Number


def full(rule: BarRule, sums: Prefix, begun: Begun, threshold: Number) -> Full | None:
    """Where the bar is full; None if it is not by the end of the batch."""
    match rule:
        case BarRule.THRESHOLD:
            return _reach(sums.total, begun.start, begun.taken + threshold - begun.total)
        case BarRule.RUNS:
            return _run(sums, begun, threshold)
        case BarRule.IMBALANCE:
            return _imbalance(sums, begun, threshold)


def _reach(sums: Integers, start: int, further: Number) -> Full | None:
    """Where sums that only grow are so much further than at the start."""
    target = int(sums[start]) + further
    end = max(int(sums.searchsorted(ceil(target))), start + 1)
    return Full(end, int(sums[end]) - target) if end < len(sums) else None


def _run(sums: Prefix, begun: Begun, threshold: Number) -> Full | None:
    sign = _sign(sums, begun.start)
    sides = (
        _reach(sums.buys, begun.start, threshold - begun.buys + (begun.taken if sign > 0 else 0)),
        _reach(sums.sells, begun.start, threshold - begun.sells + (begun.taken if sign < 0 else 0)),
    )
    return min((side for side in sides if side is not None), key=lambda side: side.end, default=None)


def _imbalance(sums: Prefix, begun: Begun, threshold: Number) -> Full | None:
    ahead = int(sums.ahead[begun.start]) + _sign(sums, begun.start) * begun.taken - begun.buys + begun.sells
    high, low = ahead + threshold, ahead - threshold
    first, many = begun.start + 1, _FIRST_LOOK
    while first < len(sums.ahead):
        seen = sums.ahead[first : first + many]
        hits = (seen >= ceil(high)) | (seen <= -ceil(-low))
        if hits.any():
            end = first + int(np.argmax(hits))
            reached = int(sums.ahead[end])
            return Full(end, reached - high if reached >= high else low - reached)
        first, many = first + many, 2 * many
    return None


def _sign(sums: Prefix, position: int) -> int:
    return int(sums.sign[position]) if position < len(sums.sign) else 0
