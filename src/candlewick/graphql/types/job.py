"""Jobs: what was asked for, and how far it got."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Self

import strawberry

from candlewick.domain import job
from candlewick.domain.interval import Duration
from candlewick.domain.job import JobId
from candlewick.domain.time import Window
from candlewick.graphql.context import Info
from candlewick.graphql.faults import InvalidText
from candlewick.graphql.scalars import BigInt
from candlewick.graphql.types.backtest import Backtest, of_job
from candlewick.graphql.types.enums import DataKind, JobKind, JobStatus
from candlewick.graphql.types.node import Node, NodeId
from candlewick.graphql.types.span import TimeSpan

_LONGEST_LEFT: Final = timedelta(days=3650)

JobIdArgument = Annotated[strawberry.ID, strawberry.argument(description="The job's `id`.")]


@strawberry.type(description="How far a job got. Its steps are what workers do in one go.")
class JobProgress:
    """Resolved from the domain's progress as it is."""

    steps: int = strawberry.field(description="How many there are.")
    done: int = strawberry.field(description="How many are done.")
    failed: int = strawberry.field(description="How many failed for good.")
    running: int = strawberry.field(description="How many a worker is at.")
    part: float = strawberry.field(description="From 0 to 1, unfinished steps included as far as they got.")
    stored: BigInt = strawberry.field(description="Rows that were new.")
    repeated: BigInt = strawberry.field(description="Rows that were here already.")
    dead: BigInt = strawberry.field(description="Rows that could not be stored: kept as dead letters.")


@strawberry.type(description="Work that was asked for. Workers do it step by step, whatever is restarted meanwhile.")
class Job(Node):
    """A view of the domain's job."""

    row: strawberry.Private[job.Job]
    number: BigInt = strawberry.field(description="Its number, as `candlewick jobs` shows it.")
    kind: JobKind = strawberry.field(description="What it does.")
    status: JobStatus = strawberry.field(description="How it stands.")
    progress: JobProgress = strawberry.field(description="How far it got.")
    error: str | None = strawberry.field(
        description="Why it failed; while it runs, why a step of it waits for another try."
    )
    requested_by: str | None = strawberry.field(
        description="Who asked: the first characters of an API key, `cli` or `schedule`."
    )
    created_at: datetime = strawberry.field(description="When it was asked for.")
    started_at: datetime | None = strawberry.field(description="When a worker began; null before that.")
    finished_at: datetime | None = strawberry.field(description="When it was over; null before that.")

    @classmethod
    def of(cls, row: job.Job) -> Self:
        return cls(
            id=strawberry.ID(str(NodeId("Job", row.id))),
            row=row,
            number=BigInt(row.id),
            kind=row.kind,
            status=row.status,
            progress=row.progress,  # type: ignore[arg-type] # fields of the same names
            error=row.error,
            requested_by=row.requested_by,
            created_at=row.created_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
        )

    @strawberry.field(description="Keys of the instruments that it is about; empty if it is about none in particular.")
    def instruments(self) -> list[str]:
        return [str(key) for key in self.row.arguments.get("instruments", ())]

    @strawberry.field(name="range", description="The span of time that it is about; null if there is none.")
    def range_(self) -> TimeSpan | None:
        window = _window(self.row.arguments)
        return TimeSpan.of(window) if window else None

    @strawberry.field(description="What it fetches; null if it fetches no rows.")
    def data_kind(self) -> DataKind | None:
        kind = self.row.arguments.get("kind")
        return None if kind is None else DataKind(kind)

    @strawberry.field(description="What came of the backtests that it runs, so far; empty if it runs none.")
    async def backtests(self, info: Info) -> list[Backtest]:
        return await of_job(info, self.row.id) if self.row.kind is job.JobKind.BACKTEST else []

    @strawberry.field(description="Rows stored a second since it began; null before that.")
    def rate(self, info: Info) -> float | None:
        return self.row.rate(info.context.services.clock.now())

    @strawberry.field(
        description="What is left at the pace so far, in whole seconds; null before there is a pace, and after the end."
    )
    def time_left(self, info: Info) -> Duration | None:
        left = self.row.time_left(info.context.services.clock.now())
        return None if left is None else Duration(_whole_seconds(left))


def parse_id(text: str, argument: str = "id") -> JobId:
    """The job's number.

    Raises:
        InvalidText: it is no id, or something else's.
    """
    node_id = NodeId.parse(text)
    if node_id.kind != "Job":
        raise InvalidText(argument, f"is the id of one {node_id.kind}, not of a job")
    return JobId(node_id.number)


def _window(arguments: Mapping[str, Any]) -> Window | None:
    match arguments.get("window"):
        case [str(start), str(end)]:
            return Window(datetime.fromisoformat(start), datetime.fromisoformat(end))
        case _:
            return None


def _whole_seconds(left: timedelta) -> timedelta:
    """Rounded up, within what a duration may be."""
    return min(timedelta(seconds=max(1, math.ceil(left.total_seconds()))), _LONGEST_LEFT)


@strawberry.input(description="Which jobs: all that is given must match.")
class JobFilter:
    """At the edge; inside it is the domain's filter."""

    kind: JobKind | None = strawberry.field(default=None, description="Jobs that do this.")
    status: JobStatus | None = strawberry.field(default=None, description="Jobs that stand so.")

    @property
    def wanted(self) -> job.JobFilter:
        return job.JobFilter(self.kind, self.status)
