"""Candles folded from finer ones: from the coarsest pieces that are clean, from minutes, trades and published days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from candlewick.domain.day import Adjustment
from candlewick.domain.interval import Duration, Interval
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window, within, without
from candlewick.storage.adjusting import adjusted
from candlewick.storage.engine import Driver
from candlewick.storage.series import VENUE, Series
from candlewick.storage.tree import FOLDED, FOLDED_DAYS, aligned, bucket_of, table_of

_FINER: Final = {
    Interval.MO1: Interval.D1, Interval.W1: Interval.D1, Interval.D1: Interval.H1, Interval.H4: Interval.H1
}  # fmt: skip
"""Where a dirty candle is folded from; what is not named, from minutes."""

VWAP: Final = (
    "CASE WHEN volume > 0 THEN trim_scale(div(2 * quote_volume * 1e18 + volume, 2 * volume) * 1e-18)::text END"
)
CANDLE_COLUMNS: Final = f"""
instrument_id, origin, open_time, open::text, high::text, low::text, close::text, volume::text, quote_volume::text,
{VWAP} AS vwap,
trade_count, taker_buy_volume::text, revision, version"""

_PIECE: Final = """
SELECT kept.instrument_id, kept.origin, kept.open_time, kept.open, kept.high, kept.low, kept.close,
       kept.volume, kept.quote_volume, kept.trade_count, kept.taker_buy_volume, kept.taker_buy_quote_volume,
       kept.revision, kept.version
FROM unnest(${ids}::int[], ${starts}::timestamptz[], ${ends}::timestamptz[]) AS piece (piece_id, start_time, end_time)
JOIN {table} AS kept ON kept.instrument_id = piece_id AND kept.origin = ANY(${origins})
    AND kept.open_time >= start_time AND kept.open_time < end_time AND kept.open_time >= $1 AND kept.open_time < $2
"""

_DAYS: Final = """
SELECT kept.instrument_id, 1::smallint AS origin, kept.open_time, kept.open, kept.high, kept.low, kept.close,
       kept.volume, NULL::numeric AS quote_volume, NULL::bigint AS trade_count, NULL::numeric AS taker_buy_volume,
       NULL::numeric AS taker_buy_quote_volume, kept.revision, kept.version
FROM unnest(${ids}::int[], ${starts}::timestamptz[], ${ends}::timestamptz[]) AS piece (piece_id, start_time, end_time)
JOIN candle_day AS kept ON kept.instrument_id = piece_id AND kept.open_time >= start_time AND kept.open_time < end_time
    AND kept.open_time >= $1 AND kept.open_time < $2
"""

# One probe of an index a day. As a join the planner might read all minutes of the instrument.
_DAYS_BESIDE_MINUTES: Final = (
    _DAYS
    + """
WHERE (
    SELECT finer.origin FROM candle_m1 AS finer
    WHERE finer.instrument_id = kept.instrument_id AND finer.origin = 1
      AND finer.open_time >= kept.open_time AND finer.open_time < kept.open_time + INTERVAL '24 hours'
      AND finer.open_time >= $1 AND finer.open_time < $2
    LIMIT 1
) IS NULL
"""
)
"""Days of which the venue's minutes are here too are read from those."""

_SECONDS: Final = """
SELECT t.instrument_id, 0::smallint AS origin, t.ts AS open_time, extract(epoch FROM t.minute) AS minute,
       t.sequence, t.price, t.size, t.side, t.version
FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS piece (piece_id, start_time, end_time)
JOIN trade AS t ON t.instrument_id = piece_id
    AND t.minute >= date_trunc('minute', start_time, 'UTC') AND t.minute < end_time
    AND t.ts >= start_time AND t.ts < end_time
    AND t.minute >= date_trunc('minute', $4::timestamptz, 'UTC') AND t.minute < $5
"""

