"""Candles folded from finer ones: from the coarsest pieces that are clean, from minutes, from trades."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg

from candlewick.domain.interval import Duration, Interval
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window, within, without
from candlewick.storage.engine import Driver
from candlewick.storage.series import Series
from candlewick.storage.tree import FOLDED, aligned, bucket_of, table_of

_FINER: Final = {
    Interval.MO1: Interval.D1, Interval.W1: Interval.D1, Interval.D1: Interval.H1, Interval.H4: Interval.H1
}  # fmt: skip
"""Where a dirty candle is folded from; what is not named, from minutes."""

CANDLE_COLUMNS: Final = """
instrument_id, origin, open_time, open::text, high::text, low::text, close::text, volume::text, quote_volume::text,
CASE WHEN volume > 0 THEN trim_scale(div(2 * quote_volume * 1e18 + volume, 2 * volume) * 1e-18)::text END AS vwap,
trade_count, taker_buy_volume::text, revision, version"""

_PIECE: Final = """
SELECT kept.instrument_id, kept.origin, kept.open_time, kept.open, kept.high, kept.low, kept.close,
       kept.volume, kept.quote_volume, kept.trade_count, kept.taker_buy_volume, kept.taker_buy_quote_volume,
       kept.revision, kept.version
FROM unnest(${ids}::int[], ${starts}::timestamptz[], ${ends}::timestamptz[]) AS piece (piece_id, start_time, end_time)
JOIN {table} AS kept ON kept.instrument_id = piece_id AND kept.origin = ANY($1)
    AND kept.open_time >= start_time AND kept.open_time < end_time AND kept.open_time >= $2 AND kept.open_time < $3
"""

_SECONDS: Final = """
SELECT t.instrument_id, 0::smallint AS origin, t.ts AS open_time, extract(epoch FROM t.minute) AS minute,
       t.sequence, t.price, t.size, t.side, t.version
FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS piece (piece_id, start_time, end_time)
JOIN trade AS t ON t.instrument_id = piece_id
    AND t.minute >= date_trunc('minute', start_time, 'UTC') AND t.minute < end_time
    AND t.ts >= start_time AND t.ts < end_time
    AND t.minute >= date_trunc('minute', $4::timestamptz, 'UTC') AND t.minute < $5
"""

_FOLDED_TRADES: Final = """
(min(ARRAY[minute, sequence, price]))[3] AS open, max(price) AS high, min(price) AS low,
(max(ARRAY[minute, sequence, price]))[3] AS close,
sum(size) AS volume, sum(price * size) AS quote_volume, count(*) AS trade_count,
coalesce(sum(size) FILTER (WHERE side = 1), 0) AS taker_buy_volume, 0::bigint AS revision, max(version) AS version"""

type Rows = dict[InstrumentId, list[asyncpg.Record]]


async def fold(
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
        arguments += columns_of(stretch_pieces)
    statement = f"""
        SELECT {CANDLE_COLUMNS} FROM (
            SELECT instrument_id, origin, {bucket_of(duration)} AS open_time, {FOLDED}
            FROM ({" UNION ALL ".join(parts)}) AS piece
            GROUP BY instrument_id, origin, {bucket_of(duration)}
        ) AS folded"""
    for row in await driver.fetch(statement, *arguments):
        rows[row["instrument_id"]].append(row)
    return rows


def decompose(stretch: Window, dirty: Sequence[Window], interval: Interval) -> list[tuple[Interval, Window]]:
    """A stretch of whole candles as coarse pieces that are clean, and minutes where nothing else is.

    Not every level of the tree is worth a step: each costs pieces, and an hour has but sixty minutes.
    """
    finer = _FINER.get(interval, Interval.M1)
    if interval is Interval.M1:
        return [(interval, stretch)]
    unclean = within(aligned(within(dirty, stretch), interval.duration), stretch)
    pieces: list[tuple[Interval, Window]] = [(interval, window) for window in without(stretch, unclean)]
    for window in unclean:
        pieces += decompose(window, dirty, finer)
    return pieces


async def fold_trades(driver: Driver, near: Mapping[InstrumentId, Window], duration: Duration) -> Rows:
    rows: Rows = {key: [] for key in near}
    ids, starts, ends = columns_of(list(near.items()))
    statement = f"""
        SELECT {CANDLE_COLUMNS} FROM (
            SELECT instrument_id, origin, {bucket_of(duration)} AS open_time, {_FOLDED_TRADES}
            FROM ({_SECONDS}) AS fresh
            GROUP BY instrument_id, origin, {bucket_of(duration)}
        ) AS folded"""
    for row in await driver.fetch(statement, ids, starts, ends, min(starts), max(ends)):
        rows[row["instrument_id"]].append(row)
    return rows


def columns_of(
    pieces: Sequence[tuple[InstrumentId, Window]],
) -> tuple[list[InstrumentId], list[datetime], list[datetime]]:
    return [key for key, _ in pieces], [window.start for _, window in pieces], [window.end for _, window in pieces]
