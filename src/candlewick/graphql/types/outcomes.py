"""What may come of a mutation beside what was wanted: expected, so no errors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Self

import strawberry

from candlewick.domain import errors
from candlewick.graphql.types.enums import JobStatus
from candlewick.graphql.types.job import Job
from candlewick.graphql.types.node import NodeId
from candlewick.graphql.types.watch_list import WatchList


def _job_id(number: int) -> strawberry.ID:
    return strawberry.ID(str(NodeId("Job", number)))


@strawberry.interface(description="Why something was not done.")
class Problem:
    """All outcomes of the kind have it."""

    message: str = strawberry.field(description="What was wrong, and what to do; for people.")


@strawberry.type(description="There cannot be data in the range.")
class InvalidRange(Problem):
    """It is empty, in the future, or before the venue existed."""

    from_: datetime = strawberry.field(name="from", description="The range's first moment.")
    to: datetime = strawberry.field(description="The range's first moment after.")

    @classmethod
    def of(cls, error: errors.InvalidRange | errors.EmptyWindow) -> Self:
        return cls(message=str(error), from_=error.start, to=error.end)


@strawberry.type(description="There is no such instrument, here or at its venue.")
class UnknownInstrument(Problem):
    """Or no such venue."""

    key: str = strawberry.field(description="What was asked for.")

    @classmethod
    def of(
        cls, error: errors.UnknownInstrument | errors.ForeignInstrument | errors.UnknownVenue, asked: Sequence[str]
    ) -> Self:
        """`asked` are the keys, of which a venue that is not known says the first."""
        if not isinstance(error, errors.UnknownVenue):
            return cls(message=str(error), key=error.key)
        key = next((key for key in asked if key.startswith(f"{error.venue}:")), error.venue)
        return cls(message=str(error), key=key)


@strawberry.type(description="The venue cannot be asked, or refuses to answer.")
class SourceUnavailable(Problem):
    """It had to be asked whether it lists the instrument."""

    source: str = strawberry.field(description="Whom we asked.")
    retryable: bool = strawberry.field(description="Whether the same request may work later.")
    retry_after: float | None = strawberry.field(description="In how many seconds, if the source said so.")

    @classmethod
    def of(cls, error: errors.SourceUnavailable | errors.SourceRefused) -> Self:
        retry_after = error.retry_after if isinstance(error, errors.SourceUnavailable) else None
        return cls(message=str(error), source=error.source, retryable=error.retryable, retry_after=retry_after)


@strawberry.type(description="The idempotency key was used with other arguments.")
class JobConflict(Problem):
    """Take another key, or the same arguments."""

    idempotency_key: str = strawberry.field(description="The key.")
    job: strawberry.ID = strawberry.field(description="The id of the job that it stands for.")

    @classmethod
    def of(cls, error: errors.JobConflict) -> Self:
        return cls(message=str(error), idempotency_key=error.idempotency_key, job=_job_id(error.job_id))


@strawberry.type(description="The job would be larger than one may be.")
class TooManySteps(Problem):
    """Ask for less."""

    steps: int = strawberry.field(description="How many steps it would have.")
    limit: int = strawberry.field(description="How many it may have.")

    @classmethod
    def of(cls, error: errors.TooManySteps) -> Self:
        return cls(message=str(error), steps=error.steps, limit=error.most)


@strawberry.type(description="There is no such job.")
class UnknownJob(Problem):
    """`jobs` lists those there are."""

    job: strawberry.ID = strawberry.field(description="What was asked for.")

    @classmethod
    def of(cls, error: errors.UnknownJob) -> Self:
        return cls(message=str(error), job=_job_id(error.job_id))


@strawberry.type(description="The job is over: there is nothing to cancel.")
class JobFinished(Problem):
    """It may have been cancelled before."""

    job: strawberry.ID = strawberry.field(description="The job's id.")
    status: JobStatus = strawberry.field(description="How it ended.")

    @classmethod
    def of(cls, error: errors.JobFinished) -> Self:
        return cls(message=str(error), job=_job_id(error.job_id), status=JobStatus(error.status))


@strawberry.type(description="Nothing of the job failed: there is nothing to try again.")
class JobNotFailed(Problem):
    """Only failed and cancelled jobs can be tried again."""

    job: strawberry.ID = strawberry.field(description="The job's id.")
    status: JobStatus = strawberry.field(description="How it stands.")

    @classmethod
    def of(cls, error: errors.JobNotFailed) -> Self:
        return cls(message=str(error), job=_job_id(error.job_id), status=JobStatus(error.status))


@strawberry.type(description="Another job does the same by now: the two would overlap.")
class JobSuperseded(Problem):
    """Wait for the other one, or cancel it."""

    job: strawberry.ID = strawberry.field(description="The id of the job that was to be tried again.")

    @classmethod
    def of(cls, error: errors.JobSuperseded) -> Self:
        return cls(message=str(error), job=_job_id(error.job_id))


@strawberry.type(description="There is no such venue, or it cannot be asked for live data.")
class UnknownVenue(Problem):
    """`sources` lists those there are."""

    venue: str = strawberry.field(description="The venue's code.")
    known: list[str] = strawberry.field(description="The codes there are.")

    @classmethod
    def of(cls, error: errors.UnknownVenue) -> Self:
        return cls(message=str(error), venue=error.venue, known=error.known)


@strawberry.type(description="The instrument's source has neither a stream nor quotes to ask for.")
class CannotBeWatched(Problem):
    """Its data can be imported."""

    key: str = strawberry.field(description="The instrument's key.")

    @classmethod
    def of(cls, error: errors.CannotBeWatched) -> Self:
        return cls(message=str(error), key=error.key)


@strawberry.type(description="The watch list would become longer than it may.")
class WatchListFull(Problem):
    """Nothing was added."""

    limit: int = strawberry.field(description="How many instruments it may have.")

    @classmethod
    def of(cls, error: errors.WatchListFull) -> Self:
        return cls(message=str(error), limit=error.most)


@strawberry.type(description="There is no such source, or it cannot be asked.")
class UnknownSource(Problem):
    """`sources` lists those there are."""

    source: str = strawberry.field(description="What was asked for.")
    known: list[str] = strawberry.field(description="The codes of those that can be asked.")

    @classmethod
    def of(cls, error: errors.UnknownSource) -> Self:
        return cls(message=str(error), source=error.source, known=error.known)


@strawberry.type(description="The source has no quotes, so instruments have to be named.")
class CannotBeIngested(Problem):
    """Or some of it watched."""

    source: str = strawberry.field(description="The source's code.")

    @classmethod
    def of(cls, error: errors.CannotBeIngested) -> Self:
        return cls(message=str(error), source=error.source)


@strawberry.type(description="The bars that there are begin elsewhere, and each depends on all before it.")
class BarsBeginElsewhere(Problem):
    """Leave out `from`, or restart."""

    key: str = strawberry.field(description="The instrument's key.")
    begin: datetime | None = strawberry.field(description="Where they begin; null: with the first trade there is.")

    @classmethod
    def of(cls, error: errors.BarsBeginElsewhere) -> Self:
        return cls(message=str(error), key=error.key, begin=error.begin)


@strawberry.type(description="The instrument has as many series of event bars as one may.")
class TooManySeries(Problem):
    """Each is carried on with every trade."""

    key: str = strawberry.field(description="The instrument's key.")
    limit: int = strawberry.field(description="How many it may have.")

    @classmethod
    def of(cls, error: errors.TooManySeries) -> Self:
        return cls(message=str(error), key=error.key, limit=error.limit)


@strawberry.type(description="There is no such strategy.")
class UnknownStrategy(Problem):
    """`strategyCatalogue` lists those there are."""

    strategy: str = strawberry.field(description="What was asked for.")
    known: list[str] = strawberry.field(description="The names there are.")

    @classmethod
    def of(cls, error: errors.UnknownStrategy) -> Self:
        return cls(message=str(error), strategy=error.name, known=error.known)


@strawberry.type(description="No backtest can be run like this.")
class InvalidBacktest(Problem):
    """A parameter is not the strategy's or out of bounds, or an account cannot be so."""

    argument: str = strawberry.field(description="What is wrong: a field of the input, or strategy.parameter.")

    @classmethod
    def of(
        cls,
        error: errors.InvalidBacktest
        | errors.UnknownParameter
        | errors.InvalidParameter
        | errors.InvalidDuration
        | errors.UnknownCalendar,
    ) -> Self:
        return cls(message=str(error), argument=_argument(error))


