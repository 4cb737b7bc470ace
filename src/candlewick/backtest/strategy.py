"""What a strategy is: a small class over the outputs of catalogue indicators, which says what to hold."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt

from candlewick.domain.errors import InvalidParameter
from candlewick.domain.indicator import Parameters, ParameterSpec, completed
from candlewick.indicators.catalogue import indicator
from candlewick.indicators.series import CandleSeries

type Floats = npt.NDArray[np.float64]
type Sides = npt.NDArray[np.int8]
"""For each candle what to hold when it has closed: 1 long, -1 short, 0 nothing."""
type Flags = npt.NDArray[np.bool_]
type Values = Mapping[str, Mapping[str, Floats]]
"""By the name that the strategy gave to an indicator, then by the indicator's output."""

NOISE: Final = 1e-9
"""Computed values that differ by less than this part of them are equal: that is how exact the catalogue is."""


@dataclass(frozen=True, slots=True)
class IndicatorUse:
    """An indicator of the catalogue, with its parameters."""

    name: str
    parameters: Parameters

    @property
    def lookback(self) -> int:
        """Candles that it takes until a value is stable."""
        spec = indicator(self.name)
        return spec.lookback(spec.complete(self.parameters))


class Strategy(ABC):
    """Says after each candle what to hold, from that candle and those before it. A value per candle, no loop.

    It is asked about stable values only: the candles that it is given begin where those of all its indicators do.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    """When it is long and when short, for people."""
    parameters: ClassVar[Sequence[ParameterSpec]] = ()
    rising: ClassVar[Sequence[str]] = ()
    """Parameters of which each has to be less than the next."""

    @abstractmethod
    def uses(self, parameters: Parameters) -> Mapping[str, IndicatorUse]:
        """The indicators that it looks at, by names of its own."""

    @abstractmethod
    def sides(self, candles: CandleSeries, values: Values, parameters: Parameters) -> Sides:
        """What to hold. The n-th side must depend on the first n candles and values alone."""

    def complete(self, given: Parameters) -> Parameters:
        """All parameters: the given ones, else the defaults.

        Raises:
            UnknownParameter, InvalidParameter: what is wrong and what there is.
        """
        parameters = completed(self.name, self.parameters, given)
        for smaller, larger in pairwise(self.rising):
            self._require_less(parameters, smaller, larger)
        return parameters

    def lookback(self, parameters: Parameters) -> int:
        """Candles that it takes until all its indicators are stable."""
        return max((use.lookback for use in self.uses(parameters).values()), default=1)

    def _require_less(self, parameters: Parameters, smaller: str, larger: str) -> None:
        if parameters[smaller] >= parameters[larger]:
            [spec] = [each for each in self.parameters if each.name == larger]
            least = parameters[smaller] + 1 if spec.whole else parameters[smaller]
            raise InvalidParameter(self.name, larger, parameters[larger], least, spec.most, whole=spec.whole)


def above(values: Floats, others: Floats | float) -> Flags:
    """Where values are above the others, by more than noise. Nowhere where there is none."""
    size = np.maximum(np.abs(values), np.abs(others))
    found: Flags = values - others > NOISE * size
    return found


def below(values: Floats, others: Floats | float) -> Flags:
    """Where values are below the others, by more than noise."""
    size = np.maximum(np.abs(values), np.abs(others))
    found: Flags = others - values > NOISE * size
    return found


def held(begins: Flags, ends: Flags) -> Sides:
    """1 from where it begins on until it ends; where it does both it ends."""
    said = np.where(ends, 0, np.where(begins, 1, -1)).astype(np.int8)
    newest = np.maximum.accumulate(np.where(said >= 0, np.arange(len(said)), -1))
    sides: Sides = np.where(newest >= 0, said[newest], 0).astype(np.int8)
    return sides


def turning(up: Flags, down: Flags) -> Sides:
    """Long from `up` on, short from `down` on, each until the other."""
    sides: Sides = held(up, down) - held(down, up)
    return sides


def before(values: Floats) -> Floats:
    """The values of the candle before; the first has none."""
    shifted: Floats = np.concatenate([[np.nan], values[:-1]])
    return shifted
