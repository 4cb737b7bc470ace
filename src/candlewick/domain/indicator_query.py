"""Asking for indicators: which ones, of which candles; and the values that answer it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.day import Adjustment
from candlewick.domain.errors import InvalidLimit
from candlewick.domain.hours import TimeBar
from candlewick.domain.indicator import IndicatorSpec
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window

MOST_SERIES: Final = 20
"""Indicators that are asked for in one go."""


@dataclass(frozen=True, slots=True)
class IndicatorChoice:
    """One indicator with all of its parameters, in the catalogue's order: two that mean the same are equal."""

    name: str
    parameters: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, spec: IndicatorSpec, given: Mapping[str, float]) -> Self:
        """Fill up with the defaults.

        Raises:
            UnknownParameter, InvalidParameter: what is wrong and what there is.
        """
        return cls(spec.name, tuple((name, float(value)) for name, value in spec.complete(given).items()))


@dataclass(frozen=True, slots=True)
class IndicatorQuery:
    """Values of the newest `limit` candles that open in `window` (None: of all there are).

    `origin` and `adjustment` are those of a CandleQuery.
    """

    instrument_id: InstrumentId
    bar: TimeBar
    choices: tuple[IndicatorChoice, ...]
    limit: int
    window: Window | None = None
    origin: CandleOrigin | None = None
    adjustment: Adjustment = Adjustment.NONE

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise InvalidLimit(self.limit)


@dataclass(frozen=True, slots=True)
class IndicatorLine:
    """The values of one indicator: one sequence for each of its outputs, None where there is no value."""

    outputs: Sequence[Sequence[float | None]]
    stable_from: int
    """The position from which on a value would be the same with more candles before it."""


@dataclass(frozen=True, slots=True)
class IndicatorPage:
    """What was asked for, aligned: the n-th value of each line is of the candle that opens at the n-th time."""

    open_times: Sequence[int]
    """In microseconds since 1970."""
    lines: Sequence[IndicatorLine]
    """In the order of the query's choices."""
