"""Recursions over candles, compiled: each step depends on the one before.

A function that takes a state goes on from it and changes it: called once or in parts, it does the same steps.
"""

from __future__ import annotations

import numpy as np

from candlewick.indicators.compiling import Floats, compiled


@compiled
def smooth(values: Floats, length: int, weight: float, state: Floats) -> Floats:
    """An exponential mean that begins with the plain mean of the first `length` values; leading NaN is passed over.

    state: how many values were seen up to `length`, their sum or, from then on, the mean.
    """
    out = np.full(len(values), np.nan)
    for i in range(len(values)):
        if state[0] == length:
            state[1] += weight * (values[i] - state[1])
            out[i] = state[1]
        elif not np.isnan(values[i]):
            state[0] += 1
            state[1] += values[i]
            if state[0] == length:
                state[1] /= length
                out[i] = state[1]
    return out


@compiled
def session_sums(starts: Floats, values: Floats, volumes: Floats, state: Floats) -> tuple[Floats, Floats]:
    """Sums of value and of volume since the session began, which `starts` names for each candle.

    state: whether there was a candle, the session's start, the sums.
    """
    value, volume = np.empty(len(values)), np.empty(len(values))
    for i in range(len(values)):
        if state[0] == 0 or starts[i] != state[1]:
            state[0], state[1], state[2], state[3] = 1, starts[i], 0, 0
        state[2] += values[i]
        state[3] += volumes[i]
        value[i], volume[i] = state[2], state[3]
    return value, volume


@compiled
def running_total(values: Floats, state: Floats) -> Floats:
    """The sum of all values so far. state: the sum."""
    out = np.empty(len(values))
    for i in range(len(values)):
        state[0] += values[i]
        out[i] = state[0]
    return out


@compiled
def adaptive_mean(close: Floats, length: int, fast: float, slow: float, state: Floats) -> Floats:
    """Kaufman's mean, from the value before its first one on (TA-Lib's seed).

    state: how many candles were seen, the mean, then the last `length` + 1 closes in a ring.
    """
    out = np.full(len(close), np.nan)
    ring = length + 1
    for i in range(len(close)):
        seen = int(state[0])
        state[2 + seen % ring] = close[i]
        state[0] += 1
        if seen < length:
            state[1] = close[i]
            continue
        change = abs(close[i] - state[2 + (seen + 1) % ring])
        path = 0.0
        for back in range(length):
            path += abs(state[2 + (seen - back) % ring] - state[2 + (seen - back - 1) % ring])
        ratio = change / path if path > 0 else 1.0
        constant = (ratio * (fast - slow) + slow) ** 2
        state[1] += constant * (close[i] - state[1])
        out[i] = state[1]
    return out


@compiled
def parabolic_sar(high: Floats, low: Floats, step: float, most: float, state: Floats) -> tuple[Floats, Floats]:
    """Wilder's stop and reverse, and 1 where it is long, −1 where it is short. The first move tells the first side.

    state: candles seen, side, sar, extreme, factor, high and low before, high and low before those.
    """
    sar, side = np.full(len(high), np.nan), np.full(len(high), np.nan)
    for i in range(len(high)):
        if state[0] == 0:
            state[0] = 1
        else:
            if state[0] == 1:
                state[0] = 2
                down, up = state[6] - low[i], high[i] - state[5]
                short = down > up and down > 0
                state[1] = -1.0 if short else 1.0
                state[2] = state[5] if short else state[6]
                state[3] = low[i] if short else high[i]
                state[4] = step
                state[5], state[6] = high[i], low[i]
            if state[1] > 0:
                if low[i] <= state[2]:
                    state[1] = -1.0
                    state[2] = max(state[3], state[5], high[i])
                    sar[i] = state[2]
                    state[4], state[3] = step, low[i]
                    state[2] = max(state[2] + state[4] * (state[3] - state[2]), state[5], high[i])
                else:
                    sar[i] = state[2]
                    if high[i] > state[3]:
                        state[3] = high[i]
                        state[4] = min(state[4] + step, most)
                    state[2] = min(state[2] + state[4] * (state[3] - state[2]), state[6], low[i])
            elif high[i] >= state[2]:
                state[1] = 1.0
                state[2] = min(state[3], state[6], low[i])
                sar[i] = state[2]
                state[4], state[3] = step, high[i]
                state[2] = min(state[2] + state[4] * (state[3] - state[2]), state[6], low[i])
            else:
                sar[i] = state[2]
                if low[i] < state[3]:
                    state[3] = low[i]
                    state[4] = min(state[4] + step, most)
                state[2] = max(state[2] + state[4] * (state[3] - state[2]), state[5], high[i])
            side[i] = state[1]
        state[5], state[6] = high[i], low[i]
    return sar, side


@compiled
def supertrend(
    high: Floats, low: Floats, close: Floats, atr: Floats, multiplier: float, state: Floats
) -> tuple[Floats, Floats]:
    """Seban's bands, which only tighten while the trend holds: the line, and 1 where the trend is up, −1 where down.

    state: whether it began, upper band, lower band, side, close before.
    """
    line, side = np.full(len(high), np.nan), np.full(len(high), np.nan)
    for i in range(len(high)):
        if np.isnan(atr[i]):
            state[4] = close[i]
            continue
        middle = (high[i] + low[i]) / 2
        upper, lower = middle + multiplier * atr[i], middle - multiplier * atr[i]
        if state[0] == 0:
            state[0], state[3] = 1, 1.0 if close[i] >= middle else -1.0
        else:
            if not (upper < state[1] or state[4] > state[1]):
                upper = state[1]
            if not (lower > state[2] or state[4] < state[2]):
                lower = state[2]
            if close[i] > state[1]:
                state[3] = 1.0
            elif close[i] < state[2]:
                state[3] = -1.0
        state[1], state[2], state[4] = upper, lower, close[i]
        side[i] = state[3]
        line[i] = lower if state[3] > 0 else upper
    return line, side
