"""Indicators that are kept ready: what is stored of them, and how far that got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, NewType

from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window

KeptId = NewType("KeptId", int)

type State = Mapping[str, list[float]]
"""What a recursion that remembers everything goes on from (`indicators.states`)."""

FRESH: State = MappingProxyType({})
"""Before the first candle."""


class KeptKey(NamedTuple):
    """Which series: one indicator of one instrument's candles."""

    instrument_id: InstrumentId
    bar: str
    """The candles, as `TimeBar` writes itself: PT1H."""
    indicator: str
    """As `Indicator.id` has it."""


class KeptPoint(NamedTuple):
    """The values of one candle, in the order of the indicator's outputs; None where there is none."""

    open_time: datetime
    values: Sequence[float | None]
    stable: bool


class Checkpoint(NamedTuple):
    """Where a recursion can go on: before the candle that opens at `open_time` or later, after so many others."""

    open_time: datetime
    candles: int
    state: State


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a series got. It is stored with the values, in one transaction."""

    version: int
    """Every commit up to this data version is accounted for: in the values, in `redo` or behind `until`."""
    until: datetime
    """Each closed candle that opens before has its values, except those in `redo`."""
    redo: Window | None = None
    """Candles whose values are still to be computed, or to be computed again."""
    candles: int = 0
    """How many candles `state` has seen."""
    state: State = field(default=FRESH)
    revision: int = 0
    """Counts the times that something was stored: who follows the series knows what he was told."""

    @property
    def checkpoint(self) -> Checkpoint:
        """Where its recursion stands."""
        return Checkpoint(self.until, self.candles, self.state)

    def to_redo(self, window: Window) -> Standing:
        """The same, with these candles to be computed again as well."""
        if window.start >= self.until:
            return self
        start, end = window.start, min(window.end, self.until)
        if self.redo is not None:
            start, end = min(start, self.redo.start), max(end, self.redo.end)
        return replace(self, redo=Window(start, end))

    def back_at(self, checkpoint: Checkpoint) -> Standing:
        """The same, with everything from there on to be computed again."""
        return replace(self, until=checkpoint.open_time, candles=checkpoint.candles, state=checkpoint.state)


@dataclass(frozen=True, slots=True)
class Kept:
    """A series that is kept, as it is stored."""

    id: KeptId
    key: KeptKey
    standing: Standing
    alive: bool = True
    """Whether a worker has kept it within the last hours; else the settings may not name it any more."""


@dataclass(frozen=True, slots=True)
class KeptWrite:
    """What is new of a series: its points in `window`, in place of those there, and the standing that comes with it."""

    series: Kept
    """As it was before: if it is not so any more, nothing is stored."""
    standing: Standing
    window: Window | None = None
    points: Sequence[KeptPoint] = ()
    checkpoint: Checkpoint | None = None
    """To be kept, so that a revision need not begin with the first candle."""

    @property
    def begins(self) -> datetime:
        """What was kept of later moments is of another past."""
        return min(self.standing.until, self.window.start if self.window else self.standing.until)


class KeptChange(NamedTuple):
    """A time at which something was stored of a series."""

    series_id: KeptId
    revision: int
    window: Window
    """In which there are new points, or others."""


@dataclass(frozen=True, slots=True)
class KeptPage:
    """Points of a series in order of time."""

    points: Sequence[KeptPoint]
    more: bool
