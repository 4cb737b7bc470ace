"""Reading candles: never stale, always bounded.

Where the tree is clean a candle is read as it stands there; where minutes changed since, it is folded from the coarsest
pieces that are clean and the minutes in between. All statements of a read see the database of one moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.errors import InvalidDuration, TimeOutOfRange
from candlewick.domain.interval import PARENT, Duration, Interval, largest_dividing
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery
from candlewick.domain.time import Window, coalesce
from candlewick.storage.engine import Driver
from candlewick.storage.tree import FOLDED, aligned, bucket_of, dirty_windows, table_of

ORIGIN_CODES: Final = {CandleOrigin.TRADES: 0, CandleOrigin.VENUE: 1, CandleOrigin.QUOTES: 2}
ORIGINS: Final = {code: origin for origin, code in ORIGIN_CODES.items()}
MOST_FOLDED: Final = 200_000
"""Kept candles that one page may be folded from, an instrument."""
_GROWTH: Final = 4

_SPANS: Final = """
SELECT instrument_id, origin, first_open, last_open FROM candle_span WHERE instrument_id = ANY($1) AND origin = ANY($2)
"""

_COLUMNS: Final = """
instrument_id, origin, open_time, open::text, high::text, low::text, close::text, volume::text, quote_volume::text,
CASE WHEN volume > 0 THEN trim_scale(div(2 * quote_volume * 1e18 + volume, 2 * volume) * 1e-18)::text END AS vwap,
trade_count, taker_buy_volume::text, revision, version"""

_KEPT: Final = f"""
SELECT {_COLUMNS}
FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS piece (piece_id, start_time, end_time)
CROSS JOIN LATERAL (
    SELECT * FROM {{table}}
    WHERE instrument_id = piece_id AND origin = ANY($4) AND open_time >= start_time AND open_time < end_time
      AND open_time >= $5 AND open_time < $6
    ORDER BY open_time {{direction}}
    LIMIT $7
) AS kept
"""

_PIECE: Final = """
SELECT kept.instrument_id, kept.origin, kept.open_time, kept.open, kept.high, kept.low, kept.close,
       kept.volume, kept.quote_volume, kept.trade_count, kept.taker_buy_volume, kept.taker_buy_quote_volume,
       kept.revision, kept.version
FROM unnest(${ids}::int[], ${starts}::timestamptz[], ${ends}::timestamptz[]) AS piece (piece_id, start_time, end_time)
JOIN {table} AS kept ON kept.instrument_id = piece_id AND kept.origin = ANY($1)
    AND kept.open_time >= start_time AND kept.open_time < end_time AND kept.open_time >= $2 AND kept.open_time < $3
"""

_SECONDS: Final = """
SELECT t.instrument_id, 0::smallint AS origin, t.ts AS open_time, t.sequence, t.price, t.size, t.side, t.version
FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS piece (piece_id, start_time, end_time)
JOIN trade AS t ON t.instrument_id = piece_id
    AND t.minute >= date_trunc('minute', start_time, 'UTC') AND t.minute < end_time
    AND t.ts >= start_time AND t.ts < end_time
    AND t.minute >= date_trunc('minute', $4::timestamptz, 'UTC') AND t.minute < $5