def _argument(error: errors.InvalidInput) -> str:
    match error:
        case errors.InvalidBacktest():
            return error.argument
        case errors.UnknownParameter() | errors.InvalidParameter():
            return f"{error.indicator}.{error.name}"
        case _:
            return "spec"


BacktestPayload = Annotated[
    Job | InvalidRange | UnknownInstrument | UnknownStrategy | InvalidBacktest | JobConflict,
    strawberry.union("BacktestPayload", description="The job that runs the strategy, or why there is none."),
]
BackfillPayload = Annotated[
    Job | InvalidRange | UnknownInstrument | SourceUnavailable | JobConflict | TooManySteps,
    strawberry.union("BackfillPayload", description="The job that fetches the past, or why there is none."),
]
CancelJobPayload = Annotated[
    Job | JobFinished | UnknownJob,
    strawberry.union("CancelJobPayload", description="The cancelled job, or why it was not cancelled."),
]
RetryJobPayload = Annotated[
    Job | JobNotFailed | JobSuperseded | UnknownJob,
    strawberry.union("RetryJobPayload", description="The job, queued again, or why it was not."),
]

WatchPayload = Annotated[
    WatchList | UnknownVenue | UnknownInstrument | CannotBeWatched | WatchListFull,
    strawberry.union("WatchPayload", description="What is taken live now, or why nothing was changed."),
]

