"""Pages of candles as the database writes them: where the tree is clean, in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, Protocol

import asyncpg

from candlewick.domain.day import Adjustment
from candlewick.domain.hours import ALWAYS
from candlewick.domain.interval import Duration, Interval, largest_dividing
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery, Fill
from candlewick.domain.time import Window
from candlewick.domain.written import ROW, RowTemplate, WrittenPage
from candlewick.storage.folding import VWAP
from candlewick.storage.readers import Reader
from candlewick.storage.series import DAYS_CODE, ORIGINS, origins_of
from candlewick.storage.tree import table_of
from candlewick.storage.writing import Written, can_write, nullable, number, page_of, quoted, row_of, whole_seconds

_PROVISIONAL_FROM: Final = "$6::timestamptz"
_EACH_ORIGIN: Final = " ".join(f"WHEN {code} THEN '{origin}'" for code, origin in ORIGINS.items())
STATUS: Final = f"""
CASE WHEN open_time >= {_PROVISIONAL_FROM} THEN 'PROVISIONAL' WHEN revision > 0 THEN 'REVISED' ELSE 'FINAL' END"""
ALL: Final = Window(datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))
ORIGIN: Final = f"CASE origin {_EACH_ORIGIN} END"
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
    "status": quoted(STATUS),
    "origin": quoted(ORIGIN),
}

# One statement sees one moment: it says for itself what would have to be known before. An instrument's text is not
# meant if it has candles of several origins and one was expected, or published days, or if something is dirty within
# reach of the page: that is from the end that is read to the first candle beyond the page.
_PAGES: Final = f"""
SELECT span.instrument_id, span.several, page.beyond OR span.days OR {{dirty}} AS not_meant, page.*
FROM (
    SELECT instrument_id, min(origin) AS origin, count(*) > 1 AS several, bool_or(origin = {DAYS_CODE}) AS days,
           max(last_open) AS last_open
    FROM candle_span WHERE instrument_id = ANY($1) AND origin = ANY($2) GROUP BY instrument_id
) AS span
CROSS JOIN LATERAL (
    SELECT {{aggregates}}, {{beyond}} AS beyond,
           count(*) > $5 AS more, min(open_time) AS first_open, max(open_time) AS last_open
    FROM ({{candles}}) AS candle
) AS page
{{where}}
"""
_SETTLED: Final = """
WHERE NOT EXISTS (
    SELECT FROM dirty_range AS edge WHERE edge.instrument_id = span.instrument_id AND edge.end_time > span.last_open
)"""
"""Where the newest candles are read: a live instrument's are dirty, and that is seen before anything is written."""
_KEPT: Final = """
SELECT * FROM {table}
WHERE instrument_id = span.instrument_id AND origin = {origin} AND open_time >= $3 AND open_time < $4
ORDER BY open_time {direction}
LIMIT $5 + 1"""

# AUTO as in `candle_pages`: from trades if they hold all that the venue counted, else the venue's, else from quotes.
_BEST: Final = """
SELECT DISTINCT ON (open_time) *
FROM (
    SELECT *, CASE WHEN origin = 0 AND lead(origin) OVER same = 1 AND NOT CASE
            WHEN lead(volume) OVER same IS NOT NULL THEN volume >= lead(volume) OVER same
            ELSE high >= lead(high) OVER same AND low <= lead(low) OVER same
        END THEN 9 ELSE origin END AS rank
    FROM ({candles}) AS of_any_origin
    WINDOW same AS (PARTITION BY open_time ORDER BY origin)
) AS ranked
ORDER BY open_time {direction}, rank
LIMIT $5 + 1"""
_DIRTY: Final = """
EXISTS (
    SELECT FROM dirty_range AS dirty
    WHERE dirty.instrument_id = span.instrument_id AND dirty.end_time > {start} AND dirty.start_time < {end}
)"""
_KEYS: Final = f"string_agg(date_part('epoch', open_time)::bigint || '000000', '{ROW}')"


@dataclass(frozen=True, slots=True)
class WrittenCandles[Made]:
    """What became of a statement."""

    pages: dict[InstrumentId, Made]
    several: frozenset[InstrumentId]
    """Instruments with candles of several origins, where one was expected."""


class Write[Made](Protocol):
    """Writes pages of instruments: of one origin, or of the best (which takes longer). It may leave some out."""

    async def __call__(
        self, reader: Reader, instrument_ids: Sequence[InstrumentId], *, best: bool
    ) -> WrittenCandles[Made]: ...


