"""A page of an instrument's event bars, from its arguments to the connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from candlewick.domain.bar import EventBarSpec
from candlewick.domain.bar_series import Bar, BarPosition, BarQuery
from candlewick.domain.errors import BarsNotBuilt
from candlewick.domain.market import Instrument
from candlewick.domain.page import Page
from candlewick.domain.time import Window, microseconds
from candlewick.graphql.context import Context
from candlewick.graphql.cursor import Series, integer, moment
from candlewick.graphql.faults import NotForEventBars
from candlewick.graphql.paging import Bounds, Paging
from candlewick.graphql.types.candle import Candle
from candlewick.graphql.types.connection import Connection
from candlewick.graphql.types.enums import Adjustment, CandleOrigin, Fill

_MADE_FROM: Final = frozenset({CandleOrigin.AUTO, CandleOrigin.TRADES})


@dataclass(frozen=True, slots=True)
class BarPage:
    """Which bars are asked for."""

    instrument: Instrument
    spec: EventBarSpec
    window: Window | None
    paging: Paging
    coverage: bool = False
    """Whether it is selected."""

    @property
    def series(self) -> Series:
        return Series("bars", f"{self.instrument.id}/{self.spec}")

    async def read(self, context: Context) -> Connection[Candle]:
        """Read it, together with the other instruments' pages that ask for the same.

        Raises:
            BarsNotBuilt: nobody asked for these bars with `buildBars`.
        """
        bounds = Bounds(self.window, self._position("after"), self._position("before"))
        page = await self._rows(context, bounds)
        before, after = _neighbours(bounds)
        return Connection(
            nodes=cast("list[Candle]", page.rows),
            cursor_at=lambda index: self._cursor(page.rows[index]),
            has_previous=before or (self.paging.newest and page.more),
            has_next=after or (not self.paging.newest and page.more),
        )

    async def _rows(self, context: Context, bounds: Bounds[BarPosition]) -> Page[Bar]:
        paging = self.paging
        context.budget.charge(paging.limit)
        query = BarQuery(
            self.spec, paging.limit, self.window, bounds.after, bounds.before, paging.newest, self.coverage
        )
        page = await context.loaders.bars.load((self.instrument.id, query))
        if page is None:
            raise BarsNotBuilt(str(self.instrument.key), self.spec.words)
        return page

    def _cursor(self, row: Bar) -> str:
        return self.series.cursor(microseconds(row.open_time), row.number)

    def _position(self, argument: str) -> BarPosition | None:
        cursor = getattr(self.paging, argument)
        if cursor is None:
            return None
        opened, number = self.series.key(cursor, argument, parts=2)
        return BarPosition(moment(opened, argument), integer(number, argument))


def check_arguments(origin: CandleOrigin, adjustment: Adjustment, fill: Fill) -> None:
    """Refuse what only candles by time can follow, rather than pass over it.

    Raises:
        NotForEventBars: one is not its default.
    """
    if origin not in _MADE_FROM:
        raise NotForEventBars("origin", origin, "built of trades")
    if adjustment is not Adjustment.NONE:
        raise NotForEventBars("adjust", adjustment, "built of trades as they were")
    if fill is not Fill.OMIT:
        raise NotForEventBars("fill", fill, "never without trades")


def _neighbours(bounds: Bounds[BarPosition]) -> tuple[bool, bool]:
    """Whether the rows that the cursors name belong to the list: then it goes on before, and after, the page."""
    window = bounds.window
    before = bounds.after is not None and (window is None or bounds.after.open_time >= window.start)
    after = bounds.before is not None and (window is None or bounds.before.open_time < window.end)
    return before, after