IngestPayload = Annotated[
    Job | UnknownSource | UnknownInstrument | SourceUnavailable | CannotBeIngested,
    strawberry.union("IngestPayload", description="The job that asks the source, or why there is none."),
]

type IngestProblem = UnknownSource | UnknownInstrument | SourceUnavailable | CannotBeIngested
OF_INGEST: Final = (
    errors.UnknownSource,
    errors.UnknownInstrument,
    errors.ForeignInstrument,
    errors.SourceUnavailable,
    errors.SourceRefused,
    errors.CannotBeIngested,
)
"""The errors that `ingest_problem` knows."""


def ingest_problem(error: errors.CandlewickError, asked: Sequence[str]) -> IngestProblem:
    """The error as an outcome; `asked` are the keys of the instruments."""
    match error:
        case errors.UnknownSource():
            return UnknownSource.of(error)
        case errors.UnknownInstrument() | errors.ForeignInstrument():
            return UnknownInstrument.of(error, asked)
        case errors.SourceUnavailable() | errors.SourceRefused():
            return SourceUnavailable.of(error)
        case errors.CannotBeIngested():
            return CannotBeIngested.of(error)
    raise error


type WatchProblem = UnknownVenue | UnknownInstrument | CannotBeWatched | WatchListFull
OF_WATCH: Final = (errors.UnknownVenue, errors.UnknownInstrument, errors.CannotBeWatched, errors.WatchListFull)
"""The errors that `watch_problem` knows."""


def watch_problem(error: errors.CandlewickError, asked: Sequence[str]) -> WatchProblem:
    """The error as an outcome; `asked` are the keys of the instruments."""
    match error:
        case errors.UnknownVenue():
            return UnknownVenue.of(error)
        case errors.UnknownInstrument():
            return UnknownInstrument.of(error, asked)
        case errors.CannotBeWatched():
            return CannotBeWatched.of(error)
        case errors.WatchListFull():
            return WatchListFull.of(error)
    raise error


