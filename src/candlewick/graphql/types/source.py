"""Sources: where data comes from, and how it stands with each."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from candlewick.domain import source
from candlewick.domain.source import SourceProfile, SourceStatus
from candlewick.graphql.context import Context, Info
from candlewick.graphql.scalars import BigInt
from candlewick.graphql.types.enums import CircuitState, SourceCapability, SourceState
from candlewick.graphql.types.node import Node, NodeId


@strawberry.type(description="What is left of a budget of requests that all workers share.")
class RateBudget:
    """A view of the domain's."""

    name: str = strawberry.field(description="The source's code; behind a colon what is counted, if not its REST API.")
    limit: BigInt = strawberry.field(description="Requests, or their weight, in `span` seconds.")
    span: float = strawberry.field(description="Seconds that the limit is for.")
    used: BigInt = strawberry.field(description="Of the last `span` seconds.")
    left: BigInt = strawberry.field(description="What may still be asked now.")
    paused_for: float | None = strawberry.field(
        description="Seconds for which nobody asks, since the source said so; null if it did not."
    )

    @classmethod
    def of(cls, row: source.BudgetStatus) -> Self:
        return cls(
            name=row.name,
            limit=BigInt(row.limit),
            span=row.span.total_seconds(),
            used=BigInt(row.used),
            left=BigInt(row.left),
            paused_for=None if row.paused_for is None else row.paused_for.total_seconds(),
        )


@strawberry.type(description="An endpoint of a source, as the process sees it that fares worst with it.")
class SourceEndpoint:
    """A view of the domain's circuit status."""

    name: str = strawberry.field(description="Its path, without parameters.")
    circuit: CircuitState = strawberry.field(description="Whether it is asked.")
    failures: int = strawberry.field(description="In a row.")
    reason: str | None = strawberry.field(description="Of the last failure, while there is one.")
    retry_at: datetime | None = strawberry.field(description="When it is asked again; null while it is asked anyway.")
    succeeded_at: datetime | None = strawberry.field(description="When it last answered.")

    @classmethod
    def of(cls, row: source.CircuitStatus) -> Self:
        return cls(
            name=row.endpoint,
            circuit=row.state,
            failures=row.failures,
            reason=row.reason,
            retry_at=row.retry_at,
            succeeded_at=row.succeeded_at,
        )


@strawberry.type(description="A stream of a source that a worker follows.")
class SourceStream:
    """A view of the domain's stream status."""

    name: str = strawberry.field(description="Of its lease.")
    instruments: int = strawberry.field(description="How many share it.")
    connected_at: datetime | None = strawberry.field(description="Since when it is connected; null while it is not.")
    heard_at: datetime | None = strawberry.field(description="When its last message came that is stored.")
    failures: int = strawberry.field(description="In a row.")
    last_error: str | None = strawberry.field(description="What was wrong last.")

    @classmethod
    def of(cls, row: source.StreamStatus) -> Self:
        return cls(
            name=row.name,
            instruments=row.instruments,
            connected_at=row.connected_at,
            heard_at=row.heard_at,
            failures=row.failures,
            last_error=row.last_error,
        )


@strawberry.type(description="Where data comes from.")
class Source(Node):
    """What it is, and on demand how it stands with it: one look at all sources an operation."""

    code: str = strawberry.field(description="Its short name; also its venue's, where it publishes its own data.")
    name: str = strawberry.field(description="Its name for people.")
    capabilities: list[SourceCapability] = strawberry.field(description="What it can do here.")

    @classmethod
    def of(cls, profile: SourceProfile) -> Self:
        node_id = strawberry.ID(str(NodeId("Source", code=profile.code)))
        return cls(id=node_id, code=profile.code, name=profile.name, capabilities=list(profile.capabilities))

    async def _now(self, info: Info) -> SourceStatus:
        return await info.context.loaders.source_status.load(self.code)

    @strawberry.field(description="How it stands with it in a word.")
    async def status(self, info: Info) -> SourceState:
        return (await self._now(info)).state

    @strawberry.field(description="Why what workers see of it cannot be found out; null if it can.")
    async def unknown(self, info: Info) -> str | None:
        return (await self._now(info)).unknown

    @strawberry.field(description="When the newest of its data that is stored happened; null if there is none.")
    async def newest(self, info: Info) -> datetime | None:
        return (await self._now(info)).figures.newest

    @strawberry.field(description="Seconds since then.")
    async def lag(self, info: Info) -> float | None:
        lag = (await self._now(info)).lag(info.context.services.clock.now())
        return None if lag is None else lag.total_seconds()

    @strawberry.field(description="When something was last received from it.")
    async def last_success(self, info: Info) -> datetime | None:
        return (await self._now(info)).succeeded_at

    @strawberry.field(description="What was wrong last, as far as those say that run now.")
    async def last_error(self, info: Info) -> str | None:
        return (await self._now(info)).last_error

    @strawberry.field(description="When that was.")
    async def last_error_at(self, info: Info) -> datetime | None:
        return (await self._now(info)).failed_at

    @strawberry.field(description="What is left of what may be asked; empty while it cannot be found out.")
    async def budgets(self, info: Info) -> list[RateBudget]:
        return [RateBudget.of(row) for row in (await self._now(info)).budgets]

    @strawberry.field(description="The endpoints that were asked lately.")
    async def endpoints(self, info: Info) -> list[SourceEndpoint]:
        return [SourceEndpoint.of(row) for row in (await self._now(info)).circuits]

    @strawberry.field(description="The streams that are followed.")
    async def streams(self, info: Info) -> list[SourceStream]:
        return [SourceStream.of(row) for row in (await self._now(info)).streams]

    @strawberry.field(description="Gaps in its data that may still be repaired.")
    async def open_gaps(self, info: Info) -> int:
        return (await self._now(info)).figures.open_gaps

    @strawberry.field(description="Dead letters of its data, of the newest 100,000 that nobody dealt with.")
    async def dead_letters(self, info: Info) -> int:
        return (await self._now(info)).figures.dead_letters


def source_of(context: Context, code: str) -> Source:
    """The source of that code, be it one that only an earlier version had."""
    return Source.of(context.services.overseer.profiles.get(code) or SourceProfile(code, code, ()))
