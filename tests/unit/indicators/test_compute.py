"""What computing promises: no lookahead, the same in parts, nothing that TA-Lib changes, clear refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from candlewick.domain.errors import (
    InvalidInput,
    InvalidParameter,
    NotANumber,
    TooFewCandles,
    UnknownIndicator,
    UnknownParameter,
)
from candlewick.domain.indicator import Memory
from candlewick.indicators.catalogue import CATALOGUE, indicator
from candlewick.indicators.compute import compute, follow, warm_up
from candlewick.indicators.formulas import FORMULAS
from candlewick.indicators.series import CandleSeries
from candlewick.indicators.states import States
from unit.indicators.answers import walk

SHORT: Mapping[str, Mapping[str, float]] = {
    "ema": {"length": 5}, "dema": {"length": 3}, "tema": {"length": 3}, "rsi": {"length": 5}, "atr": {"length": 5},
    "macd": {"fast": 3, "slow": 5, "signal": 3}, "adx": {"length": 4}, "keltner": {"length": 5, "atr_length": 4},
    "stochastic_rsi": {"length": 5, "rsi_length": 5}, "supertrend": {"length": 4}, "ichimoku": {
        "conversion": 3, "base": 5, "span": 9, "displacement": 5
    },
}  # fmt: skip
"""Parameters with which a few hundred candles are enough."""


def test_there_is_a_formula_for_each_name_of_the_catalogue() -> None:
    assert set(FORMULAS) == set(CATALOGUE)


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_first_value_comes_as_soon_as_the_catalogue_says(name: str) -> None:
    spec = indicator(name)
    parameters = spec.complete({})
    found = compute(walk(700), spec, {})

    assert len(found.outputs) == len(spec.outputs)
    known = [np.flatnonzero(~np.isnan(output)) for output in found.outputs]
    assert max(each[0] for each in known) == spec.first(parameters) - 1
    assert all(len(each) == each[-1] - each[0] + 1 for each in known), "no holes"
    assert spec.first(parameters) <= spec.lookback(parameters)


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_changed_future_changes_no_value_of_the_past(name: str) -> None:
    candles, other = walk(700), walk(700, seed=8)
    changed = CandleSeries(
        candles.open_time,
        *(
            np.concatenate([getattr(candles, column)[:500], getattr(other, column)[500:]])
            for column in ("open", "high", "low", "close", "volume")
        ),
    )
    for ours, its in zip(
        compute(candles, indicator(name), {}).outputs, compute(changed, indicator(name), {}).outputs, strict=True
    ):
        assert np.array_equal(ours[:500], its[:500], equal_nan=True)


@pytest.mark.parametrize("name", CATALOGUE)
@pytest.mark.parametrize("step", [1, 7])
def test_candle_after_candle_gives_the_values_of_all_at_once(name: str, step: int) -> None:
    candles, spec, parameters = walk(500), indicator(name), SHORT.get(name, {})
    at_once = compute(candles, spec, parameters)
    states = States()
    parts = [compute(candles[:400], spec, parameters, states).outputs]
    for end in range(400 + step, 500, step):
        states = States(json.loads(json.dumps(states.dump())))
        parts.append(follow(candles[:end], step, spec, parameters, states))

    for place, expected in enumerate(at_once.outputs):
        found = np.concatenate([part[place] for part in parts])
        if spec.memory is Memory.WHOLE:
            assert np.array_equal(found, expected[: len(found)], equal_nan=True), "to the bit"
        else:
            assert np.allclose(found, expected[: len(found)], rtol=1e-9, atol=1e-9, equal_nan=True)


def test_values_do_not_depend_on_whether_talib_is_installed() -> None:
    program = """
import sys
if sys.argv[1] == "without":
    sys.modules["talib"] = None
import numpy as np
from candlewick.indicators.catalogue import CATALOGUE
from candlewick.indicators.compute import compute
from unit.indicators.answers import walk
for spec in CATALOGUE.values():
    print(spec.name, [output.tobytes().hex()[-64:] for output in compute(walk(600), spec, {}).outputs])
"""
    path = {"PYTHONPATH": ":".join(sys.path)}
    commands = [[sys.executable, "-c", program, mode] for mode in ("with", "without")]
    said = [subprocess.run(each, capture_output=True, text=True, check=True, env=path).stdout for each in commands]
    assert said[0] == said[1]
    assert said[0].count("\n") == len(CATALOGUE)


@pytest.mark.parametrize(
    ("name", "parameters", "error", "words"),
    [
        ("ema", {"length": 0}, InvalidParameter, "ema.length is 0: give a whole number from 1 to 10000"),
        ("ema", {"length": 10_000_000}, InvalidParameter, "from 1 to 10000"),
        ("ema", {"length": 2.5}, InvalidParameter, "a whole number"),
        ("ema", {"length": float("nan")}, InvalidParameter, "ema.length is nan"),
        ("ema", {"length": float("inf")}, InvalidParameter, "ema.length is inf"),
        ("bollinger", {"deviations": -1}, InvalidParameter, "give a number from 0.01 to 100"),
        ("ema", {"period": 3}, UnknownParameter, "ema has no parameter 'period'; it has length"),
        ("obv", {"length": 3}, UnknownParameter, "obv has no parameter 'length'; it has none"),
        ("ema", {"length": 41}, TooFewCandles, "takes 41 candles for its first value, there are 40"),
    ],
)
def test_what_cannot_be_computed_is_refused_with_the_reason(
    name: str, parameters: Mapping[str, float], error: type[InvalidInput], words: str
) -> None:
    with pytest.raises(error, match=words.replace(".", r"\.")):
        compute(walk(40), indicator(name), parameters)


def test_an_unknown_indicator_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownIndicator, match="there is no indicator 'rsi2'; there are ad, adx"):
        indicator("rsi2")


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_candle_that_says_nothing_is_named(number: float) -> None:
    candles = walk(40)
    close = candles.close.copy()
    close[7] = number

    with pytest.raises(NotANumber, match="candle 8 has no finite close, which sma takes"):
        compute(replace(candles, close=close), indicator("sma"), {})
    compute(replace(candles, close=close), indicator("donchian"), {})  # it takes no close


def test_prices_that_never_move_have_values() -> None:
    flat = np.full(300, 5.0)
    candles = CandleSeries(np.arange(300), flat, flat, flat, flat, np.zeros(300))
    for spec in CATALOGUE.values():
        if spec.name in {"vwap", "vwap_rolling"}:
            continue  # without volume there is none
        for output in compute(candles, spec, SHORT.get(spec.name, {})).outputs:
            assert np.isfinite(output[-1]), spec.name


def test_warming_up_computes_everything() -> None:
    warm_up()
