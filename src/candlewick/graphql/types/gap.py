"""Gaps in the feed of an instrument."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from candlewick.domain import gap
from candlewick.graphql.scalars import BigInt
from candlewick.graphql.types.enums import GapEvidence, GapState
from candlewick.graphql.types.span import TimeSpan


@strawberry.type(description="A span in which the feed, not the market, was silent.")
class Gap:
    """A view of the domain's gap."""

    evidence: GapEvidence = strawberry.field(description="How it was noticed.")
    state: GapState = strawberry.field(description="What became of it.")
    span: TimeSpan = strawberry.field(description="What is missing happened in it.")
    first_sequence: BigInt | None = strawberry.field(
        description="The first sequence that was missing; null where only the time is known."
    )
    last_sequence: BigInt | None = strawberry.field(description="The last one.")
    missing: BigInt | None = strawberry.field(description="Trades that are still missing; null where nobody knows.")
    source: str = strawberry.field(description="The code of the source that left it.")
    reason: str | None = strawberry.field(
        description="Why it cannot be repaired, or needed no repair; of an open one, what the last try came to."
    )
    tries: int = strawberry.field(description="How often its source was asked in vain.")
    retry_at: datetime | None = strawberry.field(description="When it is asked again.")
    detected_at: datetime = strawberry.field(description="When it was noticed.")
    closed_at: datetime | None = strawberry.field(description="When it was repaired or given up.")

    @classmethod
    def of(cls, row: gap.Gap) -> Self:
        return cls(
            evidence=row.evidence,
            state=row.state,
            span=TimeSpan.of(row.window),
            first_sequence=_number(row.first_sequence),
            last_sequence=_number(row.last_sequence),
            missing=_number(row.missing),
            source=row.source,
            reason=row.reason,
            tries=row.tries,
            retry_at=row.retry_at,
            detected_at=row.detected_at,
            closed_at=row.closed_at,
        )


def _number(value: int | None) -> BigInt | None:
    return None if value is None else BigInt(value)
