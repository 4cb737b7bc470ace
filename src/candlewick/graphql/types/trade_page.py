"""A page of an instrument's trades, from its arguments to the connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page, TradePosition, TradeRow
from candlewick.domain.time import Window, microseconds
from candlewick.graphql.context import Context
from candlewick.graphql.cursor import Series, integer, moment
from candlewick.graphql.paging import Bounds, Paging, trade_neighbours, trade_query
from candlewick.graphql.types.connection import Connection
from candlewick.graphql.types.trade import Trade


@dataclass(frozen=True, slots=True)
class TradePage:
    """Which trades are asked for."""

    instrument_id: InstrumentId
    window: Window | None
    paging: Paging

    @property
    def series(self) -> Series:
        return Series("trades", str(self.instrument_id))

    async def read(self, context: Context) -> Connection[Trade]:
        """Read it, together with the other instruments' pages that ask for the same."""
        bounds = Bounds(self.window, self._position("after"), self._position("before"))
        page = await self._rows(context, bounds)
        before, after = trade_neighbours(bounds)
        return Connection(
            nodes=cast("list[Trade]", page.rows),
            cursor_at=lambda index: self._cursor(page.rows[index]),
            has_previous=before or (self.paging.newest and page.more),
            has_next=after or (not self.paging.newest and page.more),
        )

    async def _rows(self, context: Context, bounds: Bounds[TradePosition]) -> Page[TradeRow]:
        query = trade_query(self.paging, bounds)
        if query is None:
            return Page((), more=False)
        context.budget.charge(query.limit)
        return await context.loaders.trades.load((self.instrument_id, query))

    def _cursor(self, row: TradeRow) -> str:
        return self.series.cursor(microseconds(row.minute), row.sequence)

    def _position(self, argument: str) -> TradePosition | None:
        cursor = getattr(self.paging, argument)
        if cursor is None:
            return None
        minute, sequence = self.series.key(cursor, argument, parts=2)
        return TradePosition(moment(minute, argument), integer(sequence, argument))
