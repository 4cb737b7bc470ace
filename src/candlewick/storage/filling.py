"""Windows without trades: which a page that fills has, and what stands in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from candlewick.domain.candle import Candle, CandleOrigin, CandleStatus
from candlewick.domain.coverage import Coverage
from candlewick.domain.errors import TimeOutOfRange
from candlewick.domain.page import CandleQuery, Fill
from candlewick.domain.ruler import Ruler
from candlewick.domain.time import Window


@dataclass(frozen=True, slots=True)
class Grid:
    """The windows of a page that fills: all that open in `window`."""

    window: Window
    more: bool
    """Whether there are others in the direction that is read."""


def grid_of(query: CandleQuery, ruler: Ruler, first: datetime, now: datetime) -> Grid | None:
    """The page's windows, from the instrument's first candle on and opening before `now`; None if there are none."""
    start, end = ruler.floor(first), now
    if query.window is not None:
        start, end = max(start, query.window.start), min(end, query.window.end)
    if start >= end:
        return None
    start, end = ruler.ceil(start), ruler.ceil(end)
    if start >= end:
        return None
    if query.newest:
        edge = _counted(ruler, end, -query.limit)
        return Grid(Window(max(start, edge), end), start < edge) if edge else Grid(Window(start, end), more=False)
    edge = _counted(ruler, start, query.limit)
    return Grid(Window(start, min(end, edge)), edge < end) if edge else Grid(Window(start, end), more=False)


def _counted(ruler: Ruler, moment: datetime, count: int) -> datetime | None:
    """So many windows further on; None beyond the calendar."""
    try:
        return ruler.after(moment, count)
    except TimeOutOfRange:
        return None


def filled(
    candles: Sequence[Candle],
    grid: Grid,
    query: CandleQuery,
    ruler: Ruler,
    former_close: str | None,
    empty: Callable[[datetime, datetime], tuple[CandleStatus, Coverage]],
) -> Iterator[Candle]:
    """A candle for each window of the grid: those there are, and empty ones in between."""
    there = {candle.open_time: candle for candle in candles}
    origin = query.origin or CandleOrigin.TRADES
    open_time, close = grid.window.start, former_close
    while open_time < grid.window.end:
        close_time = ruler.close(open_time)
        candle = there.get(open_time)
        if candle is None:
            status, coverage = empty(open_time, close_time)
            silent = coverage is not Coverage.FEED_GAP
            price = close if silent and query.fill is Fill.PREVIOUS_CLOSE else None
            nothing = "0" if silent else None
            yield Candle(
                open_time, close_time, price, price, price, price, nothing, nothing, None, 0 if silent else None,
                nothing, origin, status, 0, coverage,
            )  # fmt: skip
        else:
            close = candle.close
            yield candle
        open_time = ruler.after(open_time)
