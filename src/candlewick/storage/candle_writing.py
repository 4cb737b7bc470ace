"""Pages of candles as the database writes them: where the tree is clean and each open time has one candle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from candlewick.domain.day import Adjustment
from candlewick.domain.interval import Duration, Interval, largest_dividing
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery, Fill
from candlewick.domain.time import within
from candlewick.domain.written import ROW, RowTemplate, WrittenPage
from candlewick.storage.engine import Driver
from candlewick.storage.folding import VWAP
from candlewick.storage.series import ORIGINS, Series
from candlewick.storage.tree import aligned, table_of
from candlewick.storage.writing import Written, can_write, nullable, number, page_of, quoted, row_of, whole_seconds

_PROVISIONAL_FROM: Final = "$6::timestamptz"
_ORIGINS: Final = " ".join(f"WHEN {code} THEN '{origin}'" for code, origin in ORIGINS.items())
_STATUS: Final = f"""
CASE WHEN open_time >= {_PROVISIONAL_FROM} THEN 'PROVISIONAL' WHEN revision > 0 THEN 'REVISED' ELSE 'FINAL' END"""
_LARGEST: Final = 2**31 - 1
"""That GraphQL's Int holds."""

_COLUMNS: Final[Mapping[str, Written]] = {
    "open_time": whole_seconds("open_time"),
    "open": quoted("open"),
    "high": quoted("high"),
    "low": quoted("low"),
    "close": quoted("close"),
    "volume": nullable("volume"),
    "quote_volume": nullable("quote_volume"),
    "vwap": nullable(VWAP),
    "trade_count": number("trade_count"),
    "taker_buy_volume": nullable("taker_buy_volume"),
    "status": quoted(_STATUS),
    "origin": quoted(f"CASE origin {_ORIGINS} END"),
}

# One text an instrument. The innermost bounds are the same for all, as where rows are read.
_PAGE: Final = f"""
SELECT piece_id, page.*
FROM unnest($1::int[], $2::smallint[]) AS piece (piece_id, piece_origin)
CROSS JOIN LATERAL (
    SELECT string_agg({{row}}, '{ROW}') AS written, {{keys}} AS keys, {{beyond}} AS beyond
    FROM (
        SELECT * FROM {{table}}
        WHERE instrument_id = piece_id AND origin = piece_origin AND open_time >= $3 AND open_time < $4
        ORDER BY open_time {{direction}}
        LIMIT $5
    ) AS kept
) AS page
"""
_KEYS: Final = f"string_agg(date_part('epoch', open_time)::bigint || '000000', '{ROW}')"


def writable(query: CandleQuery, template: RowTemplate) -> bool:
    """Whether candles that the query means can be written at all: those that are kept, as they are kept."""
    interval = largest_dividing(query.duration)
    kept = interval is not Interval.S1 and interval.duration == query.duration
    plain = query.fill is Fill.OMIT and query.adjustment is Adjustment.NONE and not query.coverage
    return kept and plain and can_write(template, _columns(query.duration))


def is_clean(one: Series, query: CandleQuery) -> bool:
    """Whether the series' table has its candles, one an open time."""
    if one.days or len(one.origins) != 1:
        return False
    dirty = () if query.duration == Interval.M1.duration else aligned(one.dirty, query.duration)
    return not within(dirty, one.window)


async def write_candles(
    driver: Driver,
    series: Mapping[InstrumentId, Series],
    query: CandleQuery,
    template: RowTemplate,
    closed_before: datetime,
) -> dict[InstrumentId, WrittenPage]:
    """The pages of clean series; one is left out if a value is beyond what the API's type for it holds."""
    if not series:
        return {}
    arguments: list[Any] = [
        list(series),
        [origin for one in series.values() for origin in one.origins],
        min(one.window.start for one in series.values()),
        max(one.window.end for one in series.values()),
        query.limit + 1,
    ]
    if "status" in template.columns:
        arguments.append(query.duration.floor(closed_before))
    row, pieces = row_of(template, _columns(query.duration), len(arguments) + 1)
    statement = _PAGE.format(
        row=row,
        keys=_KEYS if template.keyed else "NULL",
        beyond=f"bool_or(trade_count > {_LARGEST})" if "trade_count" in template.columns else "false",
        table=table_of(largest_dividing(query.duration)),
        direction="DESC" if query.newest else "ASC",
    )
    found = await driver.fetch(statement, *arguments, *pieces)
    return {
        InstrumentId(key): page_of(written, keys, query.limit, newest=query.newest)
        for key, written, keys, beyond in found
        if not beyond
    }


def _columns(width: Duration) -> Mapping[str, Written]:
    step = f"{width.months} months" if width.months else f"{width.span.total_seconds():.0f} seconds"
    return {**_COLUMNS, "close_time": whole_seconds(f"open_time + INTERVAL '{step}'")}
