"""A page of an instrument's quotes, from its arguments to the connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page, QuotePosition, QuoteQuery
from candlewick.domain.quote import QuoteRow
from candlewick.domain.time import Window, microseconds
from candlewick.graphql.context import Context
from candlewick.graphql.cursor import Series, moment
from candlewick.graphql.faults import InvalidCursor
from candlewick.graphql.paging import Paging
from candlewick.graphql.types.connection import Connection
from candlewick.graphql.types.quote import Quote


@dataclass(frozen=True, slots=True)
class QuotePage:
    """Which quotes are asked for."""

    instrument_id: InstrumentId
    source: str | None
    window: Window | None
    paging: Paging

    @property
    def series(self) -> Series:
        return Series("quotes", str(self.instrument_id))

    async def read(self, context: Context) -> Connection[Quote]:
        """Read it, together with the other instruments' pages that ask for the same."""
        after, before = self._position("after"), self._position("before")
        page = await self._rows(context, after, before)
        return Connection(
            nodes=cast("list[Quote]", page.rows),
            cursor_at=lambda index: self._cursor(page.rows[index]),
            has_previous=self._belongs(after) or (self.paging.newest and page.more),
            has_next=self._belongs(before) or (not self.paging.newest and page.more),
        )

    async def _rows(
        self, context: Context, after: QuotePosition | None, before: QuotePosition | None
    ) -> Page[QuoteRow]:
        if after is not None and before is not None and after >= before:
            return Page((), more=False)
        query = QuoteQuery(self.paging.limit, self.source, self.window, after, before, self.paging.newest)
        context.budget.charge(query.limit)
        return await context.loaders.quotes.load((self.instrument_id, query))

    def _belongs(self, position: QuotePosition | None) -> bool:
        """Whether the row that a cursor names is in the list: then it goes on beyond the page."""
        if position is None:
            return False
        return self.window is None or self.window.start <= position.ts < self.window.end

    def _cursor(self, row: QuoteRow) -> str:
        return self.series.cursor(microseconds(row.ts), row.source)

    def _position(self, argument: str) -> QuotePosition | None:
        cursor = getattr(self.paging, argument)
        if cursor is None:
            return None
        ts, source = self.series.key(cursor, argument, parts=2)
        if "\x00" in source:
            raise InvalidCursor(argument, "it names no source")
        return QuotePosition(moment(ts, argument), source)
