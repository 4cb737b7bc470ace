"""Reading trades: keyset pages of many instruments in few statements, always within a bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from candlewick.domain.batch import SIDES
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page, TradeQuery, TradeRow
from candlewick.domain.time import Window
from candlewick.storage.engine import Database, Driver

_SPANS: Final = """
SELECT instrument_id, first_open, last_open + INTERVAL '1 minute' AS end_time
FROM candle_span
WHERE origin = 0 AND instrument_id = ANY($1)
"""

TRADE_COLUMNS: Final = (
    "t.minute, t.sequence, t.price::text, t.size::text, t.side, t.ts, t.received_at, t.version, t.instrument_id"
)
"""What `trade_row` makes a TradeRow of."""

# The outer bounds are the same for all: they let the planner leave out chunks before it starts.
_PAGE: Final = f"""
SELECT bound.instrument_id, {TRADE_COLUMNS}
FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS bound (instrument_id, start_time, end_time)
CROSS JOIN LATERAL (
    SELECT * FROM trade
    WHERE instrument_id = bound.instrument_id
      AND minute >= bound.start_time AND minute < bound.end_time AND minute >= $4 AND minute < $5
      AND ($6::timestamptz IS NULL OR (minute, sequence) > ($6, $7::bigint))
      AND ($8::timestamptz IS NULL OR (minute, sequence) < ($8, $9::bigint))
      AND ($10::timestamptz IS NULL OR ts >= $10) AND ($11::timestamptz IS NULL OR ts < $11)
    ORDER BY minute {{direction}}, sequence {{direction}}
    LIMIT $12
) AS t
"""

_FIRST_STEP: Final = timedelta(hours=1)
_GROWTH: Final = 16
MINUTE: Final = timedelta(minutes=1)


async def read_trades(
    database: Database, instrument_ids: Sequence[InstrumentId], query: TradeQuery
) -> Mapping[InstrumentId, Page[TradeRow]]:
    """A page an instrument. Starts near the end that is asked for and widens until the page is full."""
    found: dict[InstrumentId, list[TradeRow]] = {instrument_id: [] for instrument_id in instrument_ids}
    async with database.snapshot() as driver:
        open_ended = await _bounds(driver, instrument_ids, query)
        step = _FIRST_STEP
        while open_ended:
            near = {key: _near(window, step, newest=query.newest) for key, window in open_ended.items()}
            for row in await _fetch(driver, near, query):
                found[row["instrument_id"]].append(trade_row(row))
            wanting = {key for key in near if len(found[key]) <= query.limit and near[key] != open_ended[key]}
            for key in wanting:
                found[key].clear()
            open_ended = {key: open_ended[key] for key in wanting}
            step *= _GROWTH
    return {key: _page(rows, query) for key, rows in found.items()}


async def _bounds(
    driver: Driver, instrument_ids: Sequence[InstrumentId], query: TradeQuery
) -> dict[InstrumentId, Window]:
    """The whole minutes in which each instrument can have an answer at all."""
    bounds = {}
    for row in await driver.fetch(_SPANS, list(instrument_ids)):
        start, end = row["first_open"], row["end_time"]
        if query.window is not None:
            start, end = max(start, _minute(query.window.start)), min(end, query.window.end)
        if query.after is not None:
            start = max(start, query.after.minute)
        if query.before is not None:
            end = min(end, min(end, query.before.minute) + MINUTE)
        if start < end:
            bounds[row["instrument_id"]] = Window(start, end)
    return bounds


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _near(window: Window, step: timedelta, *, newest: bool) -> Window:
    """The part of the window within `step` of the end that is asked for."""
    if window.end - window.start <= step:
        return window
    return Window(window.end - step, window.end) if newest else Window(window.start, window.start + step)


async def _fetch(driver: Driver, near: Mapping[InstrumentId, Window], query: TradeQuery) -> list[asyncpg.Record]:
    windows = list(near.values())
    nowhere = (None, None)
    after, before = query.after or nowhere, query.before or nowhere
    exact = (query.window.start, query.window.end) if query.window else nowhere
    return await driver.fetch(
        _PAGE.format(direction="DESC" if query.newest else "ASC"),
        list(near),
        [window.start for window in windows],
        [window.end for window in windows],
        min(window.start for window in windows),
        max(window.end for window in windows),
        *after,
        *before,
        *exact,
        query.limit + 1,
    )


def trade_row(row: Iterable[Any]) -> TradeRow:
    """The row of a statement that selects one thing and then `TRADE_COLUMNS`."""
    _, minute, sequence, price, size, side, ts, received_at, version, instrument_id = row
    return TradeRow(minute, sequence, price, size, SIDES[side], ts, received_at, version, instrument_id)


def _page(rows: list[TradeRow], query: TradeQuery) -> Page[TradeRow]:
    kept = rows[: query.limit]
    return Page(kept[::-1] if query.newest else kept, more=len(rows) > query.limit)
