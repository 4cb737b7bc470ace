"""The root of all subscriptions."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated, Any, cast

import strawberry

from candlewick.domain.errors import UnknownJob
from candlewick.graphql import watched
from candlewick.graphql.context import Info
from candlewick.graphql.indicators import choices_of
from candlewick.graphql.live.candles import CandleTail, Wanted
from candlewick.graphql.live.feed import Feed
from candlewick.graphql.live.indicators import Followed, IndicatorTail, find_kept
from candlewick.graphql.live.job_tail import JobTail
from candlewick.graphql.live.quotes import QuoteTail
from candlewick.graphql.live.trades import TradeTail, told_at
from candlewick.graphql.selection import selects
from candlewick.graphql.types import job as jobs
from candlewick.graphql.types.candle import BarSpec
from candlewick.graphql.types.events import CandleEvent, IndicatorEvent, QuoteEvent, TradeEvent
from candlewick.graphql.types.indicator import Of
from candlewick.graphql.types.job import Job, JobIdArgument

Instruments = Annotated[
    list[str], strawberry.argument(description="Keys, such as binance:BTC-USDT; 1 to 100, each counts once.")
]
After = Annotated[
    str | None,
    strawberry.argument(description="A `cursor` of an earlier session: go on from there, missing nothing in between."),
]


@strawberry.type(description="What can be followed, over a websocket with the subprotocol graphql-transport-ws.")
class Subscription:
    """What is wrong with the arguments is said before the first event."""

    @strawberry.subscription(
        description=(
            "Trades as they become visible, late ones included: each exactly once, in the order of its instrument's "
            "commits. A corrected archive's trades come again, as they now are. Without `after`: from now on."
        )
    )
    async def trades(
        self, info: Info, instruments: Instruments, after: After = None
    ) -> AsyncGenerator[TradeEvent, None]:
        services = info.context.services
        keys = await watched.find_instruments(services.instruments, instruments)
        return _followed(TradeTail(services, info.context.live, keys, told_at(after)))

    @strawberry.subscription(
        description=(
            "Quotes as they become visible: the newest one of each instrument, then newer ones, looked at 4 times a "
            "second at the most. Quotes that arrive behind newer ones are not told."
        )
    )
    async def quotes(self, info: Info, instruments: Instruments) -> AsyncGenerator[QuoteEvent, None]:
        services = info.context.services
        keys = await watched.find_instruments(services.instruments, instruments)
        return _followed(QuoteTail(info.context.live.hub, services.quotes, keys))

    @strawberry.subscription(
        description=(
            "Candles as they change. First a snapshot of each instrument, then what is news, looked at 4 times a "
            "second at the most: each candle once when it is FINAL, and whenever it changes after that. With `after` "
            "there is no snapshot, but what was missed."
        )
    )
    async def candles(
        self,
        info: Info,
        instruments: Instruments,
        spec: Annotated[BarSpec, strawberry.argument(description="How wide a candle is.")],
        after: After = None,
        final_only: Annotated[
            bool, strawberry.argument(description="Leave out candles whose window is still open.")
        ] = False,
    ) -> AsyncGenerator[CandleEvent, None]:
        services = info.context.services
        keys = await watched.find_instruments(services.instruments, instruments)
        bar = spec.bar
        wanted = Wanted(keys, bar, await services.candles.ruler(bar), final_only, selects(info, "coverage"))
        return _followed(CandleTail(services, info.context.live, wanted, wanted.marks_at(after)))

    @strawberry.subscription(
        description=(
            "Indicators that workers keep ready, as candles close: the newest points of each first, then those that "
            "are new or others, within a quarter of a second of being stored. Which are kept the setting "
            "`indicators.kept` says; others are refused, and can be queried. With `after` there is no snapshot, but "
            "what was missed."
        )
    )
    async def indicators(
        self,
        info: Info,
        instrument: Annotated[str, strawberry.argument(description="Its key, such as binance:BTC-USDT.")],
        spec: Annotated[BarSpec, strawberry.argument(description="Of which candles.")],
        of: Of,
        after: After = None,
    ) -> AsyncGenerator[IndicatorEvent, None]:
        services = info.context.services
        [(instrument_id, key)] = (await watched.find_instruments(services.instruments, [instrument])).items()
        lines = await find_kept(services.kept, instrument_id, key, spec.bar, choices_of(of))
        followed = Followed(str(key), str(spec.bar), lines)
        return _followed(IndicatorTail(services, info.context.live.kept, followed, followed.told_at(after)))

    @strawberry.subscription(
        description="A job as it is, and whenever it changed, twice a second at the most; completes when it is over."
    )
    async def job(
        self,
        info: Info,
        id: JobIdArgument,  # noqa: A002
    ) -> AsyncGenerator[Job, None]:
        job_id = jobs.parse_id(id)
        found = await info.context.services.jobs.job(job_id)
        if found is None:
            raise UnknownJob(job_id)
        return _followed(JobTail(info.context.live.jobs, found))


def _followed(feed: Feed) -> AsyncGenerator[Any, None]:
    """The feed itself: what executes subscriptions knows it for one. Strawberry wants to read a generator."""
    return cast("AsyncGenerator[Any, None]", feed)
