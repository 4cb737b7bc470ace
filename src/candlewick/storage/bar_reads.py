"""Reading event bars: pages of many instruments in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg

from candlewick.domain.bar_series import Bar, BarQuery, SeriesId
from candlewick.domain.candle import CandleOrigin, CandleStatus
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page
from candlewick.domain.time import MICROSECOND, Window
from candlewick.storage.coverage import known_of
from candlewick.storage.engine import Driver
from candlewick.storage.folding import VWAP

_SERIES: Final = "SELECT id, instrument_id FROM bar_series WHERE instrument_id = ANY($1) AND spec = $2"
_NUMBERS: Final = ", ".join(
    f"trim_scale({name})::text AS {name}"
    for name in ("open", "high", "low", "close", "volume", "quote_volume", "taker_buy_volume")
)
"""Without zeros that only say how fine the other trades of a batch were."""
_PAGE: Final = f"""
SELECT bar.series_id, bar.number, open_time, close_time, {_NUMBERS}, {VWAP} AS vwap, trade_count, first_sequence,
    last_sequence, complete, revised
FROM unnest($1::int[]) AS asked (series_id)
CROSS JOIN LATERAL (
    SELECT * FROM bar
    WHERE series_id = asked.series_id
      AND ($2::timestamptz IS NULL OR open_time >= $2) AND ($3::timestamptz IS NULL OR open_time < $3)
      AND ($4::timestamptz IS NULL OR (open_time >= $4 AND (open_time, number) > ($4, $5::bigint)))
      AND ($6::timestamptz IS NULL OR (open_time <= $6 AND (open_time, number) < ($6, $7::bigint)))
    ORDER BY open_time {{direction}}, number {{direction}}
    LIMIT $8
) AS bar
"""


async def read_bars(
    driver: Driver, instrument_ids: Sequence[InstrumentId], query: BarQuery
) -> Mapping[InstrumentId, Page[Bar]]:
    """See `BarReads.read`. Within a snapshot."""
    series = await driver.fetch(_SERIES, list(instrument_ids), str(query.spec))
    found: dict[SeriesId, list[asyncpg.Record]] = {row["id"]: [] for row in series}
    for row in await driver.fetch(_statement(query), list(found), *_arguments(query)):
        found[row["series_id"]].append(row)
    pages = {InstrumentId(row["instrument_id"]): _page(found[row["id"]], query) for row in series}
    return await _covered(driver, pages) if query.coverage else pages


def _statement(query: BarQuery) -> str:
    return _PAGE.format(direction="DESC" if query.newest else "ASC")


def _arguments(query: BarQuery) -> tuple[Any, ...]:
    nowhere: tuple[datetime | None, int | None] = (None, None)
    window = (query.window.start, query.window.end) if query.window else (None, None)
    return (*window, *(query.after or nowhere), *(query.before or nowhere), query.limit + 1)


def _page(rows: list[asyncpg.Record], query: BarQuery) -> Page[Bar]:
    kept = [_bar(row) for row in rows[: query.limit]]
    return Page(kept[::-1] if query.newest else kept, more=len(rows) > query.limit)


def _bar(row: asyncpg.Record) -> Bar:
    if not row["complete"]:
        status = CandleStatus.PROVISIONAL
    else:
        status = CandleStatus.REVISED if row["revised"] else CandleStatus.FINAL
    return Bar(
        open_time=row["open_time"],
        close_time=row["close_time"],
        open=row["open"],
        high=row["high"],
        low=row["low"],
        close=row["close"],
        volume=row["volume"],
        quote_volume=row["quote_volume"],
        vwap=row["vwap"],
        trade_count=row["trade_count"],
        taker_buy_volume=row["taker_buy_volume"],
        origin=CandleOrigin.TRADES,
        status=status,
        number=row["number"],
        first_sequence=row["first_sequence"],
        last_sequence=row["last_sequence"],
    )


async def _covered(driver: Driver, pages: Mapping[InstrumentId, Page[Bar]]) -> Mapping[InstrumentId, Page[Bar]]:
    """With what is known of the time from each bar's first trade to its last."""
    bounds = {
        key: Window(min(bar.open_time for bar in page.rows), max(map(_end, page.rows)))
        for key, page in pages.items()
        if page.rows
    }
    known = await known_of(driver, bounds)
    return {
        key: Page(
            [bar._replace(coverage=known[key].trades.of_candle(bar.open_time, _end(bar))) for bar in page.rows],
            page.more,
        )
        for key, page in pages.items()
    }


def _end(bar: Bar) -> datetime:
    return max(bar.close_time, bar.open_time) + MICROSECOND
