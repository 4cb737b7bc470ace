"""Computes indicators: all values of a series at once, or those of candles that follow on what was computed before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from candlewick.domain.errors import TooFewCandles
from candlewick.domain.indicator import IndicatorSpec, Memory, Parameters
from candlewick.indicators.catalogue import CATALOGUE
from candlewick.indicators.formulas import FORMULAS
from candlewick.indicators.series import CandleSeries
from candlewick.indicators.states import States

_WARM: Final = 400


@dataclass(frozen=True, slots=True)
class IndicatorValues:
    """Values aligned to candles, one array for each output of the spec, in its order. NaN where there is none."""

    outputs: Sequence[npt.NDArray[np.float64]]
    stable_from: int
    """The position from which on a value would be the same with more candles before it."""


def compute(
    candles: CandleSeries, spec: IndicatorSpec, given: Parameters, states: States | None = None
) -> IndicatorValues:
    """All values of the candles. `states` is filled for `follow`.

    Raises:
        UnknownParameter, InvalidParameter, NotANumber: the request or a candle is wrong.
        TooFewCandles: there would not be one value.
    """
    parameters = spec.complete(given)
    if len(candles) < spec.first(parameters):
        raise TooFewCandles(spec.name, spec.first(parameters), len(candles))
    candles.check(spec)
    outputs = FORMULAS[spec.name](candles, parameters, States() if states is None else states)
    return IndicatorValues(outputs, min(spec.lookback(parameters) - 1, len(candles)))


def follow(
    history: CandleSeries, new: int, spec: IndicatorSpec, given: Parameters, states: States
) -> Sequence[npt.NDArray[np.float64]]:
    """The values of the last `new` candles of a history.

    What remembers everything goes on from `states`, which it changes, and is computed by the same steps as all at once.
    Anything else is computed from as many candles before as it looks back on; the history must have them.

    Raises:
        UnknownParameter, InvalidParameter, NotANumber: see `compute`.
    """
    parameters = spec.complete(given)
    reach = 0 if spec.memory is Memory.WHOLE else spec.lookback(parameters) - 1
    part = history[max(len(history) - new - reach, 0) :]
    part.check(spec)
    return [output[len(output) - new :] for output in FORMULAS[spec.name](part, parameters, states)]


def warm_up() -> None:
    """Compute everything once, so that no request waits for a compiler."""
    close = 100 + np.sin(np.arange(_WARM) / 7)
    candles = CandleSeries(np.arange(_WARM) * 60_000_000, close, close + 1, close - 1, close, np.ones(_WARM))
    for spec in CATALOGUE.values():
        compute(candles, spec, {})
