"""Relay's paging arguments, checked and turned into what the stores are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.day import Adjustment
from candlewick.domain.hours import ALWAYS, TimeBar
from candlewick.domain.page import CandleQuery, TradePosition, TradeQuery
from candlewick.domain.time import MICROSECOND, Window
from candlewick.graphql.faults import InvalidPage, PageOutOfBounds
from candlewick.graphql.limits import DEFAULT_LISTED, DEFAULT_ROWS, MAX_LISTED, MAX_ROWS
from candlewick.graphql.scalars import EARLIEST, LATEST


@dataclass(frozen=True, slots=True)
class _Paging:
    """The four arguments of a connection that reads both ways."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    _MOST: ClassVar[int]
    _DEFAULT: ClassVar[int]
    _ENDS: ClassVar[str]
    """What `first` and `last` begin at, in words."""

    def __post_init__(self) -> None:
        if self.first is not None and self.last is not None:
            raise InvalidPage(f"give `first` or `last`, not both: {self._ENDS}")
        check_size("first", self.first, self._MOST)
        check_size("last", self.last, self._MOST)

    @property
    def limit(self) -> int:
        return self.first or self.last or self._DEFAULT


class Paging(_Paging):
    """Of rows in time."""

    __slots__ = ()
    _MOST, _DEFAULT, _ENDS = MAX_ROWS, DEFAULT_ROWS, "the oldest or the newest rows"

    @property
    def newest(self) -> bool:
        """Which end is read. `after` alone reads on from the cursor; nothing at all means the newest rows."""
        return self.last is not None or (self.first is None and self.after is None)


class ListPaging(_Paging):
    """Of a list that begins at its beginning: of instruments, assets, jobs and the like."""

    __slots__ = ()
    _MOST, _DEFAULT, _ENDS = MAX_LISTED, DEFAULT_LISTED, "the beginning or the end of the list"

    @property
    def backwards(self) -> bool:
        """Whether the page ends where the list, or what comes before the cursor, ends."""
        return self.last is not None

    def ends[Position](self, position: Callable[[str, str], Position]) -> tuple[Position | None, Position | None]:
        """What the cursors `after` and `before` say, as `position` reads it from a cursor and its argument's name."""
        return (
            None if self.after is None else position(self.after, "after"),
            None if self.before is None else position(self.before, "before"),
        )

    def neighbours(self, *, more: bool) -> tuple[bool, bool]:
        """Whether the list goes on before, and after, the page. `more`: it does in the direction that was read."""
        previous = self.after is not None or (self.backwards and more)
        return previous, self.before is not None or (not self.backwards and more)


@dataclass(frozen=True, slots=True)
class Bounds[Position]:
    """What a page lies between: a window of time, and the rows that the cursors name (exclusive)."""

    window: Window | None
    after: Position | None
    before: Position | None


def check_size(argument: str, size: int | None, limit: int) -> None:
    """Refuse a page of no rows, of a negative number, or of too many."""
    if size is not None and not 1 <= size <= limit:
        raise PageOutOfBounds(argument, size, limit)


def candle_query(
    bar: TimeBar,
    origin: CandleOrigin | None,
    adjustment: Adjustment,
    paging: Paging,
    bounds: Bounds[datetime],
) -> CandleQuery | None:
    """What to ask the store for; None if no candle can open between the bounds."""
    start = bounds.window.start if bounds.window else EARLIEST
    end = bounds.window.end if bounds.window else LATEST
    if bounds.after is not None:
        plain = bar.hours == ALWAYS  # else the store knows which candle is next
        start = max(start, bar.every.after(bounds.after) if plain else bounds.after + MICROSECOND)
    if bounds.before is not None:
        end = min(end, bounds.before)
    if start >= end:
        return None
    unbounded = bounds.window is None and bounds.after is None and bounds.before is None
    window = None if unbounded else Window(start, end)
    return CandleQuery(bar.every, paging.limit, origin, window, paging.newest, adjustment, hours=bar.hours)


def trade_query(paging: Paging, bounds: Bounds[TradePosition]) -> TradeQuery | None:
    """What to ask the store for; None if no trade can lie between the bounds."""
    if bounds.after is not None and bounds.before is not None and bounds.after >= bounds.before:
        return None
    return TradeQuery(paging.limit, bounds.window, bounds.after, bounds.before, paging.newest)


def candle_neighbours(bounds: Bounds[datetime]) -> tuple[bool, bool]:
    """Whether the rows that the cursors name belong to the list: then it goes on before, and after, the page."""
    window = bounds.window
    before = bounds.after is not None and (window is None or bounds.after >= window.start)
    after = bounds.before is not None and (window is None or bounds.before < window.end)
    return before, after


def trade_neighbours(bounds: Bounds[TradePosition]) -> tuple[bool, bool]:
    """The same for trades, whose positions know their minute only."""
    window = bounds.window
    minute = timedelta(minutes=1)
    before = bounds.after is not None and (window is None or bounds.after.minute + minute > window.start)
    after = bounds.before is not None and (window is None or bounds.before.minute < window.end)
    return before, after
