"""Candles by a time zone's days or a calendar's sessions, folded from the widest kept candles that fit in between.

Kept candles are aligned to UTC. What a stretch can be read from is seen at its ends: days of New York from hours, those
of Kolkata from half hours, sessions that open at half past from half hours, longer candles from days with hours at both
ends. The arithmetic of the fold is that of all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import gcd
from typing import Final

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.day import Adjustment
from candlewick.domain.errors import InvalidDuration
from candlewick.domain.interval import Duration, Interval, largest_dividing
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery
from candlewick.domain.ruler import LocalRuler
from candlewick.domain.time import EPOCH, Window, without
from candlewick.storage.adjusting import adjusted
from candlewick.storage.candle_reads import GROWTH, MOST_FOLDED, near_end, where_traded
from candlewick.storage.engine import Driver
from candlewick.storage.folding import (
    CANDLE_COLUMNS,
    Pieces,
    Rows,
    decompose,
    fold_trades,
    grouped,
    piece_of,
    pieces_read,
)
from candlewick.storage.series import ORIGIN_CODES, Series

_SECOND: Final = timedelta(seconds=1)
_DAY: Final = Interval.D1.duration
_LEVELS: Final = (
    Interval.D1, Interval.H4, Interval.H1, Interval.M30, Interval.M15, Interval.M5, Interval.M1
)  # fmt: skip
_LONG: Final = timedelta(days=2)
"""From here on a candle is worth being read in three pieces: whole days, and what lies at both ends."""
_PIECES_A_DAY: Final = 96
"""Quarters of an hour: what days are read from at the worst."""

_MOST_AT_ONCE: Final = 20_000
"""Candles that are looked for at once, where most of them are not there."""
_TRADED: Final = frozenset({ORIGIN_CODES[CandleOrigin.TRADES]})

# Sorted starts of stretches, and the open time of each one's candle: rows lie in none but these.
_BUCKET: Final = "(${opens}::timestamptz[])[width_bucket(open_time, ${starts}::timestamptz[])]"

type Parts = Sequence[tuple[datetime, Window]]


async def read_local(
    driver: Driver, series: Mapping[InstrumentId, Series], query: CandleQuery, ruler: LocalRuler
) -> Rows:
    """Candles of each series, at least one more than the page holds where there are so many; of all its origins."""
    rows: Rows = {key: [] for key in series}
    left = {key: one.window for key, one in series.items()}
    seconds = largest_dividing(query.duration) is Interval.S1
    count = query.limit + 1
    while left:
        near = {key: near_end(window, ruler, count, newest=query.newest) for key, window in left.items()}
        known = {window: list(ruler.parts(window)) for window in near.values()}
        parts = {key: known[window] for key, window in near.items()}
        fold = _fold_seconds if seconds else _fold_kept
        for key, more in (await fold(driver, series, parts, query)).items():
            rows[key] += more
        left = {
            key: rest
            for key, window in left.items()
            if len({row["open_time"] for row in rows[key]}) <= query.limit
            for rest in without(window, [near[key]])
        }
        traded = {key: window for key, window in left.items() if series[key].origins == _TRADED}
        if traded:  # of the others minutes without a trade say nothing
            near = await where_traded(driver, traded, ruler, newest=query.newest)
            left = {key: near.get(key, window) for key, window in left.items() if key in near or key not in traded}
        count = max(min(count * GROWTH, _MOST_AT_ONCE, MOST_FOLDED // _most_per_candle(query.duration)), 1)
    return rows


async def _fold_kept(
    driver: Driver, series: Mapping[InstrumentId, Series], parts: Mapping[InstrumentId, Parts], query: CandleQuery
) -> Rows:
    rows: Rows = {key: [] for key in series}
    pieces: Pieces = {}
    for key, of_one in parts.items():
        stretches = list(_stretches(of_one, query.duration))
        _check_cost(query, sum((window.end - window.start) // level.duration.span for level, window in stretches))
        for level, stretch in stretches:
            for finer, piece in decompose(stretch, series[key].dirty, level):
                pieces.setdefault(piece_of(finer), []).append((key, piece))
    source = pieces_read(series, pieces)
    if source is None:
        return rows
    sql = source.sql if query.adjustment is Adjustment.NONE else adjusted(source.sql, query.adjustment)
    starts, opens = _buckets(parts.values())
    bucket = _BUCKET.format(starts=len(source.arguments) + 1, opens=len(source.arguments) + 2)
    statement = f"SELECT {CANDLE_COLUMNS} FROM ({grouped(sql, bucket)}) AS folded"
    for row in await driver.fetch(statement, *source.arguments, starts, opens):
        rows[row["instrument_id"]].append(row)
    return rows


async def _fold_seconds(
    driver: Driver,
    series: Mapping[InstrumentId, Series],  # noqa: ARG001  (trades are never dirty)
    parts: Mapping[InstrumentId, Parts],
    query: CandleQuery,
) -> Rows:
    runs = {key: _runs(of_one) for key, of_one in parts.items()}
    for of_one in runs.values():
        _check_cost(query, sum((run[-1].end - run[0].start) // _SECOND for run in of_one))
    windows = {key: [Window(run[0].start, run[-1].end) for run in of_one] for key, of_one in runs.items()}
    starts, opens = _buckets(parts.values())
    return await fold_trades(driver, windows, _BUCKET.format(starts=6, opens=7), query.adjustment, starts, opens)


def _buckets(parts: Iterable[Parts]) -> tuple[list[datetime], list[datetime]]:
    """Where stretches start, in order, and where their candles open."""
    opens = {part.start: opened for of_one in parts for opened, part in of_one}
    starts = sorted(opens)
    return starts, [opens[start] for start in starts]


def _stretches(parts: Parts, width: Duration) -> Iterator[tuple[Interval, Window]]:
    """Windows of whole kept candles that together are the parts."""
    for run in _runs(parts):
        if width.months or width.span >= _LONG:
            for part in run:
                yield from _layers(part)
        else:
            yield _level([*(part.start for part in run), run[-1].end]), Window(run[0].start, run[-1].end)


def _runs(parts: Parts) -> list[list[Window]]:
    """The parts, those together that touch each other."""
    runs: list[list[Window]] = []
    for _, part in parts:
        if runs and runs[-1][-1].end == part.start:
            runs[-1].append(part)
        else:
            runs.append([part])
    return runs


def _layers(part: Window) -> Iterator[tuple[Interval, Window]]:
    """Whole days of UTC, and what is left before and after them."""
    start, end = _DAY.ceil(part.start), _DAY.floor(part.end)
    days = [Window(start, end)] if start < end else []
    for window in days:
        yield Interval.D1, window
    for window in without(part, days):
        yield _level([window.start, window.end]), window


def _level(moments: Iterable[datetime]) -> Interval:
    """The widest kept interval of which all the moments are multiples."""
    step = gcd(*((moment - EPOCH) // _SECOND for moment in moments))
    return next((level for level in _LEVELS if step % (level.duration.span // _SECOND) == 0), Interval.M1)


def _most_per_candle(width: Duration) -> int:
    if width.months or width.span >= _LONG:
        return width.span.days + 31 * width.months + _PIECES_A_DAY
    return max(_PIECES_A_DAY * width.span // timedelta(days=1), 1)


def _check_cost(query: CandleQuery, cost: int) -> None:
    """Refuse a page that is folded from too many kept candles.

    Raises:
        InvalidDuration: how many may be asked for.
    """
    if cost > MOST_FOLDED:
        most = max(query.limit * MOST_FOLDED // cost, 1)
        raise InvalidDuration(
            str(query.duration),
            f"{query.limit} of them in these hours are folded from {cost} kept candles, at most {MOST_FOLDED} are "
            f"allowed: ask for at most {most} at a time",
        )
