"""What the last candles make together, compiled: sums, means, extremes.

After NaN a window begins anew: there is no value before it is full again. A value depends on its window alone, as far
as floats allow: sums carry what rounding lost of them, so that a series of a million candles ends as one of twenty.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from candlewick.indicators.compiling import Floats, compiled


@compiled
def total(values: Floats, length: int) -> Floats:
    """The sum of the last `length` (Neumaier's); exactly 0 of zeros, whatever was before them."""
    out = np.full(len(values), np.nan)
    known, others, found, lost = 0, 0, 0.0, 0.0
    for i in range(len(values)):
        if np.isnan(values[i]):
            known, others, found, lost = 0, 0, 0.0, 0.0
            continue
        known += 1
        others += values[i] != 0
        for leaving in range(1 + (known > length)):
            change = -values[i - length] if leaving else values[i]
            others -= leaving and change != 0
            changed = found + change
            if abs(found) >= abs(change):
                lost += (found - changed) + change
            else:
                lost += (change - changed) + found
            found = changed
        if others == 0:
            found, lost = 0.0, 0.0
        if known >= length:
            out[i] = found + lost
    return out


@compiled
def mean(values: Floats, length: int) -> Floats:
    """The plain mean of the last `length`; of equal values exactly that value."""
    out = total(values, length) / length
    equal = 0
    for i in range(len(values)):
        equal = equal + 1 if i > 0 and values[i] == values[i - 1] else 1
        if equal >= length and not np.isnan(out[i]):
            out[i] = values[i]
    return out


@compiled
def weighted_mean(values: Floats, length: int) -> Floats:
    """The mean whose weights fall evenly with age."""
    out = np.full(len(values), np.nan)
    known = 0
    for i in range(len(values)):
        known = 0 if np.isnan(values[i]) else known + 1
        if known >= length:
            found = 0.0
            for back in range(length):
                found += (length - back) * values[i - back]
            out[i] = found / (length * (length + 1) / 2)
    return out


@compiled
def mean_deviation(values: Floats, means: Floats, length: int) -> Floats:
    """The mean distance of the last `length` values from their mean."""
    out = np.full(len(values), np.nan)
    for i in range(length - 1, len(values)):
        distance = 0.0
        for k in range(i - length + 1, i + 1):
            distance += abs(values[k] - means[i])
        out[i] = distance / length
    return out


@compiled
def extreme_places(values: Floats, length: int, sign: float) -> npt.NDArray[np.int64]:
    """Where the highest (sign 1) or lowest (−1) of the last `length` stands; of equal ones the newest. −1 where fewer
    are known."""
    out = np.full(len(values), -1, dtype=np.int64)
    rivals = np.empty(length, dtype=np.int64)  # a ring of those that may come to be it, best first
    first, count, known = 0, 0, 0
    for i in range(len(values)):
        if np.isnan(values[i]):
            count, known = 0, 0
            continue
        known += 1
        if count and rivals[first] <= i - length:
            first, count = (first + 1) % length, count - 1
        while count and sign * values[i] >= sign * values[rivals[(first + count - 1) % length]]:
            count -= 1
        rivals[(first + count) % length] = i
        count += 1
        if known >= length:
            out[i] = rivals[first]
    return out


def channel(high: Floats, low: Floats, length: int) -> tuple[Floats, Floats]:
    """The lowest low and the highest high of the last `length`."""
    return _at(low, extreme_places(low, length, -1.0)), _at(high, extreme_places(high, length, 1.0))


def since_extreme(values: Floats, length: int, sign: float) -> Floats:
    """How many candles ago the highest (sign 1) or lowest (−1) of the last `length` was."""
    places = extreme_places(values, length, sign)
    return np.where(places < 0, np.nan, np.arange(len(values)) - places)


def _at(values: Floats, places: npt.NDArray[np.int64]) -> Floats:
    return np.where(places < 0, np.nan, values[places])
