"""Reading quotes: keyset pages of many instruments in few statements, always within a bound; and the newest prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import asyncpg

from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page, QuoteQuery
from candlewick.domain.quote import QuoteRow
from candlewick.domain.time import MICROSECOND, Window
from candlewick.storage.engine import Database, Driver

_SPANS: Final = """
SELECT instrument_id, min(first_ts) AS start_time, max(last_ts) AS last_time
FROM quote_span
WHERE instrument_id = ANY($1) AND ($2::text IS NULL OR source = $2)
GROUP BY instrument_id
"""
_FIGURES: Final = "q.bid::text, q.ask::text, q.market_cap::text, q.volume_24h::text, q.change_24h::text"

# The outer bounds are the same for all: they let the planner leave out chunks before it starts.
_PAGE: Final = f"""
SELECT bound.instrument_id, q.ts, q.source, q.price::text, {_FIGURES}, q.received_at, q.version
FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS bound (instrument_id, start_time, end_time)
CROSS JOIN LATERAL (
    SELECT * FROM quote
    WHERE instrument_id = bound.instrument_id
      AND ts >= bound.start_time AND ts < bound.end_time AND ts >= $4 AND ts < $5
      AND ($6::timestamptz IS NULL OR (ts, source) > ($6, $7::text))
      AND ($8::timestamptz IS NULL OR (ts, source) < ($8, $9::text))
      AND ($10::text IS NULL OR source = $10)
    ORDER BY ts {{direction}}, source {{direction}}
    LIMIT $11
) AS q
"""

# A source of '' stands for trades: the minute of the last one there was.
_NEWEST: Final = """
SELECT instrument_id, source, last_priced AS ts FROM quote_span
WHERE instrument_id = ANY($1) AND last_priced IS NOT NULL
UNION ALL
SELECT instrument_id, '', last_open FROM candle_span WHERE instrument_id = ANY($1) AND origin = 0
"""
_LATEST: Final = f"""
SELECT DISTINCT ON (instrument_id)
    instrument_id, ts, source, price, bid, ask, market_cap, volume_24h, change_24h, received_at, version
FROM (
    SELECT q.instrument_id, q.ts, q.source, coalesce(q.price, trim_scale((q.bid + q.ask) * 0.5))::text AS price,
           {_FIGURES}, q.received_at, q.version, false AS traded
    FROM unnest($1::int[], $2::text[], $3::timestamptz[]) AS newest (instrument_id, source, ts)
    CROSS JOIN LATERAL (
        SELECT * FROM quote
        WHERE instrument_id = newest.instrument_id AND ts = newest.ts AND source = newest.source
          AND ts >= $4 AND ts <= $5
        LIMIT 1
    ) AS q
    UNION ALL
    SELECT i.id, t.ts, split_part(i.key, ':', 1), t.price::text, NULL, NULL, NULL, NULL, NULL, t.received_at, t.version,
           true
    FROM unnest($6::int[], $7::timestamptz[]) AS newest (instrument_id, minute)
    JOIN instrument AS i ON i.id = newest.instrument_id
    CROSS JOIN LATERAL (
        SELECT ts, price, received_at, version FROM trade
        WHERE instrument_id = newest.instrument_id AND minute = newest.minute AND minute >= $8 AND minute <= $9
        ORDER BY sequence DESC
        LIMIT 1
    ) AS t
) AS found
ORDER BY instrument_id, ts DESC, traded, source
"""
_FIRST_STEP: Final = timedelta(hours=1)
_GROWTH: Final = 16


async def read_quotes(
    database: Database, instrument_ids: Sequence[InstrumentId], query: QuoteQuery
) -> Mapping[InstrumentId, Page[QuoteRow]]:
    """A page an instrument. Starts near the end that is asked for and widens until the page is full."""
    found: dict[InstrumentId, list[QuoteRow]] = {instrument_id: [] for instrument_id in instrument_ids}
    async with database.snapshot() as driver:
        left = await _bounds(driver, instrument_ids, query)
        step = _FIRST_STEP
        while left:
            near = {key: _near(window, step, newest=query.newest) for key, window in left.items()}
            for instrument_id, *row in await _fetch(driver, near, query):
                found[instrument_id].append(QuoteRow(*row))
            left = {key: left[key] for key in near if len(found[key]) <= query.limit and near[key] != left[key]}
            for key in left:
                found[key].clear()
            step *= _GROWTH
    return {key: _page(rows, query) for key, rows in found.items()}


async def read_latest(database: Database, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, QuoteRow]:
    """The newest price of each instrument that has one. Where it says none, it is the mid of bid and ask."""
    async with database.snapshot() as driver:
        newest = await driver.fetch(_NEWEST, list(instrument_ids))
        quotes = [row for row in newest if row["source"]]
        trades = [row for row in newest if not row["source"]]
        rows = await driver.fetch(
            _LATEST,
            [row["instrument_id"] for row in quotes],
            [row["source"] for row in quotes],
            *_times(quotes),
            [row["instrument_id"] for row in trades],
            *_times(trades),
        )
    return {InstrumentId(instrument_id): QuoteRow(*row) for instrument_id, *row in rows}


def _times(rows: Sequence[asyncpg.Record]) -> tuple[object, object, object]:
    """The rows' times, and the bounds of them all: the planner leaves out the chunks beyond."""
    times = [row["ts"] for row in rows]
    return times, min(times, default=None), max(times, default=None)


async def _bounds(
    driver: Driver, instrument_ids: Sequence[InstrumentId], query: QuoteQuery
) -> dict[InstrumentId, Window]:
    """The span in which each instrument can have an answer at all."""
    bounds = {}
    for row in await driver.fetch(_SPANS, list(instrument_ids), query.source):
        start, end = row["start_time"], row["last_time"] + MICROSECOND
        if query.window is not None:
            start, end = max(start, query.window.start), min(end, query.window.end)
        if query.after is not None:
            start = max(start, query.after[0])
        if query.before is not None:
            end = min(end, min(end, query.before[0]) + MICROSECOND)
        if start < end:
            bounds[InstrumentId(row["instrument_id"])] = Window(start, end)
    return bounds


def _near(window: Window, step: timedelta, *, newest: bool) -> Window:
    """The part of the window within `step` of the end that is asked for."""
    if window.end - window.start <= step:
        return window
    return Window(window.end - step, window.end) if newest else Window(window.start, window.start + step)


async def _fetch(driver: Driver, near: Mapping[InstrumentId, Window], query: QuoteQuery) -> list[asyncpg.Record]:
    windows = list(near.values())
    nowhere = (None, None)
    return await driver.fetch(
        _PAGE.format(direction="DESC" if query.newest else "ASC"),
        list(near),
        [window.start for window in windows],
        [window.end for window in windows],
        min(window.start for window in windows),
        max(window.end for window in windows),
        *(query.after or nowhere),
        *(query.before or nowhere),
        query.source,
        query.limit + 1,
    )


def _page(rows: list[QuoteRow], query: QuoteQuery) -> Page[QuoteRow]:
    kept = rows[: query.limit]
    return Page(kept[::-1] if query.newest else kept, more=len(rows) > query.limit)
