"""The root of all mutations: each needs a key with the role OPERATOR."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Protocol

import strawberry

from candlewick.domain import errors
from candlewick.domain.access import Role
from candlewick.domain.bar_series import BuildBarsRequest
from candlewick.domain.job import BackfillRequest, IngestRequest
from candlewick.domain.job import Job as MadeJob
from candlewick.graphql.context import Info
from candlewick.graphql.paging import check_size
from candlewick.graphql.text import clean
from candlewick.graphql.types import outcomes
from candlewick.graphql.types.backtest_input import BacktestInput
from candlewick.graphql.types.enums import DataKind
from candlewick.graphql.types.event_bar import EventBarInput
from candlewick.graphql.types.job import Job, JobIdArgument, parse_id
from candlewick.graphql.types.letter_retry import (
    LetterIds,
    RetriedLetter,
    RetriedLetters,
    RetryPayload,
    UnknownDeadLetter,
    parse_ids,
)
from candlewick.graphql.types.outcomes import (
    BackfillPayload,
    BacktestPayload,
    BuildBarsPayload,
    CancelJobPayload,
    IngestPayload,
    RetryJobPayload,
    WatchPayload,
)
from candlewick.graphql.types.range import TimeRange
from candlewick.graphql.types.watch_list import WatchList
from candlewick.graphql.watched import parse_keys
from candlewick.pipeline.ingesting import MOST

Watched = Annotated[
    list[str], strawberry.argument(description="Keys, such as binance:BTC-USDT; 1 to 100, each counts once.")
]


@strawberry.input(description="Which past to fetch.")
class BackfillInput:
    """At the edge; inside it is the domain's request."""

    instruments: list[str] = strawberry.field(description="Keys, such as binance:BTC-USDT; 1 to 100, each counts once.")
    range_: TimeRange = strawberry.field(name="range", description="From when to when.")
    kind: DataKind = strawberry.field(default=DataKind.TRADES, description="What to fetch.")
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="A text of yours, 1 to 100 characters: the same request with it again is the same job.",
    )

    @property
    def request(self) -> BackfillRequest:
        return BackfillRequest(parse_keys(self.instruments), self.range_.window, self.kind)


@strawberry.input(description="Which event bars to build.")
class BuildBarsInput:
    """At the edge; inside it is the domain's request."""

    instruments: list[str] = strawberry.field(description="Keys, such as binance:BTC-USDT; 1 to 100, each counts once.")
    spec: EventBarInput = strawberry.field(description="What fills a bar.")
    from_: datetime | None = strawberry.field(
        name="from",
        default=None,
        description=(
            "The first bar begins with the first trade from here on. Null: where the bars that there are begin, else "
            "with the first trade that is here."
        ),
    )
    to: datetime | None = strawberry.field(
        default=None,
        description="Trades from here on do not count. Null: the bars are carried on as trades come.",
    )
    restart: bool = strawberry.field(
        default=False, description="Whether to begin anew if such bars are here; otherwise they are gone on with."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="A text of yours, 1 to 100 characters: the same request with it again is the same job.",
    )

    @property
    def request(self) -> BuildBarsRequest:
        return BuildBarsRequest(parse_keys(self.instruments), self.spec.spec, self.from_, self.to, self.restart)


class _Asked[Request](Protocol):
    """An input that becomes a job."""

    @property
    def request(self) -> Request: ...

    @property
    def idempotency_key(self) -> str | None: ...


class _Desk[Request](Protocol):
    """Who makes jobs of such requests."""

    async def submit(self, request: Request, *, idempotency_key: str | None, requested_by: str) -> MadeJob: ...


async def _job_of[Request](info: Info, asked: _Asked[Request], desk: _Desk[Request]) -> Job:
    """The job that it becomes, for an operator."""
    caller = info.context.require(Role.OPERATOR)
    key = clean(asked.idempotency_key, "idempotencyKey")
    return Job.of(await desk.submit(asked.request, idempotency_key=key, requested_by=caller.prefix))


