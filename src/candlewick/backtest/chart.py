"""Charts as SVG, made of nothing but text: lines and areas over time, marks on them, axes with round numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from math import ceil, floor, log10
from typing import Final

WIDTH: Final = 960
HEIGHT: Final = 300
LEFT: Final = 74
RIGHT: Final = 16
TOP: Final = 14
BOTTOM: Final = 30
_TICKS: Final = 5
_MOMENTS: Final = 7
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STEPS: Final[Sequence[timedelta]] = (
    *(timedelta(minutes=each) for each in (1, 2, 5, 10, 15, 30)),
    *(timedelta(hours=each) for each in (1, 2, 3, 6, 12)),
    *(timedelta(days=each) for each in (1, 2, 5, 10, 20, 40, 80, 160, 365)),
)
_WIDE: Final = 30.0
"""How many times the least the largest has to be before equal factors are drawn equally high."""


@dataclass(frozen=True, slots=True)
class Line:
    """Values in the order of the chart's times. `kind` is its class in the style sheet."""

    name: str
    kind: str
    values: Sequence[float]
    filled: bool = False
    """Down from zero."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on the chart. `kind` is its class: up or down triangles for entries, circles for exits."""

    kind: str
    time: datetime
    value: float
    said: str
    """What a reader hears, or sees when pointing at it."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn, and what it is called."""

    key: str
    """Unique on its page."""
    title: str
    said: str
    """What it shows, in a sentence, for those who do not see it."""
    times: Sequence[datetime]
    lines: Sequence[Line]
    label: Callable[[float], str]
    marks: Sequence[Mark] = field(default_factory=tuple)

    def svg(self) -> str:
        """The picture."""
        across, up = self._across(), _Scale.over([value for line in self.lines for value in line.values])
        parts = [
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{self.key}-title {self.key}-said">',
            f'<title id="{self.key}-title">{escape(self.title)}</title>',
            f'<desc id="{self.key}-said">{escape(self.said)}</desc>',
            *(self._level(value, up) for value in up.ticks()),
            *(_moment(moment, across) for moment in _moments(self.times[0], self.times[-1])),
            *(self._line(line, across, up) for line in self.lines),
            *(_mark(mark, across, up) for mark in self.marks if up.holds(mark.value)),
            "</svg>",
        ]
        return "\n".join(parts)

    def _across(self) -> Callable[[datetime], float]:
        begin = self.times[0]
        span = max((self.times[-1] - begin).total_seconds(), 1.0)
        return lambda moment: LEFT + (WIDTH - LEFT - RIGHT) * (moment - begin).total_seconds() / span

    def _level(self, value: float, up: _Scale) -> str:
        y = up.y(value)
        return (
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="axis" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(self.label(value))}</text>'
        )

    def _line(self, line: Line, across: Callable[[datetime], float], up: _Scale) -> str:
        points = [f"{across(time):.1f},{up.y(value):.1f}" for time, value in zip(self.times, line.values, strict=True)]
        path = "M" + "L".join(points)
        if line.filled:
            zero = up.y(0.0)
            path = f"M{across(self.times[0]):.1f},{zero:.1f}L{path[1:]}L{across(self.times[-1]):.1f},{zero:.1f}Z"
        return f'<path class="{line.kind}" d="{path}"><title>{escape(line.name)}</title></path>'


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where a value is drawn: evenly, or by its logarithm where values reach over more than one order."""

    least: float
    most: float
    by_factor: bool

    @classmethod
    def over(cls, values: Sequence[float]) -> _Scale:
        least, most = min(values), max(values)
        by_factor = least > 0 and most / least > _WIDE
        if least == most:
            least, most = least - (abs(least) or 1) / 10, most + (abs(most) or 1) / 10
        return cls(least, most, by_factor)

    def holds(self, value: float) -> bool:
        return self.least <= value <= self.most

    def y(self, value: float) -> float:
        if self.by_factor:
            part = log10(value / self.least) / log10(self.most / self.least)
        else:
            part = (value - self.least) / (self.most - self.least)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part

    def ticks(self) -> list[float]:
        """Round values between the least and the most."""
        if self.by_factor:
            exponents = range(floor(log10(self.least)), ceil(log10(self.most)) + 1)
            factors = (1.0, 3.0) if len(exponents) < _TICKS else (1.0,)
            return [value for each in exponents for factor in factors if self.holds(value := factor * 10.0**each)]
        step = _round_step((self.most - self.least) / _TICKS)
        first, last = ceil(self.least / step), floor(self.most / step)
        return [number * step for number in range(first, last + 1)]


def _round_step(rough: float) -> float:
    size = 10.0 ** floor(log10(rough))
    return next(step for factor in (1, 2, 2.5, 5, 10) if (step := factor * size) >= rough)


def _moments(begin: datetime, end: datetime) -> list[datetime]:
    """Some moments in between that are easy to read: round minutes, hours or days apart, or new years."""
    years = (end - begin).days / 365.25
    if years >= _TICKS:
        step = ceil(years / 8)
        return [
            moment
            for year in range(begin.year, end.year + 1)
            if year % step == 0 and begin <= (moment := datetime(year, 1, 1, tzinfo=UTC)) <= end
        ]
    apart = next((each for each in _STEPS if (end - begin) / each <= _MOMENTS), _STEPS[-1])
    first, last = ceil((begin - _EPOCH) / apart), floor((end - _EPOCH) / apart)
    return [_EPOCH + apart * number for number in range(first, last + 1)]


def _moment(moment: datetime, across: Callable[[datetime], float]) -> str:
    said = f"{moment:%H:%M}" if moment.hour or moment.minute else f"{moment:%Y-%m-%d}"
    x = across(moment)
    return f'<text class="axis" x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{said}</text>'


def _mark(mark: Mark, across: Callable[[datetime], float], up: _Scale) -> str:
    x, y = across(mark.time), up.y(mark.value)
    title = f"<title>{escape(mark.said)}</title>"
    if mark.kind == "long":
        shape = f"M{x:.1f},{y + 3:.1f}l-5,9h10Z"
    elif mark.kind == "short":
        shape = f"M{x:.1f},{y - 3:.1f}l-5,-9h10Z"
    else:
        shape = f"M{x - 3:.1f},{y:.1f}a3,3 0 1,0 6,0a3,3 0 1,0 -6,0Z"
    return f'<path class="mark {mark.kind}" d="{shape}">{title}</path>'
