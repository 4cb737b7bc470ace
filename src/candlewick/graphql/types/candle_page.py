"""A page of an instrument's candles, from its arguments to the connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from candlewick.domain import candle, columns
from candlewick.domain.columns import ColumnChoice
from candlewick.domain.hours import TimeBar
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery, Page
from candlewick.domain.time import Window, microseconds
from candlewick.domain.written import RowTemplate, WrittenPage
from candlewick.graphql.context import Context
from candlewick.graphql.cursor import Series, moment
from candlewick.graphql.paging import Bounds, Paging, candle_neighbours, candle_query
from candlewick.graphql.results.written import WrittenRows
from candlewick.graphql.types.candle import Candle
from candlewick.graphql.types.candle_columns import CandleColumns
from candlewick.graphql.types.connection import Connection, PageInfo
from candlewick.graphql.types.enums import Adjustment, CandleOrigin, Fill


@dataclass(frozen=True, slots=True)
class CandlePage:
    """Which candles are asked for."""

    instrument_id: InstrumentId
    bar: TimeBar
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
        return Series("candles", f"{self.instrument_id}/{self.bar}/{self.origin}{adjusted}")

    async def read(self, context: Context, template: RowTemplate | None = None) -> Connection[Candle]:
        """Read it, together with the other instruments' pages that ask for the same."""
        bounds = self._bounds()
        query = self._query(context, bounds)
        page: Page[candle.Candle] | WrittenPage = Page((), more=False)
        if query is not None and template is None:
            page = await context.loaders.candles.load((self.instrument_id, query))
        elif query is not None and template is not None:
            page = await context.loaders.written_candles.load((self.instrument_id, (query, template)))
        before, after = self._neighbours(bounds, more=page.more)
        if isinstance(page, WrittenPage) and template is not None:
            return Connection.written(WrittenRows(page, template, self.series.cursor), before, after)
        rows = cast("Sequence[candle.Candle]", page.rows)
        return Connection(
            nodes=cast("list[Candle]", rows),
            cursor_at=lambda index: self.series.cursor(microseconds(rows[index].open_time)),
            has_previous=before,
            has_next=after,
        )

    async def read_columns(self, context: Context, choice: ColumnChoice) -> CandleColumns:
        """The same candles as columns."""
        bounds = self._bounds()
        query = self._query(context, bounds)
        found = columns.CandleColumns()
        if query is not None:
            found = await context.loaders.candle_columns.load((self.instrument_id, (query, choice)))
        before, after = self._neighbours(bounds, more=found.more)
        first, last = (self.series.cursor(1000 * end) for end in found.ends) if found.ends else (None, None)
        info = PageInfo(has_next_page=after, has_previous_page=before, start_cursor=first, end_cursor=last)
        return CandleColumns(row=found, page_info=info)

    def _bounds(self) -> Bounds[datetime]:
        return Bounds(self.window, self._open_time("after"), self._open_time("before"))

    def _query(self, context: Context, bounds: Bounds[datetime]) -> CandleQuery | None:
        """What to ask the store for; None if there can be nothing."""
        query = candle_query(self.bar, self.origin.wanted, self.adjustment, self.paging, bounds)
        if query is None:
            return None
        context.budget.charge(query.limit)
        return replace(query, fill=self.fill, coverage=self.coverage)

    def _neighbours(self, bounds: Bounds[datetime], *, more: bool) -> tuple[bool, bool]:
        """Whether the list goes on before, and after, the page."""
        before, after = candle_neighbours(bounds)
        return before or (self.paging.newest and more), after or (not self.paging.newest and more)

    def _open_time(self, argument: str) -> datetime | None:
        cursor = getattr(self.paging, argument)
        return None if cursor is None else moment(self.series.key(cursor, argument)[0], argument)
