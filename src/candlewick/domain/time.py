"""Times and spans: always aware, always UTC, microseconds, half-open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from candlewick.domain.errors import EmptyWindow, NaiveDateTime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(2009, 1, 1, tzinfo=UTC)
"""Live markets recorded by the providers we know begin with Bitcoin's; a trade before is a unit mixed up."""
MICROSECOND = timedelta(microseconds=1)


def utc(value: datetime) -> datetime:
    """The same moment in UTC; a naive time is refused, never guessed at."""
    if value.tzinfo is None:
        raise NaiveDateTime(value)
    return value.astimezone(UTC)


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970, without going through a float."""
    return (moment - EPOCH) // MICROSECOND


def from_microseconds(value: int) -> datetime:
    """The moment that `microseconds` counts."""
    return EPOCH + timedelta(microseconds=value)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A half-open span of time, [start, end), in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", utc(self.start))
        object.__setattr__(self, "end", utc(self.end))
        if self.end <= self.start:
            raise EmptyWindow(self.start, self.end)

    def overlaps(self, other: Window) -> bool:
        """Whether the two share a moment."""
        return self.start < other.end and other.start < self.end

    def days(self) -> Iterator[Window]:
        """The window cut at UTC midnights."""
        start = self.start
        while start < self.end:
            midnight = start.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
            yield Window(start, min(midnight, self.end))
            start = midnight


def coalesce(windows: list[Window]) -> list[Window]:
    """The same moments in the fewest windows, in order."""
    merged: list[Window] = []
    for window in sorted(windows):
        if merged and window.start <= merged[-1].end:
            merged[-1] = Window(merged[-1].start, max(merged[-1].end, window.end))
        else:
            merged.append(window)
    return merged


def within(windows: Iterable[Window], bounds: Window) -> list[Window]:
    """The parts of the windows that lie in `bounds`."""
    return [
        Window(max(window.start, bounds.start), min(window.end, bounds.end))
        for window in windows
        if window.overlaps(bounds)
    ]


def without(window: Window, holes: Iterable[Window]) -> list[Window]:
    """The window less the holes."""
    rest, start = [], window.start
    for hole in coalesce(list(holes)):
        if start < hole.start:
            rest.append(Window(start, hole.start))
        start = max(start, hole.end)
    if start < window.end:
        rest.append(Window(start, window.end))
    return rest
