"""Pages of candles: of what was read, one candle an open time, with its status and, where asked for, its coverage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Final

import asyncpg

from candlewick.domain.candle import Candle, CandleOrigin, CandleStatus
from candlewick.domain.coverage import Coverage, Knowledge
from candlewick.domain.interval import Duration, Interval
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery, Fill, Page
from candlewick.domain.ruler import LocalRuler, Ruler
from candlewick.domain.time import EARLIEST, Window
from candlewick.storage.candle_reads import read_candles
from candlewick.storage.coverage import Known, known_of
from candlewick.storage.engine import Driver
from candlewick.storage.filling import Grid, filled, grid_of
from candlewick.storage.local_reads import read_local
from candlewick.storage.series import ORIGIN_CODES, ORIGINS, Series, series_of

PROVISIONAL, FINAL, REVISED = CandleStatus
COMPLETE, PARTIAL, NO_TRADES, *_ = Coverage
SO_FAR: Final = timedelta(seconds=10)
"""How far what is known may end before a window that is open still: nothing speaks against it then."""
_TRADES: Final = ORIGIN_CODES[CandleOrigin.TRADES]
_VENUE: Final = ORIGIN_CODES[CandleOrigin.VENUE]

type Judge = Callable[[asyncpg.Record, datetime, datetime, CandleStatus], Coverage]
"""Tells a candle's coverage from its row, the ends of its window and its status."""
type Pages = dict[InstrumentId, Page[Candle]]


@dataclass(frozen=True, slots=True)
class Reading:
    """How pages are read."""

    now: datetime
    closed_before: datetime
    """Candles that end by then are closed."""
    local: LocalRuler | None = None
    """What the query's hours mean, where these are not UTC's days."""

    def ruler(self, query: CandleQuery) -> Ruler:
        """Where the query's candles open and close."""
        return self.local or query.duration

    def sessions(self, query: CandleQuery) -> LocalRuler | None:
        """The same, if it leaves time out: what is missing of that counts for nothing."""
        return self.local if query.hours.session else None


@dataclass(frozen=True, slots=True)
class Chosen:
    """Rows of a page, one an open time."""

    rows: Sequence[asyncpg.Record]
    whole: frozenset[datetime]
    """Open times of candles from trades that hold all that the venue counted."""
    more: bool


async def read_plain(
    driver: Driver, instrument_ids: Sequence[InstrumentId], query: CandleQuery, reading: Reading
) -> Pages:
    """The candles that there are."""
    ruler = reading.ruler(query)
    series = await series_of(driver, instrument_ids, query, ruler)
    chosen = await read_chosen(driver, instrument_ids, series, query, reading)
    judges: Mapping[InstrumentId, Judge] = {}
    if query.coverage:
        bounds = {key: _bounds(one.rows, ruler) for key, one in chosen.items() if one.rows}
        known = await known_of(driver, bounds, reading.sessions(query))
        judges = {key: _judge(known[key], chosen[key].whole, series[key]) for key in bounds}
    return {
        key: Page(_candles(one.rows, ruler, reading.closed_before, judges.get(key)), one.more)
        for key, one in chosen.items()
    }


async def read_chosen(
    driver: Driver,
    instrument_ids: Sequence[InstrumentId],
    series: Mapping[InstrumentId, Series],
    query: CandleQuery,
    reading: Reading,
) -> Mapping[InstrumentId, Chosen]:
    """The rows of each instrument's page."""
    if reading.local is None:
        rows = await read_candles(driver, series, query)
    else:
        rows = await read_local(driver, series, query, reading.local)
    return {key: _chosen(rows.get(key, []), query) for key in instrument_ids}


async def read_filled(
    driver: Driver, instrument_ids: Sequence[InstrumentId], query: CandleQuery, reading: Reading
) -> Pages:
    """The candles of all windows on the page, empty ones among them."""
    pages: Pages = {key: Page((), more=False) for key in instrument_ids}
    grids: dict[Grid, list[InstrumentId]] = {}
    ruler = reading.ruler(query)
    for key, one in (await series_of(driver, instrument_ids, replace(query, window=None), ruler)).items():
        if (grid := grid_of(query, ruler, one.window.start, reading.now)) is not None:
            grids.setdefault(grid, []).append(key)
    windows = {key: grid.window for grid, keys in grids.items() for key in keys}
    known = await known_of(driver, windows, reading.sessions(query))
    for grid, keys in grids.items():
        there = await read_plain(driver, keys, _within(query, grid.window), reading)
        closes = await _former_closes(driver, keys, query, grid, reading)
        for key in keys:
            empty = partial(_empty, known[key].either, reading.closed_before)
            pages[key] = Page(list(filled(there[key].rows, grid, query, ruler, closes.get(key), empty)), grid.more)
    return pages


