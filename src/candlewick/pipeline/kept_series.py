"""The series that a worker keeps ready: where each stands, and what is computed of it next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import isfinite
from time import monotonic
from typing import Final

from candlewick.domain.indicator import Indicator, Memory
from candlewick.domain.interval import Duration, Interval
from candlewick.domain.kept import Kept, KeptPoint, KeptWrite, Standing
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window, from_microseconds
from candlewick.indicators.series import CandleSeries, Floats
from candlewick.indicators.states import States

A_CHECKPOINT: Final = 500
"""Candles after which a state is kept for good: so many more than were revised may be computed again."""
FIRST: Final = datetime(1700, 1, 1, tzinfo=UTC)
"""Before every candle."""

type Step = Callable[[CandleSeries, int, Indicator, States], Sequence[Floats]]
"""`indicators.stepping.step`."""
type Wanted = Mapping[Interval, Sequence[Indicator]]
"""What is kept of an instrument."""


@dataclass(slots=True)
class Line:
    """One series: as it is stored, and where it stands by what is known since."""

    indicator: Indicator
    stored: Kept
    standing: Standing

    @property
    def whole(self) -> bool:
        """Whether it goes on from a state."""
        return self.indicator.spec.memory is Memory.WHOLE

    @property
    def until(self) -> datetime:
        return self.standing.until

    @property
    def unstored(self) -> bool:
        return self.standing != self.stored.standing

    def write(self, step: Step, candles: CandleSeries, new: int, window: Window) -> KeptWrite:
        """Its values of the last `new` candles, which are all there are in the window. From now on it stands there."""
        before, states = self.standing, States(self.standing.state)
        seen = before.candles if self.whole else len(candles) - new
        points: Sequence[KeptPoint] = ()
        if new:
            outputs = step(candles, new, self.indicator, states)
            points = _points(candles[len(candles) - new :], outputs, self.indicator.lookback - 1 - seen)
        standing = replace(before, until=max(before.until, window.end))
        if self.whole:
            standing = replace(standing, candles=seen + new, state=states.dump())
        self.standing = standing
        passed = standing.candles // A_CHECKPOINT > before.candles // A_CHECKPOINT
        return KeptWrite(self.stored, standing, window, points, standing.checkpoint if passed else None)


@dataclass(slots=True)
class Shelf:
    """The series of one instrument's candles of one width."""

    instrument_id: InstrumentId
    width: Duration
    lines: list[Line]
    missing: list[Indicator]
    """Wanted, and not begun: there are no candles yet."""
    tail: CandleSeries = field(default_factory=CandleSeries.of_nothing)
    """The last candles before where the newest line stands: what the next ones are computed with."""
    tail_until: datetime = FIRST

    @property
    def reach(self) -> int:
        return max((line.indicator.reach for line in self.lines), default=0)

    @property
    def redo(self) -> bool:
        """Whether something is to be computed again."""
        return any(line.standing.redo for line in self.lines)

    def add(self, indicator: Indicator, stored: Kept) -> None:
        """Keep one more."""
        self.lines.append(Line(indicator, stored, stored.standing))
        self.missing.remove(indicator)
        self.forget()

    def forget(self) -> None:
        """The last candles are to be read again."""
        self.tail_until = FIRST

    def remember(self, candles: CandleSeries, until: datetime) -> None:
        """These are the last candles before that moment."""
        if until >= self.tail_until:
            self.tail, self.tail_until = candles[max(len(candles) - self.reach, 0) :], until


@dataclass(slots=True)
class Book:
    """All that is kept of one instrument."""

    wanted: Wanted
    shelves: list[Shelf]
    version: int
    """The data version that everything is known up to."""
    noted: float = field(default_factory=monotonic)
    touched: float = field(default_factory=monotonic)


def open_time(candles: CandleSeries, place: int) -> datetime:
    """Where the candle at that place opens."""
    return from_microseconds(int(candles.open_time[place]))


def _points(candles: CandleSeries, outputs: Sequence[Floats], stable_from: int) -> list[KeptPoint]:
    rows = zip(candles.open_time.tolist(), *(output.tolist() for output in outputs), strict=True)
    return [
        KeptPoint(from_microseconds(opened), [each if isfinite(each) else None for each in row], place >= stable_from)
        for place, (opened, *row) in enumerate(rows)
    ]
