"""Dead letters: what could not be stored or done."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from candlewick.domain import letter
from candlewick.graphql.context import Info
from candlewick.graphql.scalars import BigInt
from candlewick.graphql.text import clean
from candlewick.graphql.types.enums import LetterKind
from candlewick.graphql.types.node import Node, NodeId
from candlewick.graphql.types.raw_payload import RawPayload


def job_id(number: int | None) -> strawberry.ID | None:
    """The id of the job of that number."""
    return None if number is None else strawberry.ID(str(NodeId("Job", number)))


@strawberry.type(description="A row, a payload or a step of a job that failed for good. It stays when it is resolved.")
class DeadLetter(Node):
    """A view of the domain's letter."""

    row: strawberry.Private[letter.KeptLetter]
    number: BigInt = strawberry.field(description="Its number, as `candlewick dead-letters` shows it.")
    source: str = strawberry.field(description="Where it came from; of a step, what kind of job it was.")
    subject: str = strawberry.field(description="What it belongs to: an instrument's key, an endpoint, a step.")
    kind: LetterKind = strawberry.field(description="What failed.")
    reason: str = strawberry.field(description="Why.")
    payload: str = strawberry.field(
        description="The row as it came, or how the payload begins; at most 4096 characters. Of a step, its arguments."
    )
    attempts: int = strawberry.field(description="How often it was delivered, the first time included.")
    first_seen_at: datetime = strawberry.field(description="When it came first.")
    last_seen_at: datetime = strawberry.field(description="When it came last.")
    resolved_at: datetime | None = strawberry.field(
        description="When it was stored or done after all; null while it is not."
    )
    job: strawberry.ID | None = strawberry.field(description="The id of the job whose step it is; null if it is none.")

    @classmethod
    def of(cls, row: letter.KeptLetter) -> Self:
        return cls(
            id=strawberry.ID(str(NodeId("DeadLetter", row.id))),
            row=row,
            number=BigInt(row.id),
            source=row.letter.source,
            subject=row.letter.subject,
            kind=row.letter.kind,
            reason=row.letter.reason,
            payload=row.letter.payload,
            attempts=row.attempts,
            first_seen_at=row.first_seen_at,
            last_seen_at=row.last_seen_at,
            resolved_at=row.resolved_at,
            job=job_id(row.letter.job_id),
        )

    @strawberry.field(description="The bytes that it was read from; null if there are none, or they are gone.")
    async def raw_payload(self, info: Info) -> RawPayload | None:
        raw_id = self.row.letter.raw_id
        row = None if raw_id is None else await info.context.loaders.payloads.load(raw_id)
        return RawPayload.of(row) if row else None


@strawberry.input(description="Which dead letters: all that is given must match.")
class DeadLetterFilter:
    """At the edge; inside it is the domain's filter."""

    kind: LetterKind | None = strawberry.field(default=None, description="Those of this kind.")
    source: str | None = strawberry.field(default=None, description="Those of this source.")
    resolved: bool | None = strawberry.field(
        default=False, description="Whether they are resolved; null for all of them."
    )

    @property
    def wanted(self) -> letter.LetterFilter:
        return letter.LetterFilter(self.kind, clean(self.source, "source"), self.resolved)