def _within(query: CandleQuery, window: Window) -> CandleQuery:
    return replace(query, window=window, coverage=True, fill=Fill.OMIT)


async def _former_closes(
    driver: Driver, keys: Sequence[InstrumentId], query: CandleQuery, grid: Grid, reading: Reading
) -> Mapping[InstrumentId, str | None]:
    """The last price of each before the page, if that is to stand in its windows."""
    if query.fill is not Fill.PREVIOUS_CLOSE or grid.window.start <= EARLIEST:
        return {}
    before = replace(_within(query, Window(EARLIEST, grid.window.start)), limit=1, newest=True, coverage=False)
    pages = await read_plain(driver, keys, before, reading)
    return {key: page.rows[-1].close for key, page in pages.items() if page.rows}


def _chosen(rows: list[asyncpg.Record], query: CandleQuery) -> Chosen:
    """The page's rows in ascending order: one an open time, of the origin that the query means."""
    rows.sort(key=itemgetter(2, 1))  # by open time, then origin
    whole: list[datetime] = []
    if query.origin is None:
        chosen = [_best(list(same), whole) for _, same in groupby(rows, key=itemgetter("open_time"))]
    else:
        chosen = rows
    more = len(chosen) > query.limit
    return Chosen(chosen[-query.limit :] if query.newest else chosen[: query.limit], frozenset(whole), more)


def _best(same: list[asyncpg.Record], whole: list[datetime]) -> asyncpg.Record:
    """AUTO: from trades if they hold all that the venue counted, else the venue's own, else from quotes."""
    if len(same) == 1 or same[0]["origin"] != _TRADES or same[1]["origin"] != _VENUE:
        return same[0]
    trades, venue = same[:2]
    if not _hold_all(trades, venue):
        return venue
    whole.append(trades["open_time"])
    return trades


def _hold_all(trades: asyncpg.Record, venue: asyncpg.Record) -> bool:
    """Whether the trades have all the volume of the venue's candle; of one that counts none, its whole range."""
    if venue["volume"] is not None:
        return Decimal(trades["volume"]) >= Decimal(venue["volume"])
    return Decimal(trades["high"]) >= Decimal(venue["high"]) and Decimal(trades["low"]) <= Decimal(venue["low"])


def _bounds(rows: Sequence[asyncpg.Record], ruler: Ruler) -> Window:
    return Window(rows[0]["open_time"], ruler.close(rows[-1]["open_time"]))


def _candles(
    rows: Sequence[asyncpg.Record], ruler: Ruler, closed_before: datetime, judge: Judge | None
) -> list[Candle]:
    """The rows as candles. A page has thousands: this is one loop, with little in it."""
    candles: list[Candle] = []
    append, span = candles.append, ruler.span if isinstance(ruler, Duration) else None
    coverage = None
    for row in rows:
        _, origin, open_time, *numbers, revision, version = row
        close_time = open_time + span if span else ruler.close(open_time)
        status = PROVISIONAL if close_time > closed_before else REVISED if revision else FINAL
        if judge is not None:
            coverage = judge(row, open_time, close_time, status)
        append(Candle._make((open_time, close_time, *numbers, ORIGINS[origin], status, version, coverage)))
    return candles


def _judge(known: Known, whole: frozenset[datetime], series: Series) -> Judge:
    """Tells the coverage of the instrument's candles."""
    as_published = {Interval.M1.duration.span} | ({Interval.D1.duration.span} if series.days else set())

    def judge(row: asyncpg.Record, start: datetime, end: datetime, status: CandleStatus) -> Coverage:
        origin = row["origin"]
        if origin == _TRADES:
            return COMPLETE if start in whole else _so_far(known.trades, start, end, status)
        if origin != _VENUE:
            return PARTIAL  # what was traded between two quotes nobody said
        if row["volume"] is not None and not Decimal(row["volume"]):
            return NO_TRADES
        return COMPLETE if end - start in as_published else _so_far(known.venue, start, end, status)

    return judge


def _so_far(known: Knowledge, start: datetime, end: datetime, status: CandleStatus) -> Coverage:
    """Of a candle that has something: as far as something is known, while its window is open."""
    if status is not PROVISIONAL or known.known_until >= end:
        return known.of_candle(start, end)
    if known.known_until > start:
        return known.of_candle(start, known.known_until)
    return COMPLETE if start - known.known_until <= SO_FAR else PARTIAL


def _empty(known: Knowledge, closed_before: datetime, start: datetime, end: datetime) -> tuple[CandleStatus, Coverage]:
    """Of a window without trades."""
    if end <= closed_before:
        return FINAL, known.of_nothing(start, end)
    if known.known_until > start:
        return PROVISIONAL, known.of_nothing(start, min(end, known.known_until))
    recent = start - known.known_until <= SO_FAR
    return PROVISIONAL, NO_TRADES if recent else known.of_nothing(start, end)
