"""Instruments: everything about one is reached from here."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self, cast

import strawberry

from candlewick.domain import market
from candlewick.domain.page import InstrumentFilter as Filter
from candlewick.graphql.context import Info
from candlewick.graphql.indicators import indicators_of
from candlewick.graphql.limits import DEFAULT_ROWS, MAX_LISTED, MAX_ROWS
from candlewick.graphql.paging import Paging, check_size
from candlewick.graphql.selection import selects, template_of
from candlewick.graphql.text import clean
from candlewick.graphql.types.asset import Asset
from candlewick.graphql.types.bar_page import BarPage, check_arguments
from candlewick.graphql.types.candle import BarSpec, Candle
from candlewick.graphql.types.candle_columns import CandleColumns, chosen
from candlewick.graphql.types.candle_page import CandlePage
from candlewick.graphql.types.connection import After, Before, Connection, First, Last
from candlewick.graphql.types.enums import Adjustment, AssetClass, CandleOrigin, Fill, InstrumentStatus, Tape
from candlewick.graphql.types.event_bar import BarSeries
from candlewick.graphql.types.factor import Factor
from candlewick.graphql.types.freshness import Freshness
from candlewick.graphql.types.gap import Gap
from candlewick.graphql.types.indicator import IndicatorSeries, Of
from candlewick.graphql.types.node import Node, NodeId
from candlewick.graphql.types.quote import Quote
from candlewick.graphql.types.quote_page import QuotePage
from candlewick.graphql.types.range import TimeRange
from candlewick.graphql.types.trade import Trade
from candlewick.graphql.types.trade_page import TradePage
from candlewick.graphql.types.venue import Venue

OpensIn = Annotated[
    TimeRange | None, strawberry.argument(name="range", description="Only candles that open in it; all if left out.")
]
Spec = Annotated[BarSpec, strawberry.argument(description="How wide a candle is, or what fills it.")]
MadeFrom = Annotated[CandleOrigin, strawberry.argument(description="What they are made from.")]
AdjustedFor = Annotated[
    Adjustment,
    strawberry.argument(
        description="What they are adjusted for, exactly, on read; widths must be whole days or divide a day."
    ),
]
Filled = Annotated[Fill, strawberry.argument(description="What there is of windows without trades.")]
HappenedIn = Annotated[
    TimeRange | None, strawberry.argument(name="range", description="Only trades that happened in it; all if left out.")
]
ObservedIn = Annotated[
    TimeRange | None, strawberry.argument(name="range", description="Only quotes observed in it; all if left out.")
]

LacksIn = Annotated[
    TimeRange | None, strawberry.argument(name="range", description="Only gaps that overlap it; all if left out.")
]


@strawberry.type(description="What is traded, at one venue.")
class Instrument(Node):
    """A view of the domain's instrument."""

    row: strawberry.Private[market.Instrument]
    key: str = strawberry.field(description="Its name here: venue:BASE-QUOTE, such as binance:BTC-USDT.")
    symbol: str = strawberry.field(description="The venue's own spelling, today.")
    asset_class: AssetClass = strawberry.field(description="The class of its base asset.")
    active: bool = strawberry.field(description="Whether the venue trades it today.")
    tape: Tape = strawberry.field(description="Which of the venue's two numberings of executions is kept.")
    status: InstrumentStatus = strawberry.field(description="Whether the venue trades it, in more words than `active`.")
    tick_size: Decimal | None = strawberry.field(description="The smallest step of its price, where it is known.")
    lot_size: Decimal | None = strawberry.field(description="The smallest step of its size, where it is known.")

    @classmethod
    def of(cls, row: market.Instrument) -> Self:
        return cls(
            id=strawberry.ID(str(NodeId("Instrument", row.id))),
            row=row,
            key=str(row.key),
            symbol=row.symbol,
            asset_class=row.asset_class,
            active=row.active,
            tape=row.tape,
            status=row.status,
            tick_size=row.tick_size,
            lot_size=row.lot_size,
        )

    @strawberry.field(description="Where it trades.")
    async def venue(self, info: Info) -> Venue:
        return Venue.of(present(await info.context.loaders.venues.load(self.row.venue_id)))

    @strawberry.field(description="What is bought and sold; sizes and volumes are in it.")
    async def base(self, info: Info) -> Asset:
        return Asset.of(present(await info.context.loaders.assets.load(self.row.base_id)))

    @strawberry.field(description="What it is paid with; prices and quote volumes are in it.")
    async def quote(self, info: Info) -> Asset:
        return Asset.of(present(await info.context.loaders.assets.load(self.row.quote_id)))

    @strawberry.field(
        description="Its candles in order of time. With neither `first`, `last` nor `after`: the newest 100."
    )
    async def candles(
        self,
        info: Info,
        spec: Spec,
        range_: OpensIn = None,
        *,
        origin: MadeFrom = CandleOrigin.AUTO,
        adjust: AdjustedFor = Adjustment.NONE,
        fill: Filled = Fill.OMIT,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Candle]:
        paging = Paging(first, after, last, before)
        window, coverage = range_.window if range_ else None, selects(info, "coverage")
        if spec.event:
            check_arguments(origin, adjust, fill)
            return await BarPage(self.row, spec.event.spec, window, paging, coverage).read(info.context)
        page = CandlePage(self.row.id, spec.bar, origin, adjust, window, paging, fill, coverage)
        return await page.read(info.context, template_of(info))

    @strawberry.field(description="The event bars that were built of it: `candles` serves them.")
    async def event_bars(self, info: Info) -> list[BarSeries]:
        rows = await info.context.loaders.bar_series.load(self.row.id)
        info.context.budget.charge(len(rows))
        return [BarSeries.of(row) for row in rows]

    @strawberry.field(
        description=(
            "The same candles as columns, the fastest way to many: for plots and data frames. The arguments are those "
            "of `candles`."
        )
    )
    async def candle_columns(
        self,
        info: Info,
        spec: Spec,
        range_: OpensIn = None,
        *,
        origin: MadeFrom = CandleOrigin.AUTO,
        adjust: AdjustedFor = Adjustment.NONE,
        fill: Filled = Fill.OMIT,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> CandleColumns:
        paging = Paging(first, after, last, before)
        window, coverage = range_.window if range_ else None, selects(info, "coverage")
        page = CandlePage(self.row.id, spec.bar, origin, adjust, window, paging, fill, coverage)
        return await page.read_columns(info.context, chosen(info))

    @strawberry.field(
        description=(
            "Indicators of its candles, computed by a worker: all series have the same candles. Without `last` they "
            "are all of `range`, without both the newest 100. The newest one may still be open."
        )
    )
    async def indicators(
        self,
        info: Info,
        spec: Spec,
        of: Of,
        range_: OpensIn = None,
        last: Annotated[int | None, strawberry.argument(description="The newest so many of them.")] = None,
        *,
        origin: MadeFrom = CandleOrigin.AUTO,
        adjust: AdjustedFor = Adjustment.NONE,
    ) -> list[IndicatorSeries]:
        window = range_.window if range_ else None
        return await indicators_of(info.context, self.row.id, spec.bar, of, window, last, origin, adjust)

    @strawberry.field(
        description="Its trades in the venue's order. With neither `first`, `last` nor `after`: the newest 100."
    )
    async def trades(
        self,
        info: Info,
        range_: HappenedIn = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Trade]:
        paging = Paging(first, after, last, before)
        return await TradePage(self.row.id, range_.window if range_ else None, paging).read(info.context)

    @strawberry.field(
        description="Its quotes in order of time. With neither `first`, `last` nor `after`: the newest 100."
    )
    async def quotes(
        self,
        info: Info,
        range_: ObservedIn = None,
        source: Annotated[
            str | None, strawberry.argument(description="Only what the source of that code says.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Quote]:
        paging = Paging(first, after, last, before)
        window = range_.window if range_ else None
        return await QuotePage(self.row.id, clean(source, "source"), window, paging).read(info.context)

    @strawberry.field(
        description="Its newest price, from quotes or from trades; up to a second old. Null if there is none."
    )
    async def latest(self, info: Info) -> Quote | None:
        return cast("Quote | None", await info.context.loaders.latest.load(self.row.id))

    @strawberry.field(description="Gaps in its feed, whatever became of them: the newest ones, oldest first.")
    async def gaps(
        self,
        info: Info,
        range_: LacksIn = None,
        last: Annotated[int, strawberry.argument(description="How many at the most.")] = DEFAULT_ROWS,
    ) -> list[Gap]:
        check_size("last", last, MAX_LISTED)
        info.context.budget.charge(last)
        rows = await info.context.loaders.gaps.load((self.row.id, range_.window if range_ else None, last))
        return [Gap.of(row) for row in rows]

    @strawberry.field(description="How new what is here of it is.")
    async def freshness(self, info: Info) -> Freshness:
        row = await info.context.loaders.freshness.load(self.row.id)
        return Freshness.of(row, info.context.services.clock.now())

    @strawberry.field(description="The factors of its splits and dividends, the newest ones, oldest first.")
    async def factors(
        self, info: Info, last: Annotated[int, strawberry.argument(description="How many at the most.")] = MAX_LISTED
    ) -> list[Factor]:
        check_size("last", last, MAX_ROWS)
        info.context.budget.charge(last)
        return cast("list[Factor]", await info.context.loaders.factors.load((self.row.id, last)))


def present[Row](row: Row | None) -> Row:
    """What a foreign key points to."""
    if row is None:
        raise LookupError("an instrument points to an asset or a venue that is not there")
    return row


@strawberry.input(description="Which instruments: all that is given must match.")
class InstrumentFilter:
    """At the edge; inside it is the domain's filter."""

    venue: str | None = strawberry.field(default=None, description="The venue's code.")
    base: str | None = strawberry.field(default=None, description="The base asset's code.")
    quote: str | None = strawberry.field(default=None, description="The quote asset's code.")
    asset_class: AssetClass | None = strawberry.field(default=None, description="The class of the base asset.")
    source: str | None = strawberry.field(
        default=None,
        description="The source's code: what its own venue trades, and what it has said quotes or days of.",
    )
    active: bool | None = strawberry.field(default=None, description="Whether the venue trades it today.")
    search: str | None = strawberry.field(
        default=None, description="Part of the key, the symbol or an asset's name, in any case."
    )

    @property
    def wanted(self) -> Filter:
        return Filter(
            venue=clean(self.venue, "venue"),
            base=clean(self.base, "base"),
            quote=clean(self.quote, "quote"),
            asset_class=self.asset_class,
            active=self.active,
            search=clean(self.search, "search"),
            source=clean(self.source, "source"),
        )
