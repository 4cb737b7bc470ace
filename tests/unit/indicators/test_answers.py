"""Values against answers that others computed: a library for .NET, recorded, and TA-Lib, installed for tests only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import talib

from candlewick.indicators.catalogue import CATALOGUE, indicator
from candlewick.indicators.compute import compute
from candlewick.indicators.series import CandleSeries
from unit.indicators.answers import Floats, answers, equal, recorded, walk
from unit.indicators.definitions import DEFINITIONS

MEAN = talib.MA_Type.SMA  # type: ignore[attr-defined]
type Oracle = Callable[[CandleSeries], Sequence[Floats]]

RECORDED = [
    ("sma", {"length": 20}, "sma", ["sma"]),
    ("ema", {"length": 20}, "ema", ["ema"]),
    ("rsi", {"length": 14}, "rsi", ["rsi"]),
    ("macd", {}, "macd", ["macd", "signal", "histogram"]),
    ("bollinger", {"length": 20, "deviations": 2}, "bb", ["lowerBand", "sma", "upperBand"]),
    ("atr", {"length": 14}, "atr", ["atr"]),
]
SCALES = {"macd": 100.0}
"""What a value is a difference of, where it may be next to nothing."""


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "parameters", "file", "fields"), RECORDED, ids=[each[0] for each in RECORDED])
def test_values_are_those_that_another_library_computed(
    name: str, parameters: dict[str, float], file: str, fields: list[str]
) -> None:
    found = compute(recorded(), indicator(name), parameters)

    assert found.stable_from < 502, "some of them are stable"
    for ours, field in zip(found.outputs, fields, strict=True):
        assert equal(ours, answers(file, field), found.stable_from, SCALES.get(name, 0.0)), field


@pytest.mark.shared_data
def test_on_balance_volume_differs_from_another_library_s_by_the_first_volume() -> None:
    [ours] = compute(recorded(), indicator("obv"), {}).outputs
    theirs = answers("obv", "obv")

    assert np.unique(ours - theirs).tolist() == [96_708_880.0]


ORACLES: dict[str, tuple[dict[str, float], Oracle]] = {
    "sma": ({"length": 9}, lambda c: [talib.SMA(c.close, 9)]),
    "ema": ({"length": 21}, lambda c: [talib.EMA(c.close, 21)]),
    "wma": ({"length": 9}, lambda c: [talib.WMA(c.close, 9)]),
    "dema": ({"length": 9}, lambda c: [talib.DEMA(c.close, 9)]),
    "tema": ({"length": 9}, lambda c: [talib.TEMA(c.close, 9)]),
    "kama": ({"length": 10}, lambda c: [talib.KAMA(c.close, 10)]),
    "rsi": ({"length": 14}, lambda c: [talib.RSI(c.close, 14)]),
    "macd": ({}, lambda c: talib.MACD(c.close)),
    "stochastic": ({"length": 14}, lambda c: talib.STOCH(c.high, c.low, c.close, 14, 3, MEAN, 3, MEAN)),
    "cci": ({"length": 20}, lambda c: [talib.CCI(c.high, c.low, c.close, 20)]),
    "williams_r": ({"length": 14}, lambda c: [talib.WILLR(c.high, c.low, c.close, 14)]),
    "roc": ({"length": 10}, lambda c: [talib.ROC(c.close, 10)]),
    "mfi": ({"length": 14}, lambda c: [talib.MFI(c.high, c.low, c.close, c.volume, 14)]),
    "obv": ({}, lambda c: [talib.OBV(c.close, c.volume)]),
    "ad": ({}, lambda c: [talib.AD(c.high, c.low, c.close, c.volume)]),
    "true_range": ({}, lambda c: [talib.TRANGE(c.high, c.low, c.close)]),
    "atr": ({"length": 14}, lambda c: [talib.ATR(c.high, c.low, c.close, 14)]),
    "bollinger": ({"length": 20}, lambda c: talib.BBANDS(c.close, 20)[::-1]),
    "donchian": (
        {"length": 20},
        lambda c: [
            talib.MIN(c.low, 20), (talib.MIN(c.low, 20) + talib.MAX(c.high, 20)) / 2, talib.MAX(c.high, 20)
        ],
    ),
    "adx": (
        {"length": 14},
        lambda c: [
            talib.ADX(c.high, c.low, c.close, 14), talib.PLUS_DI(c.high, c.low, c.close, 14),
            talib.MINUS_DI(c.high, c.low, c.close, 14),
        ],
    ),
    "aroon": ({"length": 14}, lambda c: talib.AROON(c.high, c.low, 14)[::-1]),
    "psar": ({}, lambda c: [talib.SAR(c.high, c.low)]),
    "stochastic_rsi": (
        {"smooth": 1}, lambda c: talib.STOCHRSI(c.close, 14, 14, 3, MEAN)
    ),
}  # fmt: skip
DIFFERENCES = {"macd": 100.0, "cci": 100.0, "roc": 100.0, "ad": 1e3, "obv": 1e3, "stochastic": 100, "williams_r": 100}
"""Of values that are differences of others: the size of these."""


@pytest.mark.parametrize("name", ORACLES)
def test_values_are_talib_s_once_they_are_stable(name: str) -> None:
    candles, (parameters, oracle) = walk(3_000, uneven=name == "mfi"), ORACLES[name]
    found = compute(candles, indicator(name), parameters)

    for ours, theirs in zip(found.outputs, oracle(candles), strict=False):
        assert equal(ours, theirs, max(found.stable_from, 1), DIFFERENCES.get(name, 1.0))


def test_every_indicator_that_talib_has_is_held_against_it() -> None:
    assert set(ORACLES) | set(DEFINITIONS) == set(CATALOGUE)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_values_are_what_the_definition_says(name: str) -> None:
    candles = walk(1_700)
    found = compute(candles, indicator(name), {})
    start = 1 if name == "vwap" else found.stable_from

    for ours, theirs in zip(found.outputs, DEFINITIONS[name](candles), strict=True):
        assert equal(ours, np.array(theirs, dtype=np.float64), start, 1.0 if name in {"z_score", "cmf"} else 0.0)
