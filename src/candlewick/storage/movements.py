"""What moved, and how much was traded, of all instruments of a market: a few statements, bounded by the window.

Prices are the closes of minute candles (of days, where a source publishes nothing finer): one look for the last one and
one for the one before the window. Volumes are added up from the coarsest candles that are clean, as pages are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import asyncpg

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.interval import Interval
from candlewick.domain.market import InstrumentId
from candlewick.domain.movers import Move, Traded, Universe
from candlewick.domain.price import LONGEST
from candlewick.domain.time import Window, without
from candlewick.storage.engine import Driver
from candlewick.storage.folding import decompose
from candlewick.storage.instruments import instrument_of
from candlewick.storage.series import DAYS_CODE, ORIGIN_CODES, ORIGINS
from candlewick.storage.tree import table_of

_LEVELS: Final = (Interval.D1, Interval.H1)
"""What the inside of a window is read from; its ends are read from minutes."""

# Of several origins the first is taken: trades, the venue's own, quotes, days.
_MOVING: Final = """
SELECT DISTINCT ON (i.id) i.*, s.origin
FROM instrument AS i
JOIN venue AS v ON v.id = i.venue_id
JOIN asset AS quoted ON quoted.id = i.quote_id
JOIN candle_span AS s ON s.instrument_id = i.id
WHERE i.status = 'TRADING' AND s.first_open < $2
  AND s.last_open > $1::timestamptz - CASE WHEN s.origin = 3 THEN INTERVAL '24 hours' ELSE INTERVAL '1 minute' END
  AND ($3::text IS NULL OR i.asset_class = $3) AND ($4::text IS NULL OR v.code = $4)
  AND ($5::text IS NULL OR quoted.code = $5)
ORDER BY i.id, s.origin
"""

# $1 instruments, $2 origins, $3 and $4 the window, $5 how far back the price before it may be.
_MOVED: Final = """
SELECT moving.id, coalesce(former.close, entry.open) AS former,
       coalesce(former.open_time + {width}, entry.open_time) AS former_at, latest.close AS last, {last_at} AS last_at
FROM unnest($1::int[], $2::smallint[]) AS moving (id, origin)
CROSS JOIN LATERAL (
    SELECT open_time, close FROM {table}
    WHERE instrument_id = moving.id {of_origin}
      AND open_time > $3::timestamptz - {width} AND open_time <= $4::timestamptz - {width}
    ORDER BY open_time DESC
    LIMIT 1
) AS latest
LEFT JOIN LATERAL (
    SELECT open_time, close FROM {table}
    WHERE instrument_id = moving.id {of_origin}
      AND open_time >= $5 AND open_time <= $3::timestamptz - {width}
    ORDER BY open_time DESC
    LIMIT 1
) AS former ON true
LEFT JOIN LATERAL (
    SELECT open_time, open FROM {table}
    WHERE former.close IS NULL AND instrument_id = moving.id {of_origin}
      AND open_time > $3::timestamptz - {width} AND open_time <= latest.open_time
    ORDER BY open_time
    LIMIT 1
) AS entry ON true
"""
_MINUTES_MOVED: Final = _MOVED.format(
    table="candle_m1", of_origin="AND origin = moving.origin", width="INTERVAL '1 minute'", last_at="latest.open_time"
)
_DAYS_MOVED: Final = _MOVED.format(
    table="candle_day", of_origin="", width="INTERVAL '24 hours'", last_at="latest.open_time + INTERVAL '24 hours'"
)

_DIRTY: Final = """
SELECT instrument_id, start_time, end_time FROM dirty_range
WHERE instrument_id = ANY($1) AND start_time < $3 AND end_time > $2
"""

# $1 and $2 bound all pieces, so that the planner leaves out chunks. Each piece is looked at by key.
_PIECE: Final = """
SELECT piece.id, kept.volume, kept.quote_volume
FROM unnest(${ids}::int[], ${origins}::smallint[], ${starts}::timestamptz[], ${ends}::timestamptz[])
    AS piece (id, origin, start_time, end_time)
CROSS JOIN LATERAL (
    SELECT volume, {quote_volume} AS quote_volume
    FROM {table}
    WHERE instrument_id = piece.id {of_origin} AND open_time >= start_time AND open_time < end_time
      AND open_time >= $1 AND open_time < $2
) AS kept
"""
_SUMMED: Final = """
SELECT id, CASE WHEN count(volume) = count(*) THEN sum(volume) END,
       CASE WHEN count(quote_volume) = count(*) THEN sum(quote_volume) END
