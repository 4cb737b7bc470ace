"""Reading candles: never stale, always bounded.

Where the tree is clean a candle is read as it stands there; where minutes changed since, it is folded from the coarsest
pieces that are clean and the minutes in between. All statements of a read see the database of one moment.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import asyncpg

from candlewick.domain.day import Adjustment
from candlewick.domain.errors import InvalidDuration, TimeOutOfRange
from candlewick.domain.interval import Duration, Interval, largest_dividing
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery
from candlewick.domain.ruler import Ruler
from candlewick.domain.time import Window, within, without
from candlewick.storage.engine import Driver
from candlewick.storage.folding import CANDLE_COLUMNS, Rows, columns_of, fold, fold_trades
from candlewick.storage.series import Series
from candlewick.storage.tree import aligned, bucket_of, table_of

MOST_FOLDED: Final = 200_000
"""Kept candles that one page may be folded from, an instrument."""
GROWTH: Final = 4
_LONGEST_MONTH: Final = 31

# The bounds are the same for all pieces, since beyond its own span a series has no rows: so the planner knows how many
# rows to expect, and takes the index that gives them in order.
_KEPT: Final = f"""
SELECT {CANDLE_COLUMNS}
FROM unnest($1::int[], $2::smallint[]) AS piece (piece_id, piece_origin)
CROSS JOIN LATERAL (
    SELECT * FROM {{table}}
    WHERE instrument_id = piece_id AND origin = piece_origin AND open_time >= $3 AND open_time < $4
    ORDER BY open_time {{direction}}
    LIMIT $5
) AS kept
"""


_NEAREST: Final = """
SELECT piece_id, open_time
FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS piece (piece_id, start_time, end_time)
CROSS JOIN LATERAL (
    SELECT open_time FROM candle_m1
    WHERE instrument_id = piece_id AND origin = 0
      AND open_time >= date_trunc('minute', start_time, 'UTC') AND open_time < end_time
    ORDER BY open_time {direction}
    LIMIT 1
) AS nearest
"""


async def read_candles(driver: Driver, series: Mapping[InstrumentId, Series], query: CandleQuery) -> Rows:
    """Candles of each series, at least one more than the page holds where there are so many; of all its origins.

    What has days as published, or is to be adjusted, is folded day by day; the rest is read as the tree has it.
    """
    interval, kept = _interval_of(query.duration)
    if not kept:
        _check_cost(query, interval)
    adjusted = query.adjustment is not Adjustment.NONE
    by_day = {key: one for key, one in series.items() if one.days or adjusted}
    plain = {key: one for key, one in series.items() if key not in by_day}
    rows: Rows = {}
    if plain:
        rows |= await (_read_kept if kept else _read_folded)(driver, plain, query, interval)
    if by_day:
        if interval in {Interval.W1, Interval.MO1}:
            interval = Interval.D1
        rows |= await _read_folded(driver, by_day, query, interval)
    return rows


def _check_cost(query: CandleQuery, interval: Interval) -> None:
    """Refuse a page that is folded from too many kept candles.

    Raises:
        InvalidDuration: how many may be asked for.
    """
    per_candle = _per_candle(query.duration, interval)
    most = MOST_FOLDED // per_candle
    if query.limit > most:
        advice = f"ask for at most {most} at a time" if most else "choose a width that a wider interval divides"
        raise InvalidDuration(
            str(query.duration),
            f"{query.limit} of them are folded from {query.limit * per_candle} candles of {interval}, "
            f"at most {MOST_FOLDED} are allowed: {advice}",
        )


async def _read_kept(
    driver: Driver, series: Mapping[InstrumentId, Series], query: CandleQuery, interval: Interval
) -> Rows:
    """Candles of an interval that has a table: as they stand where it is clean, folded where it is dirty."""
    dirty: dict[InstrumentId, list[Window]] = {key: [] for key in series}
    if interval is not Interval.M1:
        dirty = {key: within(aligned(one.dirty, query.duration), one.window) for key, one in series.items()}
    rows = await _read_clean(driver, series, dirty, query, interval)
    near = {key: within(dirty[key], _reach(rows[key], one, query)) for key, one in series.items() if dirty[key]}
    for key, more in (await fold(driver, series, near, query.duration, interval)).items():
        rows[key] += more
    return rows


async def _read_clean(
    driver: Driver,
    series: Mapping[InstrumentId, Series],
    dirty: Mapping[InstrumentId, Sequence[Window]],
    query: CandleQuery,
    interval: Interval,
) -> Rows:
    """Candles from the table, enough of them that the page is full even without those that are dirty."""
    rows: Rows = {key: [] for key in series}
    pieces = [(key, origin) for key, one in series.items() for origin in sorted(one.origins)]
    if not pieces:
        return rows
    keys, origins = zip(*pieces, strict=True)
    start, end = min(one.window.start for one in series.values()), max(one.window.end for one in series.values())
    most_dirty = max(sum(_count(window, query.duration) for window in stretches) for stretches in dirty.values())
    limit = query.limit + 1 + most_dirty
    statement = _KEPT.format(table=table_of(interval), direction="DESC" if query.newest else "ASC")
    found = await driver.fetch(statement, keys, origins, start, end, limit)
    if len(rows) == 1:
        rows = dict.fromkeys(rows, found)
    else:
        for row in found:
            rows[row[0]].append(row)
    return {key: _outside(clean, dirty[key]) for key, clean in rows.items()}


def _count(window: Window, duration: Duration) -> int:
    """How many candles of `duration` the window has, at the most."""
    shortest = duration.span or timedelta(days=28 * duration.months)
    return -(-(window.end - window.start) // shortest)


def _outside(rows: list[asyncpg.Record], dirty: Sequence[Window]) -> list[asyncpg.Record]:
    """The rows that no dirty window covers."""
    if not dirty:
        return rows
    starts = [window.start for window in dirty]
    kept = []
    for row in rows:
        at = bisect_right(starts, row["open_time"])
        if at == 0 or row["open_time"] >= dirty[at - 1].end:
            kept.append(row)
    return kept


def _reach(rows: Sequence[asyncpg.Record], one: Series, query: CandleQuery) -> Window:
    """The part of the series in which a candle can still be on the page, given the clean ones that were found."""
    times = sorted({row["open_time"] for row in rows}, reverse=query.newest)
    if len(times) <= query.limit:
        return one.window
    edge = times[query.limit]
    return Window(edge, one.window.end) if query.newest else Window(one.window.start, query.duration.after(edge))


async def _read_folded(
    driver: Driver, series: Mapping[InstrumentId, Series], query: CandleQuery, interval: Interval
) -> Rows:
    """Candles of any width, folded from an interval that divides it (or from trades: S1), a bounded number at once."""
    most = max(MOST_FOLDED // _per_candle(query.duration, interval), 1)
    rows: Rows = {key: [] for key in series}
    left = {key: one.window for key, one in series.items()}
    count = query.limit + 1
    if any(one.days for one in series.values()):
        count = min(count + count // 2 + 7, most)  # there are weekends and holidays
    while left:
        near = {key: near_end(window, query.duration, count, newest=query.newest) for key, window in left.items()}
        windows = {key: [window] for key, window in near.items()}
        if interval is Interval.S1:
            fresh = await fold_trades(driver, windows, bucket_of(query.duration), query.adjustment)
        else:
            fresh = await fold(driver, series, windows, query.duration, interval, query.adjustment)
        for key, more in fresh.items():
            rows[key] += more
        left = {
            key: rest
            for key, window in left.items()
            if len({row["open_time"] for row in rows[key]}) <= query.limit
            for rest in without(window, [near[key]])
        }
        if left and interval is Interval.S1:
            left = await where_traded(driver, left, query.duration, newest=query.newest)
        count = min(count * GROWTH, most)
    return rows


async def where_traded(
    driver: Driver, left: Mapping[InstrumentId, Window], ruler: Ruler, *, newest: bool
) -> dict[InstrumentId, Window]:
    """The windows without the quiet time at the end that is asked for: seconds would take years to cross it."""
    statement, near = _NEAREST.format(direction="DESC" if newest else "ASC"), {}
    for key, open_time in await driver.fetch(statement, *columns_of(list(left.items()))):
        window = left[key]
        if newest:
            near[key] = Window(window.start, min(window.end, ruler.ceil(open_time + timedelta(minutes=1))))
        else:
            near[key] = Window(max(window.start, ruler.floor(open_time)), window.end)
    return near


def _per_candle(duration: Duration, interval: Interval) -> int:
    """How many kept candles one of `duration` is folded from; a second counts as one, whatever trades it holds."""
    if duration.months:
        months = interval.duration.months
        return duration.months // months if months else duration.months * _LONGEST_MONTH
    return duration.span // interval.duration.span


def near_end(window: Window, ruler: Ruler, count: int, *, newest: bool) -> Window:
    """The part of the window that holds `count` candles at the end that is asked for."""
    try:
        edge = ruler.after(window.end if newest else window.start, -count if newest else count)
    except TimeOutOfRange:
        return window
    if newest:
        return Window(max(window.start, edge), window.end)
    return Window(window.start, min(window.end, edge))


def _interval_of(duration: Duration) -> tuple[Interval, bool]:
    """The kept interval that candles of `duration` come from, and whether it is the very same."""
    interval = largest_dividing(duration)
    return interval, interval is not Interval.S1 and interval.duration == duration
