"""The live edge: candles that are dirty at the end of a series are written by us, the older ones by the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from candlewick.domain.candle import Candle
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery, Page
from candlewick.domain.written import RowTemplate, WrittenPage
from candlewick.storage.engine import Driver

_LARGEST: Final = 2**31 - 1
_LONGEST_MONTH: Final = timedelta(days=31)
_SINCE: Final = """
SELECT min(dirty.start_time)
FROM (
    SELECT instrument_id, max(last_open) AS last_open FROM candle_span
    WHERE instrument_id = ANY($1) GROUP BY instrument_id
) AS span
JOIN dirty_range AS dirty ON dirty.instrument_id = span.instrument_id AND dirty.end_time > span.last_open - $2::interval
"""


async def dirty_since(driver: Driver, instrument_ids: Sequence[InstrumentId], query: CandleQuery) -> datetime | None:
    """Where the first candle opens that is dirty and can be on a newest page; None if there is none."""
    reach = (query.limit + 1) * (query.duration.span or query.duration.months * _LONGEST_MONTH)
    found = await driver.fetchval(_SINCE, instrument_ids, reach)
    return None if found is None else query.duration.floor(found)


def joined(older: WrittenPage, edge: Page[Candle], template: RowTemplate, limit: int) -> WrittenPage | None:
    """One page of both; None if a value is beyond what the API's type for it holds."""
    if "trade_count" in template.columns and any((row.trade_count or 0) > _LARGEST for row in edge.rows):
        return None
    rows = [*older.rows, *(_text(row, template) for row in edge.rows)]
    keys = [*older.keys, *(f"{_seconds(row.open_time)}000000" for row in edge.rows)] if template.keyed else []
    return WrittenPage(rows[-limit:], keys[-limit:], older.more or edge.more or len(rows) > limit)


def _text(row: Candle, template: RowTemplate) -> str:
    values = [_json(getattr(row, name)) for name in template.columns]
    return "".join(piece + value for piece, value in zip(template.pieces, [*values, ""], strict=True))


def _json(value: str | int | datetime | None) -> str:
    """A value as the database writes it: no text of a candle needs escapes, no time has a fraction."""
    if value is None:
        return "null"
    if isinstance(value, datetime):
        return f'"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"'
    return str(value) if isinstance(value, int) else f'"{value}"'


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