type BackfillProblem = InvalidRange | UnknownInstrument | SourceUnavailable | JobConflict | TooManySteps
OF_BACKFILL: Final = (
    errors.InvalidRange,
    errors.EmptyWindow,
    errors.UnknownInstrument,
    errors.UnknownVenue,
    errors.SourceUnavailable,
    errors.SourceRefused,
    errors.JobConflict,
    errors.TooManySteps,
)
"""The errors that `backfill_problem` knows."""


def backfill_problem(error: errors.CandlewickError, asked: Sequence[str]) -> BackfillProblem:
    """The error as an outcome; `asked` are the keys of the instruments."""
    match error:
        case errors.InvalidRange() | errors.EmptyWindow():
            return InvalidRange.of(error)
        case errors.UnknownInstrument() | errors.UnknownVenue():
            return UnknownInstrument.of(error, asked)
        case errors.SourceUnavailable() | errors.SourceRefused():
            return SourceUnavailable.of(error)
        case errors.JobConflict():
            return JobConflict.of(error)
        case errors.TooManySteps():
            return TooManySteps.of(error)
    raise error


BuildBarsPayload = Annotated[
    Job | InvalidRange | UnknownInstrument | BarsBeginElsewhere | TooManySeries | JobConflict,
    strawberry.union("BuildBarsPayload", description="The job that builds the bars, or why there is none."),
]

type BuildBarsProblem = InvalidRange | UnknownInstrument | BarsBeginElsewhere | TooManySeries | JobConflict
OF_BUILD_BARS: Final = (
    errors.InvalidRange,
    errors.EmptyWindow,
    errors.UnknownInstrument,
    errors.BarsBeginElsewhere,
    errors.TooManySeries,
    errors.JobConflict,
)
"""The errors that `build_bars_problem` knows."""


def build_bars_problem(error: errors.CandlewickError, asked: Sequence[str]) -> BuildBarsProblem:
    """The error as an outcome; `asked` are the keys of the instruments."""
    match error:
        case errors.InvalidRange() | errors.EmptyWindow():
            return InvalidRange.of(error)
        case errors.UnknownInstrument():
            return UnknownInstrument.of(error, asked)
        case errors.BarsBeginElsewhere():
            return BarsBeginElsewhere.of(error)
        case errors.TooManySeries():
            return TooManySeries.of(error)
        case errors.JobConflict():
            return JobConflict.of(error)
    raise error


type BacktestProblem = InvalidRange | UnknownInstrument | UnknownStrategy | InvalidBacktest | JobConflict
OF_BACKTEST: Final = (
    errors.InvalidRange,
    errors.EmptyWindow,
    errors.UnknownInstrument,
    errors.UnknownStrategy,
    errors.UnknownParameter,
    errors.InvalidParameter,
    errors.InvalidBacktest,
    errors.InvalidDuration,
    errors.UnknownCalendar,
    errors.JobConflict,
)
"""The errors that `backtest_problem` knows."""


def backtest_problem(error: errors.CandlewickError, asked: Sequence[str]) -> BacktestProblem:
    """The error as an outcome; `asked` are the keys of the instruments."""
    match error:
        case errors.InvalidRange() | errors.EmptyWindow():
            return InvalidRange.of(error)
        case errors.UnknownInstrument():
            return UnknownInstrument.of(error, asked)
        case errors.UnknownStrategy():
            return UnknownStrategy.of(error)
        case errors.JobConflict():
            return JobConflict.of(error)
        case (
            errors.InvalidBacktest()
            | errors.UnknownParameter()
            | errors.InvalidParameter()
            | errors.InvalidDuration()
            | errors.UnknownCalendar()
        ):
            return InvalidBacktest.of(error)
    raise error
