"""Candles as columns: rows of the database turned on their side, without an object a candle."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from candlewick.domain.candle import Candle, CandleStatus
from candlewick.domain.columns import NUMBERS, CandleColumns, ColumnChoice
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery, Fill, Page
from candlewick.domain.ruler import Ruler
from candlewick.domain.time import EPOCH
from candlewick.storage.candle_pages import Chosen, Reading, read_chosen, read_filled, read_plain
from candlewick.storage.engine import Driver
from candlewick.storage.series import ORIGINS, series_of

_MILLISECOND: Final = timedelta(milliseconds=1)


async def read_columns(
    driver: Driver,
    instrument_ids: Sequence[InstrumentId],
    query: CandleQuery,
    choice: ColumnChoice,
    reading: Reading,
) -> Mapping[InstrumentId, CandleColumns]:
    """The candles of a page, those of windows without trades too if the query fills."""
    if query.coverage or query.fill is not Fill.OMIT:
        read = read_plain if query.fill is Fill.OMIT else read_filled
        pages = await read(driver, instrument_ids, query, reading)
        return {key: _of_candles(page, choice) for key, page in pages.items()}
    ruler = reading.ruler(query)
    series = await series_of(driver, instrument_ids, query, ruler)
    chosen = await read_chosen(driver, instrument_ids, series, query, reading)
    return {key: _of_rows(one, ruler, choice, reading.closed_before) for key, one in chosen.items()}


def _of_candles(page: Page[Candle], choice: ColumnChoice) -> CandleColumns:
    if not page.rows:
        return CandleColumns(more=page.more)
    column: dict[str, Sequence[Any]] = dict(zip(Candle._fields, zip(*page.rows, strict=True), strict=True))
    exact, floats = _numbers(column, choice)
    return CandleColumns(
        open_time=_milliseconds(column["open_time"]),
        close_time=_milliseconds(column["close_time"]),
        exact=exact,
        floats=floats,
        trade_count=column["trade_count"],
        status=column["status"],
        origin=column["origin"],
        coverage=[each for each in column["coverage"] if each is not None],
        more=page.more,
    )


def _of_rows(one: Chosen, ruler: Ruler, choice: ColumnChoice, closed_before: datetime) -> CandleColumns:
    if not one.rows:
        return CandleColumns(more=one.more)
    column: dict[str, Sequence[Any]] = dict(zip(one.rows[0].keys(), zip(*one.rows, strict=True), strict=True))
    opens: Sequence[datetime] = column["open_time"]
    closes = [ruler.close(open_time) for open_time in opens]
    exact, floats = _numbers(column, choice)
    return CandleColumns(
        open_time=_milliseconds(opens),
        close_time=_milliseconds(closes),
        exact=exact,
        floats=floats,
        trade_count=column["trade_count"],
        status=_statuses(closes, column["revision"], closed_before),
        origin=[ORIGINS[code] for code in column["origin"]],
        more=one.more,
    )


def _numbers(
    column: Mapping[str, Sequence[str | None]], choice: ColumnChoice
) -> tuple[dict[str, Sequence[str | None]], dict[str, Sequence[float | None]]]:
    exact: dict[str, Sequence[str | None]] = {name: column[name] for name in NUMBERS if name in choice.exact}
    floats: dict[str, Sequence[float | None]] = {
        name: _floats(column[name]) for name in NUMBERS if name in choice.floats
    }
    return exact, floats


def _floats(texts: Sequence[str | None]) -> list[float | None]:
    return [None if text is None else float(text) for text in texts]


def _milliseconds(moments: Iterable[datetime]) -> list[int]:
    return [(moment - EPOCH) // _MILLISECOND for moment in moments]


def _statuses(closes: Sequence[datetime], revisions: Sequence[int], closed_before: datetime) -> list[CandleStatus]:
    """As pages of candles tell them: those that end later are open still."""
    closed = bisect_right(closes, closed_before)
    said = [CandleStatus.REVISED if revision else CandleStatus.FINAL for revision in revisions[:closed]]
    return [*said, *[CandleStatus.PROVISIONAL] * (len(closes) - closed)]
