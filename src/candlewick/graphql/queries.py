"""The root of all queries."""

from __future__ import annotations

from typing import Annotated

import strawberry

import candlewick
from candlewick.backtest.strategies import STRATEGIES
from candlewick.domain.access import Role
from candlewick.domain.backtest import BacktestId
from candlewick.domain.job import JobId
from candlewick.domain.letter import LetterId
from candlewick.domain.market import AssetId, InstrumentId, InstrumentKey, VenueId
from candlewick.domain.movers import Universe
from candlewick.graphql.context import Info
from candlewick.graphql.faults import InvalidText
from candlewick.graphql.listing import (
    list_assets,
    list_backtests,
    list_instruments,
    list_jobs,
    list_letters,
    page_of_watched,
)
from candlewick.graphql.markets import (
    DAY,
    AtVenue,
    By,
    FiguresIn,
    FiguresOf,
    MoverCount,
    OfClass,
    QuotedIn,
    Within,
    list_movers,
    stats,
)
from candlewick.graphql.paging import ListPaging
from candlewick.graphql.pricing import (
    WEEK,
    Amount,
    At,
    Given,
    MaxAge,
    PricedAsset,
    PricedIn,
    Wanted,
    converted,
    price_of,
    question,
)
from candlewick.graphql.types.asset import Asset, AssetFilter
from candlewick.graphql.types.backtest import Backtest, BacktestFilter
from candlewick.graphql.types.connection import Connection, ListedAfter, ListedBefore, ListedFirst, ListedLast
from candlewick.graphql.types.dead_letter import DeadLetter, DeadLetterFilter
from candlewick.graphql.types.indicator import IndicatorSpec
from candlewick.graphql.types.instrument import Instrument, InstrumentFilter
from candlewick.graphql.types.job import Job, JobFilter, JobIdArgument, parse_id
from candlewick.graphql.types.market import MarketStats, Mover
from candlewick.graphql.types.node import Node, NodeId
from candlewick.graphql.types.price import ConversionResult, PriceResult
from candlewick.graphql.types.service import ServiceInfo
from candlewick.graphql.types.source import Source
from candlewick.graphql.types.strategy import StrategySpec
from candlewick.graphql.types.venue import Venue
from candlewick.graphql.types.watched_instrument import WatchedInstrument
from candlewick.indicators.catalogue import CATALOGUE

InstrumentsWhere = Annotated[
    InstrumentFilter | None, strawberry.argument(name="filter", description="Which; all if left out.")
]
JobsWhere = Annotated[JobFilter | None, strawberry.argument(name="filter", description="Which; all if left out.")]
BacktestsWhere = Annotated[
    BacktestFilter | None, strawberry.argument(name="filter", description="Which; all if left out.")
]
BacktestIdArgument = Annotated[strawberry.ID, strawberry.argument(description="The backtest's `id`.")]
LettersWhere = Annotated[
    DeadLetterFilter | None, strawberry.argument(name="filter", description="Which; the unresolved ones if left out.")
]
AssetsWhere = Annotated[AssetFilter | None, strawberry.argument(name="filter", description="Which; all if left out.")]


