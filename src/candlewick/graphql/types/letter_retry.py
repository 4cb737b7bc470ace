"""Dead letters, tried again: what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

import strawberry

from candlewick.domain import errors
from candlewick.domain.letter import LetterId, Retried
from candlewick.graphql.faults import InvalidText, TooMany
from candlewick.graphql.limits import MAX_RETRIED
from candlewick.graphql.types.dead_letter import DeadLetter, job_id
from candlewick.graphql.types.enums import RetryResult
from candlewick.graphql.types.node import NodeId
from candlewick.graphql.types.outcomes import Problem

LetterIds = Annotated[list[strawberry.ID], strawberry.argument(description="Their `id`s; 1 to 100, each counts once.")]


@strawberry.type(description="What became of a dead letter that was tried again.")
class RetriedLetter:
    """With the letter as it is now."""

    letter: DeadLetter = strawberry.field(description="The letter.")
    result: RetryResult = strawberry.field(description="What became of it.")
    reason: str | None = strawberry.field(
        description="Why it is still dead, or cannot be tried again; null if neither is so."
    )
    job: strawberry.ID | None = strawberry.field(description="The job that does it, if it is QUEUED.")

    @classmethod
    def of(cls, retried: Retried) -> Self:
        return cls(
            letter=DeadLetter.of(retried.letter),
            result=retried.result,
            reason=retried.reason,
            job=job_id(retried.job_id),
        )


@strawberry.type(description="What became of each of them, in the order in which they were asked for.")
class RetriedLetters:
    """One a letter."""

    letters: list[RetriedLetter] = strawberry.field(description="Each with what became of it.")


@strawberry.type(description="There is no such dead letter; none of the others was tried.")
class UnknownDeadLetter(Problem):
    """`deadLetters` lists those there are."""

    letter: strawberry.ID = strawberry.field(description="What was asked for.")

    @classmethod
    def of(cls, error: errors.UnknownLetter) -> Self:
        return cls(message=str(error), letter=strawberry.ID(str(NodeId("DeadLetter", error.letter_id))))


RetryPayload = Annotated[
    RetriedLetters | UnknownDeadLetter,
    strawberry.union("RetryPayload", description="What became of the letters, or why none was tried."),
]


def parse_ids(texts: Sequence[str]) -> list[LetterId]:
    """The letters' numbers, each once.

    Raises:
        TooMany: none, or more than one may try at once.
        InvalidText: one is no id, or something else's.
    """
    if not 1 <= len(texts) <= MAX_RETRIED:
        raise TooMany("ids", len(texts), MAX_RETRIED)
    return [_parse(text) for text in dict.fromkeys(texts)]


def _parse(text: str) -> LetterId:
    node_id = NodeId.parse(text)
    if node_id.kind != "DeadLetter":
        raise InvalidText("ids", f"has the id of one {node_id.kind}, not of a dead letter")
    return LetterId(node_id.number)
