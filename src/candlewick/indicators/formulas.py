"""The formulas: each takes candles, its parameters and a state, and gives one array for each of its outputs.

Where a formula remembers everything (see `Memory`), the state is what it goes on from; the others leave it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from candlewick.domain.indicator import Parameters
from candlewick.indicators import panda
from candlewick.indicators.recursions import (
    adaptive_mean,
    parabolic_sar,
    running_total,
    session_sums,
    smooth,
    supertrend,
)
from candlewick.indicators.series import CandleSeries
from candlewick.indicators.states import States
from candlewick.indicators.windows import channel, mean, mean_deviation, since_extreme, total, weighted_mean

type Floats = npt.NDArray[np.float64]
type Outputs = Sequence[Floats]
type Formula = Callable[[CandleSeries, Parameters, States], Outputs]

_DAY: Final = 86_400_000_000
_ROUNDED: Final = 1e-13
"""Relative: means of the same digits in another order may differ by so much, and are equal."""


def _ema(values: Floats, length: int) -> Floats:
    return smooth(values, length, 2 / (length + 1), np.zeros(2))


def _wilder(values: Floats, length: int, state: Floats | None = None) -> Floats:
    return smooth(values, length, 1 / length, np.zeros(2) if state is None else state)


def _length(parameters: Parameters, name: str = "length") -> int:
    return int(parameters[name])


def _typical(candles: CandleSeries) -> Floats:
    return (candles.high + candles.low + candles.close) / 3


def _shifted(values: Floats, places: int) -> Floats:
    """The values so many places later; NaN before them. Never earlier: that would look ahead."""
    return np.concatenate([np.full(min(places, len(values)), np.nan), values[: max(len(values) - places, 0)]])


def _ratio(over: Floats, under: Floats, otherwise: float) -> Floats:
    """A quotient, with what stands for 0 ÷ 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = over / under
    return np.where((under == 0) & ~np.isnan(over), otherwise, found)


def _true_ranges(candles: CandleSeries, before: Floats | None = None) -> Floats:
    """The range of each candle with the close before it; NaN of the first."""
    before = _shifted(candles.close, 1) if before is None else before
    reach = np.maximum(np.abs(candles.high - before), np.abs(candles.low - before))
    found: Floats = np.maximum(candles.high - candles.low, reach)
    return found