@strawberry.type(description="What can be asked.")
class Query:
    """Resolvers call loaders and ports, never SQL."""

    @strawberry.field(description="Any object by its id; null if it is gone.")
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="As `id` gave it.")],  # noqa: A002
    ) -> Node | None:
        return await fetch_node(info, NodeId.parse(id))

    @strawberry.field(description="One instrument by its key; null if there is none.")
    async def instrument(
        self,
        info: Info,
        key: Annotated[str, strawberry.argument(description="venue:BASE-QUOTE, such as binance:BTC-USDT.")],
    ) -> Instrument | None:
        row = await info.context.loaders.instruments_by_key.load(InstrumentKey.parse(key))
        return Instrument.of(row) if row else None

    @strawberry.field(description="Instruments, in order of their keys.")
    async def instruments(
        self,
        info: Info,
        filter_: InstrumentsWhere = None,
        first: ListedFirst = None,
        after: ListedAfter = None,
        last: ListedLast = None,
        before: ListedBefore = None,
    ) -> Connection[Instrument]:
        paging = ListPaging(first, after, last, before)
        return await list_instruments(info.context, filter_ or InstrumentFilter(), paging)

    @strawberry.field(description="Assets, in order of code and class.")
    async def assets(
        self,
        info: Info,
        filter_: AssetsWhere = None,
        first: ListedFirst = None,
        after: ListedAfter = None,
        last: ListedLast = None,
        before: ListedBefore = None,
    ) -> Connection[Asset]:
        return await list_assets(info.context, filter_ or AssetFilter(), ListPaging(first, after, last, before))

    @strawberry.field(
        description="What an asset costs: the exact median over venues and sources, straight, inverse or by a bridge."
    )
    async def price(
        self,
        info: Info,
        asset: PricedAsset,
        quote: PricedIn = "USD",
        at: At = None,
        max_age: MaxAge = WEEK,
    ) -> PriceResult:
        return await price_of(info.context, question(("asset", asset), ("quote", quote), at, max_age))

    @strawberry.field(
        description="An amount in another asset, exactly, by the shortest way; of equally short ones by the freshest."
    )
    async def convert(
        self, info: Info, amount: Amount, from_: Given, to: Wanted, at: At = None, max_age: MaxAge = WEEK
    ) -> ConversionResult:
        return await converted(info.context, amount, question(("from", from_), ("to", to), at, max_age))

    @strawberry.field(
        description="Instruments that moved most, or of which most was traded, until now; only what is traded today."
    )
    async def movers(
        self,
        info: Info,
        by: By,
        window: Within = DAY,
        first: MoverCount = 10,
        asset_class: OfClass = None,
        venue: AtVenue = None,
        quote: QuotedIn = None,
    ) -> list[Mover]:
        return await list_movers(info.context, by, window, first, Universe(asset_class, venue, quote))

    @strawberry.field(description="How large a market is now, by what a source says of its assets.")
    async def market_stats(
        self, info: Info, asset_class: OfClass = None, quote: FiguresIn = "USD", source: FiguresOf = None
    ) -> MarketStats:
        return await stats(info.context, asset_class, quote, source)

    @strawberry.field(description="Every indicator that there is, with how exactly it is computed.")
    def indicator_catalogue(self) -> list[IndicatorSpec]:
        return [IndicatorSpec.of(spec) for spec in CATALOGUE.values()]

    @strawberry.field(description="One job by its id; null if there is none.")
    async def job(
        self,
        info: Info,
        id: JobIdArgument,  # noqa: A002
    ) -> Job | None:
        row = await info.context.services.jobs.job(parse_id(id))
        return Job.of(row) if row else None

    @strawberry.field(description="Jobs, the newest first.")
    async def jobs(
        self,
        info: Info,
        filter_: JobsWhere = None,
        first: ListedFirst = None,
        after: ListedAfter = None,
        last: ListedLast = None,
        before: ListedBefore = None,
    ) -> Connection[Job]:
        return await list_jobs(info.context, filter_ or JobFilter(), ListPaging(first, after, last, before))

    @strawberry.field(description="One backtest by its id; null if there is none.")
    async def backtest(
        self,
        info: Info,
        id: BacktestIdArgument,  # noqa: A002
    ) -> Backtest | None:
        node_id = NodeId.parse(id)
        if node_id.kind != "Backtest":
            raise InvalidText("id", f"is the id of one {node_id.kind}, not of a backtest")
        return await _backtest(info, BacktestId(node_id.number))

    @strawberry.field(description="Backtests, the newest first.")
    async def backtests(
        self,
        info: Info,
        filter_: BacktestsWhere = None,
        first: ListedFirst = None,
        after: ListedAfter = None,
        last: ListedLast = None,
        before: ListedBefore = None,
    ) -> Connection[Backtest]:
        paging = ListPaging(first, after, last, before)
        return await list_backtests(info.context, filter_ or BacktestFilter(), paging)

    @strawberry.field(description="Every strategy that can be backtested.")
    def strategy_catalogue(self) -> list[StrategySpec]:
        return [StrategySpec.of(each) for each in STRATEGIES.values()]

    @strawberry.field(
        description="Dead letters, the newest first. Needs a key with the role OPERATOR: they carry what sources sent."
    )
    async def dead_letters(
        self,
        info: Info,
        filter_: LettersWhere = None,
        first: ListedFirst = None,
        after: ListedAfter = None,
        last: ListedLast = None,
        before: ListedBefore = None,
    ) -> Connection[DeadLetter]:
        paging = ListPaging(first, after, last, before)
        return await list_letters(info.context, filter_ or DeadLetterFilter(), paging)

    @strawberry.field(description="What is taken live, in order of the instruments' keys.")
    async def watched(
        self,
        info: Info,
        first: ListedFirst = None,
        after: ListedAfter = None,
        last: ListedLast = None,
        before: ListedBefore = None,
    ) -> Connection[WatchedInstrument]:
        paging = ListPaging(first, after, last, before)
        return page_of_watched(info.context, await info.context.services.watching.all(), paging)

    @strawberry.field(description="Where data comes from: what each source can do, and how it stands with it.")
    def sources(self, info: Info) -> list[Source]:
        return [Source.of(profile) for profile in info.context.services.overseer.profiles.values()]

    @strawberry.field(description="What this service is and runs on.")
    async def service(self, info: Info) -> ServiceInfo:
        probe = info.context.services.service
        return ServiceInfo(version=candlewick.__version__, edition=probe.edition, capabilities=list(probe.capabilities))


async def fetch_node(info: Info, node_id: NodeId) -> Node | None:  # noqa: PLR0911 (one for each type)
    """The object behind a global id."""
    loaders = info.context.loaders
    match node_id.kind:
        case "Instrument":
            instrument = await loaders.instruments_by_id.load(InstrumentId(node_id.number))
            return Instrument.of(instrument) if instrument else None
        case "Asset":
            asset = await loaders.assets.load(AssetId(node_id.number))
            return Asset.of(asset) if asset else None
        case "Job":
            job = await info.context.services.jobs.job(JobId(node_id.number))
            return Job.of(job) if job else None
        case "Backtest":
            return await _backtest(info, BacktestId(node_id.number))
        case "DeadLetter":
            info.context.require(Role.OPERATOR)
            letter_id = LetterId(node_id.number)
            letter = (await info.context.services.dead_letters.by_ids([letter_id])).get(letter_id)
            return DeadLetter.of(letter) if letter else None
        case "Source":
            profile = info.context.services.overseer.profiles.get(node_id.code)
            return Source.of(profile) if profile else None
        case _:
            venue = await loaders.venues.load(VenueId(node_id.number))
            return Venue.of(venue) if venue else None


async def _backtest(info: Info, backtest_id: BacktestId) -> Backtest | None:
    row = (await info.context.services.backtests.by_ids([backtest_id])).get(backtest_id)
    return Backtest.of(row) if row else None
