"""What TA-Lib does not have, by its definition: candle by candle, with the default parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import talib

from candlewick.indicators.series import CandleSeries
from unit.indicators.answers import Floats

type Definition = Callable[[CandleSeries], Sequence[Sequence[float] | Floats]]


def _last(values: Floats, end: int, length: int) -> Floats:
    return values[end - length + 1 : end + 1]


def _each(candles: CandleSeries, first: int, value: Callable[[int], float]) -> list[list[float]]:
    return [[value(i) if i >= first else np.nan for i in range(len(candles))]]


def _typical(candles: CandleSeries) -> Floats:
    return (candles.high + candles.low + candles.close) / 3


def _hull(candles: CandleSeries) -> list[list[float]]:
    def weighted(values: Floats, end: int, length: int) -> float:
        weights = np.arange(1, length + 1)
        return float((_last(values, end, length) * weights).sum() / weights.sum())

    close = candles.close
    [inner] = _each(candles, 15, lambda i: 2 * weighted(close, i, 8) - weighted(close, i, 16))
    return _each(candles, 18, lambda i: weighted(np.array(inner), i, 4))


def _vwap_of_the_day(candles: CandleSeries) -> list[list[float]]:
    days, worth, volume = candles.open_time // 86_400_000_000, _typical(candles) * candles.volume, candles.volume

    def value(i: int) -> float:
        today = np.flatnonzero(days[: i + 1] == days[i])
        return float(worth[today].sum() / volume[today].sum()) if volume[today].sum() else np.nan

    return _each(candles, 0, value)


def _vwap_rolling(candles: CandleSeries) -> list[list[float]]:
    worth, volume = _typical(candles) * candles.volume, candles.volume
    return _each(candles, 19, lambda i: float(_last(worth, i, 20).sum() / _last(volume, i, 20).sum()))


def _chaikin_flow(candles: CandleSeries) -> list[list[float]]:
    high, low, volume = candles.high, candles.low, candles.volume
    flow = np.where(high > low, (2 * candles.close - high - low) / np.where(high > low, high - low, 1), 0) * volume
    return _each(candles, 19, lambda i: float(_last(flow, i, 20).sum() / _last(volume, i, 20).sum()))


def _keltner(candles: CandleSeries) -> list[Floats]:
    middle = talib.EMA(candles.close, 20)
    width = 2 * talib.ATR(candles.high, candles.low, candles.close, 10)
    return [middle - width, middle, middle + width]


def _z_score(candles: CandleSeries) -> list[list[float]]:
    def value(i: int) -> float:
        last = _last(candles.close, i, 20)
        return float((candles.close[i] - last.mean()) / last.std(ddof=1))

    return _each(candles, 19, value)


def _volatility(candles: CandleSeries) -> list[list[float]]:
    returns = np.diff(np.log(candles.close), prepend=np.nan)
    return _each(candles, 20, lambda i: float(_last(returns, i, 20).std(ddof=1)))


def _ichimoku(candles: CandleSeries) -> list[Floats]:
    high, low = candles.high, candles.low
    middles = {n: (talib.MAX(high, n) + talib.MIN(low, n)) / 2 for n in (9, 26, 52)}
    leading = ((middles[9] + middles[26]) / 2, middles[52])
    return [middles[9], middles[26], *(np.concatenate([np.full(25, np.nan), each[:-25]]) for each in leading)]


def _supertrend(candles: CandleSeries) -> list[list[float]]:
    atr = talib.ATR(candles.high, candles.low, candles.close, 10)
    middle, close = (candles.high + candles.low) / 2, candles.close
    line, side = [np.nan] * 10, [np.nan] * 10
    upper, lower, trend = middle[10] + 3 * atr[10], middle[10] - 3 * atr[10], 1 if close[10] >= middle[10] else -1
    for i in range(10, len(candles)):
        basic_upper, basic_lower = middle[i] + 3 * atr[i], middle[i] - 3 * atr[i]
        if i > 10:
            trend = 1 if close[i] > upper else -1 if close[i] < lower else trend
            upper = basic_upper if basic_upper < upper or close[i - 1] > upper else upper
            lower = basic_lower if basic_lower > lower or close[i - 1] < lower else lower
        line.append(lower if trend > 0 else upper)
        side.append(trend)
    return [line, side]


DEFINITIONS: Final[Mapping[str, Definition]] = {
    "hma": _hull, "vwap": _vwap_of_the_day, "vwap_rolling": _vwap_rolling, "cmf": _chaikin_flow, "keltner": _keltner,
    "z_score": _z_score, "realised_volatility": _volatility, "ichimoku": _ichimoku, "supertrend": _supertrend,
}  # fmt: skip
"""By the name in the catalogue."""
