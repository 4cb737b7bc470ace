"""A page of an instrument's candles, from its arguments to the connection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from candlewick.domain import candle
from candlewick.domain.interval import Duration
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page
from candlewick.domain.time import Window, microseconds
from candlewick.graphql.context import Context
from candlewick.graphql.cursor import Series, moment
from candlewick.graphql.paging import Bounds, Paging, candle_neighbours, candle_query
from candlewick.graphql.types.candle import Candle
from candlewick.graphql.types.connection import Connection
from candlewick.graphql.types.enums import Adjustment, CandleOrigin, Fill


@dataclass(frozen=True, slots=True)
class CandlePage:
    """Which candles are asked for."""

    instrument_id: InstrumentId
    duration: Duration
    origin: CandleOrigin
    adjustment: Adjustment
    window: Window | None
    paging: Paging
    fill: Fill = Fill.OMIT
    coverage: bool = False
    """Whether it is selected."""

    @property
    def series(self) -> Series:
        adjusted = "" if self.adjustment is Adjustment.NONE else f"/{self.adjustment}"
        return Series("candles", f"{self.instrument_id}/{self.duration}/{self.origin}{adjusted}")

    async def read(self, context: Context) -> Connection[Candle]:
        """Read it, together with the other instruments' pages that ask for the same."""
        bounds = Bounds(self.window, self._open_time("after"), self._open_time("before"))
        page = await self._rows(context, bounds)
        before, after = candle_neighbours(bounds)
        return Connection(
            nodes=cast("list[Candle]", page.rows),
            cursor_at=lambda index: self.series.cursor(microseconds(page.rows[index].open_time)),
            has_previous=before or (self.paging.newest and page.more),
            has_next=after or (not self.paging.newest and page.more),
        )

    async def _rows(self, context: Context, bounds: Bounds[datetime]) -> Page[candle.Candle]:
        query = candle_query(self.duration, self.origin.wanted, self.adjustment, self.paging, bounds)
        if query is None:
            return Page((), more=False)
        query = replace(query, fill=self.fill, coverage=self.coverage)
        context.budget.charge(query.limit)
        return await context.loaders.candles.load((self.instrument_id, query))

    def _open_time(self, argument: str) -> datetime | None:
        cursor = getattr(self.paging, argument)
        return None if cursor is None else moment(self.series.key(cursor, argument)[0], argument)
