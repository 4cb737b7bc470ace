"""Candles: minutes as a venue published them go in, candles of any width come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Final

from candlewick.domain.candle import Candle, MinuteCandle
from candlewick.domain.columns import CandleColumns, ColumnChoice
from candlewick.domain.commit import CommitKind
from candlewick.domain.hours import TimeBar
from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument, InstrumentId
from candlewick.domain.page import CandleQuery, Fill, Page
from candlewick.domain.raw import RawId
from candlewick.domain.ruler import Ruler, local_ruler
from candlewick.domain.time import Window
from candlewick.domain.written import RowTemplate, WrittenPage
from candlewick.ports import Clock, Outcome, Progress
from candlewick.storage import leases, tree, versions
from candlewick.storage.candle_column_writing import write_columns
from candlewick.storage.candle_columns import read_columns
from candlewick.storage.candle_pages import Reading, read_filled, read_plain
from candlewick.storage.candle_writing import ALL, Write, is_kept, writable, write_candles
from candlewick.storage.engine import Database, Driver
from candlewick.storage.live_edge import dirty_since, joined
from candlewick.storage.merging import MARK, MINUTE_COLUMNS
from candlewick.storage.raw import save_progress
from candlewick.storage.readers import Reader
from candlewick.storage.sessions import SessionReads
from candlewick.storage.settlement import is_clean_and_whole

MINUTE: Final = timedelta(minutes=1)
_PUBLISHED: Final = """
CREATE TEMPORARY TABLE IF NOT EXISTS published (
    open_time timestamptz, open numeric, high numeric, low numeric, close numeric, volume numeric, quote_volume numeric,
    trade_count bigint, taker_buy_volume numeric, taker_buy_quote_volume numeric
) ON COMMIT DELETE ROWS
"""
_COLUMNS: Final = ("open_time", *MINUTE_COLUMNS.split(", "))
_KEPT: Final = ", ".join(f"kept.{column}" for column in _COLUMNS[1:])
_FRESH: Final = ", ".join(f"excluded.{column}" for column in _COLUMNS[1:])

_PUT: Final = f"""
WITH merged AS (
    INSERT INTO candle_m1 AS kept (instrument_id, origin, {", ".join(_COLUMNS)}, revision, version)
    SELECT $1::int, 1, {", ".join(_COLUMNS)}, 0, $2::bigint FROM published ORDER BY open_time
    ON CONFLICT (instrument_id, origin, open_time) DO UPDATE SET
        ({", ".join(_COLUMNS[1:])}) = ROW({_FRESH}),
        revision = kept.revision + (kept.open_time < $3)::int, version = excluded.version
    WHERE ({_KEPT}) IS DISTINCT FROM ({_FRESH}) AND NOT EXISTS (
        SELECT FROM commit_log AS later
        WHERE later.instrument_id = $1 AND later.version = kept.version AND later.raw_id > $4)
    RETURNING open_time
),{MARK.format(origin=1)}
SELECT count(*) AS stored, min(open_time) AS first_open, max(open_time) AS last_open FROM merged
"""

_DIRTIEST: Final = """
SELECT coalesce(max(minutes), 0)::bigint FROM (
    SELECT sum(extract(epoch FROM end_time - start_time) / 60) AS minutes FROM dirty_range GROUP BY instrument_id
) AS instrument
"""


class Candles:
    """The CandleStore on PostgreSQL."""

    def __init__(self, database: Database, clock: Clock, allowed_lateness: timedelta = timedelta(seconds=5)) -> None:
        self._database = database
        self._clock = clock
        self._lateness = allowed_lateness
        self._several: set[InstrumentId] = set()
        """Instruments that had candles of several origins: no more of them than there are instruments."""
        self._sessions = SessionReads()

    async def put_published(
        self,
        instrument: Instrument,
        candles: Sequence[MinuteCandle],
        *,
        received_at: datetime,
        raw_id: RawId | None = None,
        progress: Progress | None = None,
        lease: Lease | None = None,
    ) -> Outcome:
        """See `CandleStore.put_published`."""
        raw_id = progress.file_id if progress and raw_id is None else raw_id
        newest = {candle.open_time: candle for candle in candles}
        rows = [tuple(getattr(candle, column) for column in _COLUMNS) for candle in newest.values()]
        async with self._database.transaction() as driver:
            version = (await versions.lock(driver, instrument.id)).version
            await leases.hold(driver, lease)
            await driver.execute(_PUBLISHED)
            await driver.copy_records_to_table("published", records=rows, columns=_COLUMNS)
            put = await driver.fetchrow(_PUT, instrument.id, version, received_at - self._lateness - MINUTE, raw_id)
            assert put is not None
            if put["stored"]:
                await versions.commit(
                    driver, instrument.id, version, CommitKind.PUBLISHED, put["first_open"], put["last_open"],
                    rows=put["stored"], raw_id=raw_id,
                )  # fmt: skip
            if progress is not None:
                await save_progress(driver, progress, instrument.id)
        return Outcome(stored=put["stored"], repeated=len(candles) - put["stored"])

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery
    ) -> Mapping[InstrumentId, Page[Candle]]:
        """See `CandleStore.read`."""
        read = read_plain if query.fill is Fill.OMIT else read_filled
        async with self._database.snapshot() as driver:
            return await read(driver, instrument_ids, query, await self._reading(driver, query))

    async def read_written(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery, template: RowTemplate
    ) -> Mapping[InstrumentId, WrittenPage | Page[Candle]]:
        """The same candles as text by the template where the database can write them, else as rows."""
        pages: dict[InstrumentId, WrittenPage] = {}
        if writable(query, template):
            write = partial(write_candles, query=query, template=template, closed_before=self._closed_before)
            pages = await self._write(self._database, instrument_ids, query, write)
            left = [key for key in instrument_ids if key not in pages]
            pages |= await self._write_edge(left, query, template)
        left = [key for key in instrument_ids if key not in pages]
        return {**pages, **(await self.read(left, query) if left else {})}

    async def _write_edge(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery, template: RowTemplate
    ) -> dict[InstrumentId, WrittenPage]:
        """Newest pages whose end is dirty: what is older is written, the end is read and folded."""
        if query.window is not None or not query.newest or not instrument_ids:
            return {}
        async with self._database.snapshot() as driver:
            since = await dirty_since(driver, instrument_ids, query)
            if since is None:
                return {}
            reading = await self._reading(driver, query)
            edges = await read_plain(driver, instrument_ids, replace(query, window=Window(since, ALL.end)), reading)
            rows_left = query.limit - min(len(edge.rows) for edge in edges.values())
            older = replace(query, window=Window(ALL.start, since), limit=max(rows_left, 1))
            write = partial(write_candles, query=older, template=template, closed_before=reading.closed_before)
            written = await self._write(driver, instrument_ids, older, write)
        pages = {key: joined(page, edges[key], template, query.limit) for key, page in written.items()}
        return {key: page for key, page in pages.items() if page is not None}

    async def _write[Made](
        self, reader: Reader, instrument_ids: Sequence[InstrumentId], query: CandleQuery, write: Write[Made]
    ) -> dict[InstrumentId, Made]:
        """Of which origins there are candles is remembered from the last time; each statement sees for itself."""
        single = [key for key in instrument_ids if query.origin is not None or key not in self._several]
        pages: dict[InstrumentId, Made] = {}
        if single:
            found = await write(reader, single, best=False)
            pages |= found.pages
            self._several |= found.several
        several = [key for key in instrument_ids if key in self._several and key not in pages]
        if several and query.origin is None:
            pages |= (await write(reader, several, best=True)).pages
        return pages

    @property
    def _closed_before(self) -> datetime:
        return self._clock.now() - self._lateness

    async def read_columns(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery, choice: ColumnChoice
    ) -> Mapping[InstrumentId, CandleColumns]:
        """The same candles as columns, the fastest way out."""
        found: dict[InstrumentId, CandleColumns] = {}
        if is_kept(query):
            write = partial(write_columns, query=query, choice=choice, closed_before=self._closed_before)
            found = await self._write(self._database, instrument_ids, query, write)
        left = [key for key in instrument_ids if key not in found]
        if left:
            async with self._database.snapshot() as driver:
                reading = await self._reading(driver, query)
                found |= await read_columns(driver, left, query, choice, reading)
        return found

    async def ruler(self, bar: TimeBar) -> Ruler:
        """See `CandleReads.ruler`."""
        if bar.hours.session is None:
            return local_ruler(bar) or bar.every
        async with self._database.driver() as driver:
            return local_ruler(bar, await self._sessions.sessions(driver, bar.hours.session)) or bar.every

    async def _reading(self, driver: Driver, query: CandleQuery) -> Reading:
        now, session = self._clock.now(), query.hours.session
        sessions = await self._sessions.sessions(driver, session) if session else None
        return Reading(now, now - self._lateness, local_ruler(TimeBar(query.duration, query.hours), sessions))

    async def settled(self, spans: Mapping[InstrumentId, Window]) -> bool:
        """Whether these spans are over and clean, and no gap in them may yet be repaired."""
        closed_before = self._clock.now() - self._lateness
        if any(window.end > closed_before for window in spans.values()):
            return False
        async with self._database.driver() as driver:
            return await is_clean_and_whole(driver, spans)

    async def settle(self, older_than: timedelta = timedelta()) -> int:
        """See `CandleStore.settle`. What is marked meanwhile is left: writers could keep one call busy for ever."""
        cleared, began = 0, monotonic()
        while count := await tree.refresh(
            self._database, older_than=older_than + timedelta(seconds=monotonic() - began)
        ):
            cleared += count
        return cleared

    async def dirty_minutes(self) -> int:
        """See `CandleStore.dirty_minutes`."""
        async with self._database.driver() as driver:
            return int(await driver.fetchval(_DIRTIEST))