FOLDED_TRADES: Final = """
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
    adjustment: Adjustment = Adjustment.NONE,
) -> Rows:
    """Candles of `duration` in `windows`, folded from kept ones: `interval` where clean, finer where dirty.

    Of series with published days `interval` is a day or less: each day is one or the other, so that they keep in order.
    """
    rows: Rows = {key: [] for key in series}
    source = pieces_read(series, _pieces(series, windows, interval))
    if source is None:
        return rows
    days = any(one.days for one in series.values())
    statement, arguments = _folded(source.sql, duration, adjustment, FOLDED_DAYS if days else FOLDED), source.arguments
    for row in await driver.fetch(f"SELECT {CANDLE_COLUMNS} FROM ({statement}) AS folded", *arguments):
        rows[row["instrument_id"]].append(row)
    return rows


@dataclass(frozen=True, slots=True)
class Source:
    """SQL for kept candles, and its arguments."""

    sql: str
    arguments: Sequence[Any]


type Pieces = dict[str, list[tuple[InstrumentId, Window]]]
"""What is read of which instrument, by the query that reads it."""


def pieces_read(series: Mapping[InstrumentId, Series], pieces: Pieces) -> Source | None:
    """The query that has all pieces; None if there are none."""
    bounds = [piece for of_one_query in pieces.values() for _, piece in of_one_query]
    if not bounds:
        return None
    origins = sorted(frozenset().union(*(one.origins for one in series.values())))
    parts = []
    arguments: list[Any] = [min(piece.start for piece in bounds), max(piece.end for piece in bounds)]
    for query, of_one_query in pieces.items():
        ids = len(arguments) + 1
        parts.append(query.format(ids=ids, starts=ids + 1, ends=ids + 2, origins=ids + 3))
        arguments += columns_of(of_one_query)
        if "{origins}" in query:
            arguments.append(origins)
    return Source(" UNION ALL ".join(parts), arguments)


def _pieces(
    series: Mapping[InstrumentId, Series], windows: Mapping[InstrumentId, Iterable[Window]], interval: Interval
) -> Pieces:
    pieces: Pieces = {}
    for key, stretches in windows.items():
        one = series[key]
        for stretch in stretches:
            if one.days:
                pieces.setdefault(_DAYS_BESIDE_MINUTES if VENUE in one.origins else _DAYS, []).append((key, stretch))
            if one.origins:
                for level, piece in decompose(stretch, one.dirty, interval):
                    pieces.setdefault(piece_of(level), []).append((key, piece))
    return pieces


def piece_of(interval: Interval) -> str:
    """The query that reads pieces of an interval's table."""
    return _PIECE.replace("{table}", table_of(interval))


def _folded(pieces: str, duration: Duration, adjustment: Adjustment, folding: str) -> str:
    """SQL for candles of `duration` from pieces. Adjusted ones are folded by day first: no two have the same factor."""
    if adjustment is Adjustment.NONE:
        return grouped(pieces, bucket_of(duration), folding)
    day = Interval.D1.duration
    if duration.divides(day):
        return adjusted(grouped(pieces, bucket_of(duration), folding), adjustment)
    return grouped(adjusted(grouped(pieces, bucket_of(day), folding), adjustment), bucket_of(duration), folding)


def grouped(pieces: str, bucket: str, folding: str = FOLDED) -> str:
    """SQL that folds the pieces of each bucket into one candle."""
    return f"""
        SELECT instrument_id, origin, {bucket} AS open_time, {folding}
        FROM ({pieces}) AS piece
        GROUP BY instrument_id, origin, {bucket}"""


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


async def fold_trades(
    driver: Driver,
    windows: Mapping[InstrumentId, Iterable[Window]],
    bucket: str,
    adjustment: Adjustment = Adjustment.NONE,
    *further: Sequence[datetime],
) -> Rows:
    """Candles in the windows, from trades: for widths that minutes do not divide. `further`: arguments of `bucket`."""
    rows: Rows = {key: [] for key in windows}
    ids, starts, ends = columns_of([(key, window) for key, stretches in windows.items() for window in stretches])
    if not starts:
        return rows
    folded = grouped(_SECONDS, bucket, FOLDED_TRADES)
    if adjustment is not Adjustment.NONE:
        folded = adjusted(folded, adjustment)
    statement = f"SELECT {CANDLE_COLUMNS} FROM ({folded}) AS folded"
    for row in await driver.fetch(statement, ids, starts, ends, min(starts), max(ends), *further):
        rows[row["instrument_id"]].append(row)
    return rows


def columns_of(
    pieces: Sequence[tuple[InstrumentId, Window]],
) -> tuple[list[InstrumentId], list[datetime], list[datetime]]:
    return [key for key, _ in pieces], [window.start for _, window in pieces], [window.end for _, window in pieces]