def sma(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    return (mean(candles.close, _length(parameters)),)


def ema(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    return (_ema(candles.close, _length(parameters)),)


def wma(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    return (weighted_mean(candles.close, _length(parameters)),)


def dema(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    once = _ema(candles.close, _length(parameters))
    return (2 * once - _ema(once, _length(parameters)),)


def tema(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    length = _length(parameters)
    once = _ema(candles.close, length)
    twice = _ema(once, length)
    return (3 * once - 3 * twice + _ema(twice, length),)


def kama(candles: CandleSeries, parameters: Parameters, states: States) -> Outputs:
    length = _length(parameters)
    fast, slow = (2 / (parameters[name] + 1) for name in ("fast", "slow"))
    return (adaptive_mean(candles.close, length, fast, slow, states.of("kama", length + 3)),)


def hma(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    length = _length(parameters)
    half, whole = (weighted_mean(candles.close, each) for each in (length // 2, length))
    return (weighted_mean(2 * half - whole, isqrt(length)),)


def vwap_session(candles: CandleSeries, _: Parameters, states: States) -> Outputs:
    days = (candles.open_time - candles.open_time % _DAY).astype(np.float64)
    worth = _typical(candles) * candles.volume
    value, volume = session_sums(days, worth, candles.volume, states.of("vwap", 4))
    return (_ratio(value, volume, np.nan),)


def vwap_rolling(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    length = _length(parameters)
    worth = total(_typical(candles) * candles.volume, length)
    return (_ratio(worth, total(candles.volume, length), np.nan),)


def _rsi(close: Floats, length: int) -> Floats:
    moves = close - _shifted(close, 1)
    gains, losses = (_wilder(np.where(np.isnan(moves), np.nan, part), length) for part in _sides(moves))
    return 100 * _ratio(gains, gains + losses, 0.0)


def _sides(moves: Floats) -> tuple[Floats, Floats]:
    return np.maximum(moves, 0), np.maximum(-moves, 0)


def rsi(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    return (_rsi(candles.close, _length(parameters)),)


def macd(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    fast, slow = (_ema(candles.close, _length(parameters, name)) for name in ("fast", "slow"))
    line = fast - slow
    signal = _ema(line, _length(parameters, "signal"))
    return line, signal, line - signal


def _position(value: Floats, lowest: Floats, highest: Floats) -> Floats:
    """Where in a range, in percent; 0 where the range is none."""
    return 100 * _ratio(value - lowest, highest - lowest, 0.0)


def stochastic(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    lowest, highest = channel(candles.high, candles.low, _length(parameters))
    k = mean(_position(candles.close, lowest, highest), _length(parameters, "smooth"))
    return k, mean(k, _length(parameters, "signal"))


def stochastic_rsi(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    strength = _rsi(candles.close, _length(parameters, "rsi_length"))
    lowest, highest = channel(strength, strength, _length(parameters))
    k = mean(_position(strength, lowest, highest), _length(parameters, "smooth"))
    return k, mean(k, _length(parameters, "signal"))


def cci(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    typical, length = _typical(candles), _length(parameters)
    means = mean(typical, length)
    return (_ratio(typical - means, 0.015 * mean_deviation(typical, means, length), 0.0),)


def williams_r(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    lowest, highest = channel(candles.high, candles.low, _length(parameters))
    return (-100 * _ratio(highest - candles.close, highest - lowest, 0.0),)


def roc(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    return (100 * (candles.close / _shifted(candles.close, _length(parameters)) - 1),)


def mfi(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    typical, length = _typical(candles), _length(parameters)
    moves = typical - _shifted(typical, 1)
    least = _ROUNDED * typical
    flow = np.where(np.isnan(moves), np.nan, typical * candles.volume)
    chosen = (moves > least, moves < -least)
    inward, outward = (total(np.where(each | np.isnan(flow), flow, 0.0), length) for each in chosen)
    return (100 * _ratio(inward, inward + outward, 0.0),)


def obv(candles: CandleSeries, _: Parameters, states: States) -> Outputs:
    before = states.before("close", candles.close)
    signed = np.sign(candles.close - before) * candles.volume
    return (running_total(np.where(np.isnan(before), candles.volume, signed), states.of("obv", 1)),)


def _money_flow(candles: CandleSeries) -> Floats:
    """Volume by where in its range a candle closed: all of it at the high, none in the middle, minus all at the low."""
    leaning = (candles.close - candles.low) - (candles.high - candles.close)
    return _ratio(leaning, candles.high - candles.low, 0.0) * candles.volume


def accumulation(candles: CandleSeries, _: Parameters, states: States) -> Outputs:
    return (running_total(_money_flow(candles), states.of("ad", 1)),)


def cmf(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    length = _length(parameters)
    return (_ratio(total(_money_flow(candles), length), total(candles.volume, length), 0.0),)


def true_range(candles: CandleSeries, _: Parameters, __: States) -> Outputs:
    return (_true_ranges(candles),)


def atr(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    return (_wilder(_true_ranges(candles), _length(parameters)),)


def bollinger(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    length = _length(parameters)
    middle = mean(candles.close, length)
    width = parameters["deviations"] * panda.deviation(candles.close, length, 0)
    return middle - width, middle, middle + width


def keltner(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    middle = _ema(candles.close, _length(parameters))
    width = parameters["multiplier"] * _wilder(_true_ranges(candles), _length(parameters, "atr_length"))
    return middle - width, middle, middle + width


def donchian(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    lowest, highest = channel(candles.high, candles.low, _length(parameters))
    return lowest, (lowest + highest) / 2, highest


def adx(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    length = _length(parameters)
    up, down = candles.high - _shifted(candles.high, 1), _shifted(candles.low, 1) - candles.low
    unknown = np.isnan(up)
    rises = np.where(unknown, np.nan, np.where((up > down) & (up > 0), up, 0.0))
    falls = np.where(unknown, np.nan, np.where((down > up) & (down > 0), down, 0.0))
    ranges = _wilder(_true_ranges(candles), length)
    plus, minus = (100 * _ratio(_wilder(moves, length), ranges, 0.0) for moves in (rises, falls))
    index = 100 * _ratio(np.abs(plus - minus), plus + minus, 0.0)
    return _wilder(index, length), plus, minus


def aroon(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    length = _length(parameters)
    up, down = since_extreme(candles.high, length + 1, 1.0), since_extreme(candles.low, length + 1, -1.0)
    return 100 * (length - up) / length, 100 * (length - down) / length


def trend_line(candles: CandleSeries, parameters: Parameters, states: States) -> Outputs:
    ranges = _true_ranges(candles, states.before("close", candles.close))
    atr_ = _wilder(ranges, _length(parameters), states.of("atr", 2))
    bands = states.of("supertrend", 5)
    return supertrend(candles.high, candles.low, candles.close, atr_, parameters["multiplier"], bands)


def psar(candles: CandleSeries, parameters: Parameters, states: States) -> Outputs:
    return parabolic_sar(candles.high, candles.low, parameters["step"], parameters["most"], states.of("psar", 7))


def ichimoku(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    channels = (
        channel(candles.high, candles.low, _length(parameters, name)) for name in ("conversion", "base", "span")
    )
    conversion, base, span = ((lowest + highest) / 2 for lowest, highest in channels)
    ahead = _length(parameters, "displacement") - 1
    return conversion, base, _shifted((conversion + base) / 2, ahead), _shifted(span, ahead)


def z_score(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    length = _length(parameters)
    distance = candles.close - mean(candles.close, length)
    return (_ratio(distance, panda.deviation(candles.close, length, 1), 0.0),)


def realised_volatility(candles: CandleSeries, parameters: Parameters, _: States) -> Outputs:
    returns = np.diff(np.log(candles.close))
    found = panda.deviation(returns, _length(parameters), 1) * np.sqrt(parameters["per_year"])
    return (np.concatenate([[np.nan], found]),)


FORMULAS: Final[Mapping[str, Formula]] = {
    "sma": sma, "ema": ema, "wma": wma, "dema": dema, "tema": tema, "kama": kama, "hma": hma,
    "vwap": vwap_session, "vwap_rolling": vwap_rolling, "rsi": rsi, "macd": macd, "stochastic": stochastic,
    "stochastic_rsi": stochastic_rsi, "cci": cci, "williams_r": williams_r, "roc": roc, "mfi": mfi, "obv": obv,
    "ad": accumulation, "cmf": cmf, "true_range": true_range, "atr": atr, "bollinger": bollinger, "keltner": keltner,
    "donchian": donchian, "adx": adx, "aroon": aroon, "supertrend": trend_line, "psar": psar, "ichimoku": ichimoku,
    "z_score": z_score, "realised_volatility": realised_volatility,
}  # fmt: skip
"""By the name in the catalogue."""
