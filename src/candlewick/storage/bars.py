"""Event bars on PostgreSQL: series, built turn by turn, and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from candlewick.domain.bar_series import Bar, BarQuery, BarSeries, BuildBarsRequest, SeriesId
from candlewick.domain.job import Lease
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page
from candlewick.ports.bars import BarsBuilt, BarTurn
from candlewick.storage import bar_series
from candlewick.storage.bar_reads import read_bars
from candlewick.storage.bar_turns import read_turn
from candlewick.storage.bar_writing import write_turn
from candlewick.storage.engine import Database


class Bars:
    """The BarStore on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self, instrument_id: InstrumentId, request: BuildBarsRequest, *, restarted_by: str | None = None
    ) -> BarSeries:
        """See `BarStore.begin`."""
        async with self._database.transaction() as driver:
            return await bar_series.begin(driver, instrument_id, request, restarted_by)

    async def turn(self, series_id: SeriesId, most: int) -> BarTurn | None:
        """See `BarStore.turn`."""
        async with self._database.snapshot() as driver:
            return await read_turn(driver, series_id, most)

    async def put(self, turn: BarTurn, built: BarsBuilt | None, *, lease: Lease | None = None) -> bool:
        """See `BarStore.put`."""
        async with self._database.transaction() as driver:
            return await write_turn(driver, turn, built, lease)

    async def behind(self, limit: int) -> Sequence[SeriesId]:
        """See `BarStore.behind`."""
        async with self._database.driver() as driver:
            return await bar_series.behind(driver, limit)

    async def give_up(self, series_id: SeriesId, reason: str) -> None:
        """See `BarStore.give_up`."""
        async with self._database.driver() as driver:
            await bar_series.give_up(driver, series_id, reason)

    async def series(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Sequence[BarSeries]]:
        """See `BarReads.series`."""
        async with self._database.driver() as driver:
            return await bar_series.series_of(driver, instrument_ids)

    async def read(self, instrument_ids: Sequence[InstrumentId], query: BarQuery) -> Mapping[InstrumentId, Page[Bar]]:
        """See `BarReads.read`."""
        async with self._database.snapshot() as driver:
            return await read_bars(driver, instrument_ids, query)