"""

_FOLDED_TRADES: Final = """
(min(ARRAY[sequence, price]))[2] AS open, max(price) AS high, min(price) AS low,
(max(ARRAY[sequence, price]))[2] AS close,
sum(size) AS volume, sum(price * size) AS quote_volume, count(*) AS trade_count,
coalesce(sum(size) FILTER (WHERE side = 1), 0) AS taker_buy_volume, 0::bigint AS revision, max(version) AS version"""

type Rows = dict[InstrumentId, list[asyncpg.Record]]


@dataclass(frozen=True, slots=True)
class Series:
    """What one instrument can answer with: from its first candle to its last, and what of it is dirty."""

    window: Window
    origins: frozenset[int]
    dirty: Sequence[Window] = field(default=())


async def series_of(
    driver: Driver, instrument_ids: Sequence[InstrumentId], query: CandleQuery
) -> dict[InstrumentId, Series]:
    """Where each instrument has candles that the query can mean. One without any is left out."""
    origins = list(ORIGINS) if query.origin is None else [ORIGIN_CODES[query.origin]]
    spans: dict[InstrumentId, list[asyncpg.Record]] = {}
    for row in await driver.fetch(_SPANS, list(instrument_ids), origins):
        spans.setdefault(row["instrument_id"], []).append(row)
    dirty = await dirty_windows(driver, list(spans))
    found = {}
    for instrument_id, rows in spans.items():
        window = _asked(query, min(row["first_open"] for row in rows), max(row["last_open"] for row in rows))
        if window is not None:
            found[instrument_id] = Series(
                window, frozenset(row["origin"] for row in rows), dirty.get(instrument_id, ())
            )
    return found


def _asked(query: CandleQuery, first: datetime, last: datetime) -> Window | None:
    """From the first candle's open time to the last one's end, as far as there are candles and the query wants them."""
    width = query.duration
    start, end = width.floor(first), width.after(width.floor(last + timedelta(minutes=1) - timedelta(microseconds=1)))
    if query.window is not None:
        start, end = max(start, width.ceil(query.window.start)), min(end, width.ceil(query.window.end))
    return Window(start, end) if start < end else None


async def read_kept(
    driver: Driver, series: Mapping[InstrumentId, Series], query: CandleQuery, interval: Interval
) -> Rows:
    """Candles of an interval that has a table: as they stand where it is clean, folded where it is dirty."""
    dirty = {key: _within(aligned(one.dirty, query.duration), one.window) for key, one in series.items()}
    clean = {key: _without(one.window, dirty[key]) for key, one in series.items()}
    rows = await _read_clean(driver, series, clean, query, interval)
    near = {key: _reach(rows[key], one, query) for key, one in series.items()}
    folded = await _fold(
        driver, series, {key: _within(dirty[key], near[key]) for key in series}, query.duration, interval
    )
    for key, more in folded.items():
        rows[key] += more
    return rows


async def _read_clean(
    driver: Driver,
    series: Mapping[InstrumentId, Series],
    clean: Mapping[InstrumentId, list[Window]],
    query: CandleQuery,
    interval: Interval,
) -> Rows:
    rows: Rows = {key: [] for key in series}
    pieces = [(key, window) for key, windows in clean.items() for window in windows]
    if pieces:
        statement = _KEPT.format(table=table_of(interval), direction="DESC" if query.newest else "ASC")
        widest = max(len(one.origins) for one in series.values())
        origins = sorted(frozenset().union(*(one.origins for one in series.values())))
        limit = (query.limit + 1) * widest
        ids, starts, ends = _columns(pieces)
        for row in await driver.fetch(statement, ids, starts, ends, origins, min(starts), max(ends), limit):
            rows[row["instrument_id"]].append(row)
    return rows


def _reach(rows: Sequence[asyncpg.Record], one: Series, query: CandleQuery) -> Window:
    """The part of the series in which a candle can still be on the page, given the clean ones that were found."""
    times = sorted({row["open_time"] for row in rows}, reverse=query.newest)
    if len(times) <= query.limit:
        return one.window
    edge = times[query.limit]
    return Window(edge, one.window.end) if query.newest else Window(one.window.start, query.duration.after(edge))


async def _fold(
    driver: Driver,
    series: Mapping[InstrumentId, Series],
    windows: Mapping[InstrumentId, Iterable[Window]],
    duration: Duration,
    interval: Interval,
) -> Rows:
    """Candles of `duration` in `windows`, folded from kept ones: `interval` where clean, finer where dirty."""
    pieces: dict[Interval, list[tuple[InstrumentId, Window]]] = {}
    for key, stretches in windows.items():
        for stretch in stretches:
            for level, piece in decompose(stretch, series[key].dirty, interval):
                pieces.setdefault(level, []).append((key, piece))
    rows: Rows = {key: [] for key in series}
    if not pieces:
        return rows
    bounds = [piece for level in pieces.values() for _, piece in level]
    origins = sorted(frozenset().union(*(one.origins for one in series.values())))
    arguments: list[Any] = [origins, min(piece.start for piece in bounds), max(piece.end for piece in bounds)]
    parts = []
    for level, stretch_pieces in pieces.items():
        first = len(arguments) + 1
        parts.append(_PIECE.format(ids=first, starts=first + 1, ends=first + 2, table=table_of(level)))
        arguments += _columns(stretch_pieces)
    statement = f"""
        SELECT {_COLUMNS} FROM (
            SELECT instrument_id, origin, {bucket_of(duration)} AS open_time, {FOLDED}
            FROM ({" UNION ALL ".join(parts)}) AS piece
            GROUP BY instrument_id, origin, {bucket_of(duration)}
        ) AS folded"""
    for row in await driver.fetch(statement, *arguments):
        rows[row["instrument_id"]].append(row)
    return rows


def decompose(stretch: Window, dirty: Sequence[Window], interval: Interval) -> list[tuple[Interval, Window]]:
    """A stretch of whole candles as the coarsest pieces that are clean, and minutes where nothing else is."""
    if interval is Interval.M1:
        return [(interval, stretch)]
    unclean = _within(aligned(_within(dirty, stretch), interval.duration), stretch)
    pieces: list[tuple[Interval, Window]] = [(interval, window) for window in _without(stretch, unclean)]
    for window in unclean:
        pieces += decompose(window, dirty, PARENT[interval])
    return pieces


async def read_folded(
    driver: Driver, series: Mapping[InstrumentId, Series], query: CandleQuery, interval: Interval
) -> Rows:
    """Candles of any other width, folded from the widest kept interval that divides it (or from trades: S1)."""
    per_candle = _per_candle(query.duration, interval)
    if query.limit * per_candle > MOST_FOLDED:
        raise InvalidDuration(
            str(query.duration),
            f"{query.limit} of them are folded from {query.limit * per_candle} candles of {interval}, "
            f"at most {MOST_FOLDED} are allowed: ask for at most {MOST_FOLDED // per_candle} at a time",
        )
    rows: Rows = {key: [] for key in series}
    left = {key: one.window for key, one in series.items()}
    count = query.limit + 1
    while left:
        near = {key: _near(window, query, count) for key, window in left.items()}
        if interval is Interval.S1:
            fresh = await _fold_trades(driver, near, query.duration)
        else:
            fresh = await _fold(
                driver, series, {key: [window] for key, window in near.items()}, query.duration, interval
            )
        for key, more in fresh.items():
            rows[key] += more
        left = {
            key: rest
            for key, window in left.items()
            if len({row["open_time"] for row in rows[key]}) <= query.limit
            for rest in _without(window, [near[key]])
        }
        count = min(count * _GROWTH, MOST_FOLDED // per_candle)
    return rows


def _per_candle(duration: Duration, interval: Interval) -> int:
    """How many kept candles one of `duration` is folded from; seconds count as one, whatever trades they hold."""
    if duration.months:
        return duration.months // interval.duration.months
    return max(1, duration.span // interval.duration.span) if interval is not Interval.S1 else 1


async def _fold_trades(driver: Driver, near: Mapping[InstrumentId, Window], duration: Duration) -> Rows:
    rows: Rows = {key: [] for key in near}
    ids, starts, ends = _columns(list(near.items()))
    statement = f"""
        SELECT {_COLUMNS} FROM (
            SELECT instrument_id, origin, {bucket_of(duration)} AS open_time, {_FOLDED_TRADES}
            FROM ({_SECONDS}) AS fresh
            GROUP BY instrument_id, origin, {bucket_of(duration)}
        ) AS folded"""
    for row in await driver.fetch(statement, ids, starts, ends, min(starts), max(ends)):
        rows[row["instrument_id"]].append(row)
    return rows


def _near(window: Window, query: CandleQuery, count: int) -> Window:
    """The part of the window that holds `count` candles at the end that is asked for."""
    try:
        edge = query.duration.after(window.end if query.newest else window.start, -count if query.newest else count)
    except TimeOutOfRange:
        return window
    if query.newest:
        return Window(max(window.start, edge), window.end)
    return Window(window.start, min(window.end, edge))


def _within(windows: Iterable[Window], bounds: Window) -> list[Window]:
    return [
        Window(max(window.start, bounds.start), min(window.end, bounds.end))
        for window in windows
        if window.overlaps(bounds)
    ]


def _without(window: Window, holes: Iterable[Window]) -> list[Window]:
    """The window less the holes."""
    rest, start = [], window.start
    for hole in coalesce(list(holes)):
        if start < hole.start:
            rest.append(Window(start, hole.start))
        start = max(start, hole.end)
    if start < window.end:
        rest.append(Window(start, window.end))
    return rest


def _columns(
    pieces: Sequence[tuple[InstrumentId, Window]],
) -> tuple[list[InstrumentId], list[datetime], list[datetime]]:
    return [key for key, _ in pieces], [window.start for _, window in pieces], [window.end for _, window in pieces]


def interval_of(duration: Duration) -> tuple[Interval, bool]:
    """The kept interval that candles of `duration` come from, and whether it is the very same."""
    interval = largest_dividing(duration)
    return interval, interval is not Interval.S1 and interval.duration == duration
