"""Indicators: functions of candles, described so that a request can be checked before anything is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from candlewick.domain.errors import InvalidParameter, UnknownParameter

LONGEST: Final = 10_000
"""Candles that a length may span."""

type Parameters = Mapping[str, float]
"""All parameters of one indicator, by name; those that are whole are whole."""


class Memory(StrEnum):
    """How much of the past a value depends on."""

    FINITE = "FINITE"
    """On the last `lookback` candles."""
    FADING = "FADING"
    """On all of it, but on what is older than `lookback` candles by less than 1e-9 of the value."""
    WHOLE = "WHOLE"
    """On all of it: it is computed from the first candle on, or from a state that was kept."""


_PROMISES: Final = {
    Memory.FINITE: "To 1e-9 of the value: a window may be added up in another order.",
    Memory.FADING: "To 1e-9 of the value, from the lookback on: what is older has faded.",
    Memory.WHOLE: "To the bit: the same steps go on from the state that was kept.",
}


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """A parameter of an indicator, or of what looks at some. `least` and `most` are allowed as well."""

    name: str
    default: float
    least: float
    most: float
    whole: bool
    description: str

    def check(self, indicator: str, value: float) -> float:
        """The value. Raises InvalidParameter: it is out of bounds, no number, or not whole where it must be."""
        if not self.least <= value <= self.most or (self.whole and value != int(value)):
            raise InvalidParameter(indicator, self.name, value, self.least, self.most, whole=self.whole)
        return value


def completed(owner: str, specs: Sequence[ParameterSpec], given: Parameters) -> Parameters:
    """All parameters of what `owner` names: the given ones, else the defaults.

    Raises:
        UnknownParameter, InvalidParameter: what is wrong and what there is.
    """
    known = {spec.name: spec for spec in specs}
    for name in given:
        if name not in known:
            raise UnknownParameter(owner, name, known)
    return {name: spec.check(owner, given.get(name, spec.default)) for name, spec in known.items()}


@dataclass(frozen=True, slots=True)
class IndicatorSpec:
    """What an indicator is."""

    name: str
    title: str
    parameters: Sequence[ParameterSpec]
    inputs: Sequence[str]
    """What of the candles it takes: open_time, open, high, low, close, volume."""
    outputs: Sequence[str]
    memory: Memory
    first: Callable[[Parameters], int]
    """How many candles the first value takes."""
    lookback: Callable[[Parameters], int]
    """How many candles it takes until a value is stable: it would be the same with more of them."""
    seed: str
    """How its recursion begins, and where other programs begin otherwise."""
    source: str
    """Where the formula is from."""

    @property
    def promise(self) -> str:
        """How near values of candles that come one by one are to those of all candles at once."""
        return _PROMISES[self.memory]

    def complete(self, given: Parameters) -> Parameters:
        """All parameters: the given ones, else the defaults.

        Raises:
            UnknownParameter, InvalidParameter: what is wrong and what there is.
        """
        return completed(self.name, self.parameters, given)


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator with all of its parameters: what is computed of a series of candles."""

    spec: IndicatorSpec
    parameters: Parameters
    """All of them, as `IndicatorSpec.complete` gives them."""

    @property
    def lookback(self) -> int:
        """How many candles it takes until a value is stable."""
        return self.spec.lookback(self.parameters)

    @property
    def reach(self) -> int:
        """How many candles before a new one have a say in its value; 0 of what goes on from a state."""
        return 0 if self.spec.memory is Memory.WHOLE else max(self.lookback - 1, 0)

    @property
    def id(self) -> str:
        """The same text for the same: `ema(length=20)`, `obv`."""
        given = ",".join(f"{name}={_plain(value)}" for name, value in self.parameters.items())
        return f"{self.spec.name}({given})" if given else self.spec.name


def _plain(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