FROM ({pieces}) AS piece
GROUP BY id
"""
"""Of what one candle does not say, nothing is known."""


async def read_moves(driver: Driver, universe: Universe, window: Window) -> list[Move]:
    """The moves of all instruments that have a candle in the window."""
    wanted = universe.asset_class, universe.venue, universe.quote
    moving = {row["id"]: row for row in await driver.fetch(_MOVING, window.start, window.end, *wanted)}
    found: list[Move] = []
    for statement, days in ((_MINUTES_MOVED, False), (_DAYS_MOVED, True)):
        ids = [key for key, row in moving.items() if (row["origin"] == DAYS_CODE) is days]
        if ids:
            origins = [moving[key]["origin"] for key in ids]
            rows = await driver.fetch(statement, ids, origins, window.start, window.end, window.start - LONGEST)
            found += [_move(moving[row["id"]], row, days=days) for row in rows]
    return found


def _move(listed: asyncpg.Record, row: asyncpg.Record, *, days: bool) -> Move:
    origin = CandleOrigin.VENUE if days else ORIGINS[listed["origin"]]
    _, former, former_at, last, last_at = row
    return Move(instrument_of(listed), origin, days, former, former_at, last, last_at)


async def read_traded(driver: Driver, moves: Sequence[Move], window: Window) -> Mapping[InstrumentId, Traded]:
    """What was traded in the window: added up from coarse candles where they are clean."""
    ids = [move.instrument.id for move in moves if not move.days]
    dirty: dict[InstrumentId, list[Window]] = {}
    for key, start, end in await driver.fetch(_DIRTY, ids, window.start, window.end):
        dirty.setdefault(key, []).append(Window(start, end))
    pieces: dict[str, list[tuple[InstrumentId, int, Window]]] = {}
    for move in moves:
        key, origin = move.instrument.id, ORIGIN_CODES[move.origin]
        if move.days:
            pieces.setdefault("candle_day", []).append((key, origin, _days_over(window)))
        else:
            for level, piece in _cut(window, dirty.get(key, ()), _LEVELS):
                pieces.setdefault(table_of(level), []).append((key, origin, piece))
    return {
        InstrumentId(key): Traded(volume, quote_volume) for key, volume, quote_volume in await _sums(driver, pieces)
    }


def _days_over(window: Window) -> Window:
    """When days open that are over within the window."""
    day = timedelta(days=1)
    return Window(window.start - day + timedelta(microseconds=1), window.end - day + timedelta(microseconds=1))


def _cut(window: Window, dirty: Sequence[Window], levels: Sequence[Interval]) -> Iterable[tuple[Interval, Window]]:
    """The window as whole candles of the coarsest level that has some, and finer ones at its ends."""
    if not levels:
        return [(Interval.M1, window)]
    level, *finer = levels
    start, end = level.duration.ceil(window.start), level.duration.floor(window.end)
    if start >= end:
        return _cut(window, dirty, finer)
    inside = Window(start, end)
    ends = [piece for edge in without(window, [inside]) for piece in _cut(edge, dirty, finer)]
    return [*decompose(inside, dirty, level), *ends]


async def _sums(
    driver: Driver, pieces: Mapping[str, Sequence[tuple[InstrumentId, int, Window]]]
) -> list[asyncpg.Record]:
    """The sums of all pieces, in one statement."""
    windows = [window for of_table in pieces.values() for _, _, window in of_table]
    if not windows:
        return []
    arguments: list[Any] = [min(window.start for window in windows), max(window.end for window in windows)]
    parts = []
    for table, of_table in pieces.items():
        ids = len(arguments) + 1
        numbers = {"ids": ids, "origins": ids + 1, "starts": ids + 2, "ends": ids + 3}
        days = {"of_origin": "", "quote_volume": "NULL::numeric"}
        minutes = {"of_origin": "AND origin = piece.origin", "quote_volume": "quote_volume"}
        parts.append(_PIECE.format(table=table, **(days if table == "candle_day" else minutes), **numbers))
        arguments += [
            [key for key, _, _ in of_table],
            [origin for _, origin, _ in of_table],
            [window.start for _, _, window in of_table],
            [window.end for _, _, window in of_table],
        ]
    return await driver.fetch(_SUMMED.format(pieces=" UNION ALL ".join(parts)), *arguments)