@strawberry.type(description="What can be changed, with an API key that has the role OPERATOR.")
class Mutation:
    """Expected outcomes are members of a union, never errors."""

    @strawberry.mutation(
        description="Fetch the past of instruments, as a job: archives first, page by page what they lack."
    )
    async def backfill(
        self,
        info: Info,
        input: Annotated[BackfillInput, strawberry.argument(description="Which past to fetch.")],  # noqa: A002
    ) -> BackfillPayload:
        try:
            return await _job_of(info, input, info.context.services.backfills)
        except outcomes.OF_BACKFILL as exc:
            return outcomes.backfill_problem(exc, input.instruments)

    @strawberry.mutation(
        description=(
            "Build event bars of the trades that are here, as a job. From then on workers carry them on, trades that "
            "come late included, and `Instrument.candles` serves them."
        )
    )
    async def build_bars(
        self,
        info: Info,
        input: Annotated[BuildBarsInput, strawberry.argument(description="Which bars to build.")],  # noqa: A002
    ) -> BuildBarsPayload:
        try:
            return await _job_of(info, input, info.context.services.bar_building)
        except outcomes.OF_BUILD_BARS as exc:
            return outcomes.build_bars_problem(exc, input.instruments)

    @strawberry.mutation(description="Take instruments live from now on; those that are taken live already stay so.")
    async def watch(self, info: Info, instruments: Watched) -> WatchPayload:
        caller = info.context.require(Role.OPERATOR)
        keys = parse_keys(instruments)
        try:
            return WatchList.of(await info.context.services.watching.watch(keys, caller.prefix))
        except outcomes.OF_WATCH as exc:
            return outcomes.watch_problem(exc, instruments)

    @strawberry.mutation(description="Take instruments live no longer. What was stored of them stays.")
    async def unwatch(self, info: Info, instruments: Watched) -> WatchPayload:
        info.context.require(Role.OPERATOR)
        return WatchList.of(await info.context.services.watching.unwatch(parse_keys(instruments)))

    @strawberry.mutation(description="Ask a source now, as a job, whatever the schedule says.")
    async def ingest(
        self,
        info: Info,
        source: Annotated[str, strawberry.argument(description="A source's code, or `all`.")],
        limit: Annotated[
            int | None,
            strawberry.argument(
                description="So many of the largest instruments, by market cap or volume; 1 to 5000. "
                "Without it and without `instruments`: what is watched, or the largest 100."
            ),
        ] = None,
        instruments: Annotated[
            list[str] | None, strawberry.argument(description="Keys of instruments to ask for instead; 1 to 100.")
        ] = None,
    ) -> IngestPayload:
        caller = info.context.require(Role.OPERATOR)
        check_size("limit", limit, MOST)
        keys = parse_keys(instruments) if instruments is not None else ()
        request = IngestRequest(None if source == "all" else clean(source, "source"), limit, keys)
        try:
            return Job.of(await info.context.services.ingests.submit(request, requested_by=caller.prefix))
        except outcomes.OF_INGEST as exc:
            return outcomes.ingest_problem(exc, instruments or ())

    @strawberry.mutation(
        description=(
            "Try a strategy on candles of the past, as a job: a result for each instrument, kept with the revision of "
            "the data that it ran on."
        )
    )
    async def backtest(
        self,
        info: Info,
        input: Annotated[BacktestInput, strawberry.argument(description="What to try, on what.")],  # noqa: A002
    ) -> BacktestPayload:
        try:
            return await _job_of(info, input, info.context.services.backtesting)
        except outcomes.OF_BACKTEST as exc:
            return outcomes.backtest_problem(exc, input.instruments)

    @strawberry.mutation(description="Do nothing more of a job from now on. What it has stored stays.")
    async def cancel_job(
        self,
        info: Info,
        id: JobIdArgument,  # noqa: A002
    ) -> CancelJobPayload:
        info.context.require(Role.OPERATOR)
        try:
            return Job.of(await info.context.services.jobs.cancel(parse_id(id)))
        except errors.JobFinished as exc:
            return outcomes.JobFinished.of(exc)
        except errors.UnknownJob as exc:
            return outcomes.UnknownJob.of(exc)

    @strawberry.mutation(description="Do again what failed of a job or was cancelled, from where it got to.")
    async def retry_job(
        self,
        info: Info,
        id: JobIdArgument,  # noqa: A002
    ) -> RetryJobPayload:
        info.context.require(Role.OPERATOR)
        try:
            return Job.of(await info.context.services.jobs.retry(parse_id(id)))
        except errors.JobNotFailed as exc:
            return outcomes.JobNotFailed.of(exc)
        except errors.JobSuperseded as exc:
            return outcomes.JobSuperseded.of(exc)
        except errors.UnknownJob as exc:
            return outcomes.UnknownJob.of(exc)

    @strawberry.mutation(
        description="Try dead letters again: a row or payload by reading its payload once more, a step by doing it."
    )
    async def retry_dead_letters(self, info: Info, ids: LetterIds) -> RetryPayload:
        caller = info.context.require(Role.OPERATOR)
        try:
            retried = await info.context.services.letter_retry.run(parse_ids(ids), requested_by=caller.prefix)
        except errors.UnknownLetter as exc:
            return UnknownDeadLetter.of(exc)
        return RetriedLetters(letters=[RetriedLetter.of(each) for each in retried])
