"""Every indicator there is: parameters with their bounds, outputs, lookback, seed, source. Computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, isqrt, log
from typing import Final

from candlewick.domain.errors import UnknownIndicator
from candlewick.domain.indicator import LONGEST, IndicatorSpec, Memory, Parameters, ParameterSpec

_FADED: Final = 1e-11
"""What is left of a seed when a value counts as stable: far below 1e-9, since quotients of small means enlarge it."""
_CLOSE: Final = ("close",)
_RANGE: Final = ("high", "low", "close")
_TRADED: Final = ("high", "low", "close", "volume")
_WILDER: Final = "J. W. Wilder, New Concepts in Technical Trading Systems, 1978"
_MEAN_FIRST: Final = "The first value is the plain mean of as many values as the length, as TA-Lib's."


def _length(default: int, least: int = 2, name: str = "length", description: str = "") -> ParameterSpec:
    return ParameterSpec(name, default, least, LONGEST, True, description or "How many candles.")


def _factor(name: str, default: float, least: float, most: float, description: str) -> ParameterSpec:
    return ParameterSpec(name, default, least, most, False, description)


def _of(parameters: Parameters, name: str = "length") -> int:
    return int(parameters[name])


def _faded(weight: float) -> int:
    """Steps after which an exponential mean has forgotten its seed."""
    return ceil(log(_FADED) / log(1 - weight)) if weight < 1 else 1


def _ema(parameters: Parameters, name: str = "length") -> int:
    return _of(parameters, name) + _faded(2 / (_of(parameters, name) + 1))


def _wilder(parameters: Parameters, name: str = "length") -> int:
    return _of(parameters, name) + _faded(1 / _of(parameters, name))


def _stochastic(parameters: Parameters) -> int:
    return _of(parameters) + _of(parameters, "smooth") + _of(parameters, "signal") - 2


_SPECS: Final[Sequence[IndicatorSpec]] = (
    IndicatorSpec(
        "sma", "Simple moving average", (_length(20, 1),), _CLOSE, ("sma",), Memory.FINITE,
        _of, _of, "None.", "The mean of the last closes",
    ),
    IndicatorSpec(
        "ema", "Exponential moving average", (_length(20, 1),), _CLOSE, ("ema",), Memory.FADING,
        _of, _ema, _MEAN_FIRST, "Weight 2 ÷ (length + 1) for the newest close",
    ),
    IndicatorSpec(
        "wma", "Weighted moving average", (_length(20, 1),), _CLOSE, ("wma",), Memory.FINITE,
        _of, _of, "None.", "Weights length, length − 1, … 1 from the newest close",
    ),
    IndicatorSpec(
        "dema", "Double exponential moving average", (_length(20, 1),), _CLOSE, ("dema",), Memory.FADING,
        lambda p: 2 * _of(p) - 1, lambda p: 2 * _ema(p), _MEAN_FIRST,
        "P. Mulloy, Technical Analysis of Stocks & Commodities, February 1994: 2·EMA − EMA(EMA)",
    ),
    IndicatorSpec(
        "tema", "Triple exponential moving average", (_length(20, 1),), _CLOSE, ("tema",), Memory.FADING,
        lambda p: 3 * _of(p) - 2, lambda p: 3 * _ema(p), _MEAN_FIRST,
        "P. Mulloy, Technical Analysis of Stocks & Commodities, January 1994: 3·EMA − 3·EMA(EMA) + EMA(EMA(EMA))",
    ),
    IndicatorSpec(
        "kama", "Kaufman's adaptive moving average",
        (
            _length(10), _length(2, 1, "fast", "Length of the fastest mean."),
            _length(30, 1, "slow", "Length of the slowest mean."),
        ), _CLOSE, ("kama",), Memory.WHOLE, lambda p: _of(p) + 1, lambda p: _of(p) + 1,
        "It begins at the close before its first value, as TA-Lib's; pandas-ta begins at a mean.",
        "P. Kaufman, Trading Systems and Methods",
    ),
    IndicatorSpec(
        "hma", "Hull moving average", (_length(16),), _CLOSE, ("hma",), Memory.FINITE,
        lambda p: _of(p) + isqrt(_of(p)) - 1, lambda p: _of(p) + isqrt(_of(p)) - 1, "None.",
        "A. Hull, 2005: WMA of 2·WMA(length ÷ 2) − WMA(length), over √length, both rounded down",
    ),
    IndicatorSpec(
        "vwap", "Volume weighted average price of the day", (), ("open_time", *_TRADED), ("vwap",), Memory.WHOLE,
        lambda _: 1, lambda _: 1, "Sums begin anew at midnight UTC.", "Σ typical price·volume ÷ Σ volume",
    ),
    IndicatorSpec(
        "vwap_rolling", "Volume weighted average price of the last candles", (_length(20, 1),), _TRADED,
        ("vwap",), Memory.FINITE, _of, _of, "None.", "Σ typical price·volume ÷ Σ volume",
    ),
    IndicatorSpec(
        "rsi", "Relative strength index", (_length(14),), _CLOSE, ("rsi",), Memory.FADING,
        lambda p: _of(p) + 1, _wilder, _MEAN_FIRST + " pandas-ta without TA-Lib begins at the first change.", _WILDER,
    ),
    IndicatorSpec(
        "macd", "Moving average convergence and divergence",
        (
            _length(12, 2, "fast", "Length of the fast mean."), _length(26, 2, "slow", "Length of the slow mean."),
            _length(9, 1, "signal", "Length of the signal's mean."),
        ), _CLOSE, ("macd", "signal", "histogram"), Memory.FADING,
        lambda p: max(_of(p, "fast"), _of(p, "slow")) + _of(p, "signal") - 1,
        lambda p: max(_ema(p, "fast"), _ema(p, "slow")) + _ema(p, "signal"),
        "Each mean begins with its own first closes. TA-Lib begins the fast one where the slow one begins.",
        "G. Appel, 1979",
    ),
    IndicatorSpec(
        "stochastic", "Stochastic oscillator",
        (
            _length(14, 1), _length(3, 1, "smooth", "Length of the mean that %K is."),
            _length(3, 1, "signal", "Length of the mean of %K that %D is."),
        ), _RANGE, ("k", "d"), Memory.FINITE, _stochastic, _stochastic, "None. Of a range of nothing it is 0.",
        "G. Lane; plain means, as TA-Lib's STOCH",
    ),
    IndicatorSpec(
        "stochastic_rsi", "Stochastic of the RSI",
        (
            _length(14, 1), _length(14, 2, "rsi_length", "Length of the RSI."),
            _length(3, 1, "smooth", "Length of the mean that %K is."),
            _length(3, 1, "signal", "Length of the mean of %K that %D is."),
        ), _CLOSE, ("k", "d"), Memory.FADING, lambda p: _of(p, "rsi_length") + _stochastic(p),
        lambda p: _wilder(p, "rsi_length") + _stochastic(p), "That of the RSI. Of a range of nothing it is 0.",
        "T. Chande and S. Kroll, The New Technical Trader, 1994. TA-Lib's STOCHRSI does not smooth %K",
    ),
    IndicatorSpec(
        "cci", "Commodity channel index", (_length(20),), _RANGE, ("cci",), Memory.FINITE, _of, _of,
        "None. Of prices that do not differ it is 0.", "D. Lambert, 1980; constant 0.015. pandas-ta's divides wrongly",
    ),
    IndicatorSpec(
        "williams_r", "Williams %R", (_length(14, 1),), _RANGE, ("williams_r",), Memory.FINITE, _of, _of,
        "None. Of a range of nothing it is 0.", "L. Williams; −100 at the low of the range, 0 at its high",
    ),
    IndicatorSpec(
        "roc", "Rate of change", (_length(10, 1),), _CLOSE, ("roc",), Memory.FINITE,
        lambda p: _of(p) + 1, lambda p: _of(p) + 1, "None.", "In percent of the close `length` candles ago",
    ),
    IndicatorSpec(
        "mfi", "Money flow index", (_length(14, 1),), _TRADED, ("mfi",), Memory.FINITE,
        lambda p: _of(p) + 1, lambda p: _of(p) + 1, "None. Without any flow it is 0.",
        "G. Quong and A. Soudack, 1989. An unchanged typical price flows nowhere; TA-Lib lets rounding decide",
    ),
    IndicatorSpec(
        "obv", "On-balance volume", (), ("close", "volume"), ("obv",), Memory.WHOLE, lambda _: 1, lambda _: 1,
        "It begins with the first candle's volume, as TA-Lib's. Others begin at 0: only differences mean anything.",
        "J. Granville, 1963",
    ),
    IndicatorSpec(
        "ad", "Accumulation and distribution", (), _TRADED, ("ad",), Memory.WHOLE, lambda _: 1, lambda _: 1,
        "It begins at 0 before the first candle: only differences mean anything.", "M. Chaikin",
    ),
    IndicatorSpec(
        "cmf", "Chaikin money flow", (_length(20, 1),), _TRADED, ("cmf",), Memory.FINITE, _of, _of,
        "None. Without volume it is 0.", "M. Chaikin",
    ),
    IndicatorSpec(
        "true_range", "True range", (), _RANGE, ("true_range",), Memory.FINITE, lambda _: 2, lambda _: 2,
        "None. The first candle has none, since it has no close before it.", _WILDER,
    ),
    IndicatorSpec(
        "atr", "Average true range", (_length(14, 1),), _RANGE, ("atr",), Memory.FADING,
        lambda p: _of(p) + 1, lambda p: _wilder(p) + 1, _MEAN_FIRST, _WILDER,
    ),
    IndicatorSpec(
        "bollinger", "Bollinger bands",
        (_length(20), _factor("deviations", 2, 0.01, 100, "How many standard deviations the bands are away.")), _CLOSE,
        ("lower", "middle", "upper"), Memory.FINITE, _of, _of,
        "None. The deviation is that of a population, as TA-Lib's; pandas-ta takes a sample's.", "J. Bollinger",
    ),
    IndicatorSpec(
        "keltner", "Keltner channels",
        (
            _length(20, 1), _length(10, 1, "atr_length", "Length of the average true range."),
            _factor("multiplier", 2, 0.01, 100, "How many average true ranges the bands are away."),
        ), _RANGE, ("lower", "middle", "upper"), Memory.FADING,
        lambda p: max(_of(p), _of(p, "atr_length") + 1), lambda p: max(_ema(p), _wilder(p, "atr_length") + 1),
        _MEAN_FIRST, "L. Raschke's form: an EMA, and Wilder's average true range",
    ),
    IndicatorSpec(
        "donchian", "Donchian channels", (_length(20, 1),), ("high", "low"), ("lower", "middle", "upper"),
        Memory.FINITE, _of, _of, "None. The candle itself counts.", "R. Donchian",
    ),
    IndicatorSpec(
        "adx", "Average directional index", (_length(14),), _RANGE, ("adx", "plus_di", "minus_di"), Memory.FADING,
        lambda p: 2 * _of(p), lambda p: 2 * _wilder(p) + 1,
        _MEAN_FIRST + " TA-Lib's begins its sums with one value less.", _WILDER,
    ),
    IndicatorSpec(
        "aroon", "Aroon", (_length(14, 1),), ("high", "low"), ("up", "down"), Memory.FINITE,
        lambda p: _of(p) + 1, lambda p: _of(p) + 1, "None. Of equal extremes the newest counts.", "T. Chande, 1995",
    ),
    IndicatorSpec(
        "supertrend", "Supertrend",
        (_length(10, 1), _factor("multiplier", 3, 0.01, 100, "How many average true ranges the bands are away.")),
        _RANGE, ("line", "side"), Memory.WHOLE, lambda p: _of(p) + 1, lambda p: _wilder(p) + 1,
        "It begins above or below as the close lies in its candle. The average true range is Wilder's.", "O. Seban",
    ),
    IndicatorSpec(
        "psar", "Parabolic stop and reverse",
        (
            _factor("step", 0.02, 0.0001, 1, "What the factor begins with and grows by."),
            _factor("most", 0.2, 0.0001, 1, "What the factor grows to."),
        ), ("high", "low"), ("sar", "side"), Memory.WHOLE, lambda _: 2, lambda _: 2,
        "The larger move between the first two candles tells the first side, as TA-Lib's.", _WILDER,
    ),
    IndicatorSpec(
        "ichimoku", "Ichimoku",
        (
            _length(9, 1, "conversion", "Length of the conversion line."),
            _length(26, 1, "base", "Length of the base line."),
            _length(52, 1, "span", "Length of the second leading span."),
            _length(26, 1, "displacement", "How far the leading spans are drawn ahead; the candle itself counts."),
        ), ("high", "low"), ("conversion", "base", "leading_a", "leading_b"), Memory.FINITE,
        lambda p: max(_of(p, "conversion"), _of(p, "base"), _of(p, "span")) + _of(p, "displacement") - 1,
        lambda p: max(_of(p, "conversion"), _of(p, "base"), _of(p, "span")) + _of(p, "displacement") - 1,
        "None. The leading spans are those known at the candle. There is no lagging span: it is the close of later.",
        "G. Hosoda, 1969",
    ),
    IndicatorSpec(
        "z_score", "Z-score", (_length(20),), _CLOSE, ("z_score",), Memory.FINITE, _of, _of,
        "None. The deviation is that of a sample. Of closes that do not differ it is 0.",
        "(close − mean) ÷ standard deviation",
    ),
    IndicatorSpec(
        "realised_volatility", "Realised volatility",
        (
            _length(20),
            _factor("per_year", 1, 1, 40_000_000, "Candles of a year, to annualise: of days 365, of minutes 525600."),
        ), _CLOSE, ("volatility",), Memory.FINITE, lambda p: _of(p) + 1, lambda p: _of(p) + 1,
        "None.", "The sample's standard deviation of logarithmic returns, times √per_year",
    ),
)  # fmt: skip

TOTALS: Final = frozenset({"obv", "ad"})
"""Sums of all candles from the first on: begun anywhere else they are another level, and never become the same."""
BY_DAY: Final = frozenset({"vwap"})
"""Sums that begin anew each day."""

CATALOGUE: Final[Mapping[str, IndicatorSpec]] = {spec.name: spec for spec in _SPECS}
"""By name."""


def indicator(name: str) -> IndicatorSpec:
    """The one of that name. Raises UnknownIndicator."""
    if name not in CATALOGUE:
        raise UnknownIndicator(name, CATALOGUE)
    return CATALOGUE[name]