def writable(query: CandleQuery, template: RowTemplate) -> bool:
    """Whether candles that the query means can be written at all: those that are kept, as they are kept."""
    return is_kept(query) and can_write(template, _columns(query.duration))


def is_kept(query: CandleQuery) -> bool:
    """Whether the query means candles as a table has them."""
    interval = largest_dividing(query.duration)
    kept = interval is not Interval.S1 and interval.duration == query.duration and query.hours == ALWAYS
    return kept and query.fill is Fill.OMIT and query.adjustment is Adjustment.NONE and not query.coverage


async def write_candles(
    reader: Reader,
    instrument_ids: Sequence[InstrumentId],
    query: CandleQuery,
    template: RowTemplate,
    closed_before: datetime,
    *,
    best: bool,
) -> WrittenCandles[WrittenPage]:
    """The pages that can be written: of one origin, or of the best (which takes longer). The others are left out."""
    arguments = arguments_of(instrument_ids, query)
    if "status" in template.columns:
        arguments.append(query.duration.floor(closed_before))
    row, pieces = row_of(template, _columns(query.duration), len(arguments) + 1)
    aggregates = f"string_agg({row}, '{ROW}') AS written, {_KEYS if template.keyed else 'NULL'} AS keys"
    statement = pages_of(query, aggregates, candles_of(query, best=best), counted="trade_count" in template.columns)
    rows, several = meant(await reader.fetch(statement, *arguments, *pieces), best=best)
    pages = {key: page_of(row["written"], row["keys"], query.limit, newest=query.newest) for key, row in rows.items()}
    return WrittenCandles(pages, several)


def arguments_of(instrument_ids: Sequence[InstrumentId], query: CandleQuery) -> list[Any]:
    """The first five arguments of what `pages_of` makes; the sixth one is for `STATUS`, if that is in it."""
    window = query.window or ALL
    return [instrument_ids, origins_of(query), window.start, window.end, query.limit]


def pages_of(query: CandleQuery, aggregates: str, candles: str, *, counted: bool) -> str:
    """SQL that makes one row of each instrument's candles. `counted`: a trade count must be one of the API's."""
    minutes = query.duration == Interval.M1.duration
    return _PAGES.format(
        aggregates=aggregates,
        beyond=f"coalesce(bool_or(trade_count > {_LARGEST}), false)" if counted else "false",
        candles=candles,
        dirty="false" if minutes else _dirty(query),
        where=_SETTLED if query.newest and query.window is None and not minutes else "",
    )


def meant(
    rows: Iterable[asyncpg.Record], *, best: bool
) -> tuple[dict[InstrumentId, asyncpg.Record], frozenset[InstrumentId]]:
    """The rows that say what the query means, and the instruments that have candles of several origins."""
    found, several = {}, set()
    for row in rows:
        if row["several"] and not best:
            several.add(InstrumentId(row["instrument_id"]))
        elif not row["not_meant"]:
            found[InstrumentId(row["instrument_id"])] = row
    return found, frozenset(several)


def candles_of(query: CandleQuery, *, best: bool) -> str:
    """SQL for the candles of one instrument, one more than the page holds."""
    table, direction = table_of(largest_dividing(query.duration)), "DESC" if query.newest else "ASC"
    if not best:
        return _KEPT.format(table=table, origin="span.origin", direction=direction)
    each = (_KEPT.format(table=table, origin=code, direction=direction) for code in ORIGINS)
    return _BEST.format(candles=" UNION ALL ".join(f"({candles})" for candles in each), direction=direction)


def _dirty(query: CandleQuery) -> str:
    """SQL that tells whether something is dirty within reach of the page."""
    width = interval_of(query.duration)
    start, end = "$3", f"$4 + {width}"
    if query.window is not None and query.duration.floor(query.window.end) == query.window.end:
        end = "$4"  # where one candle ends and another opens
    if query.newest:
        start = "CASE WHEN page.more THEN page.first_open ELSE $3 END"
    else:
        end = f"CASE WHEN page.more THEN page.last_open + {width} ELSE {end} END"
    return _DIRTY.format(start=start, end=end)


@lru_cache(maxsize=64)
def _columns(width: Duration) -> Mapping[str, Written]:
    return {**_COLUMNS, "close_time": whole_seconds(f"open_time + {interval_of(width)}")}


def interval_of(width: Duration) -> str:
    """The width in SQL."""
    step = f"{width.months} months" if width.months else f"{width.span.total_seconds():.0f} seconds"
    return f"INTERVAL '{step}'"
