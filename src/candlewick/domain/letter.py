"""Dead letters as they are kept: how often they were tried, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from candlewick.domain.raw import DeadLetter, LetterKind

LetterId = NewType("LetterId", int)


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A dead letter. It stays when it is resolved."""

    id: LetterId
    letter: DeadLetter
    attempts: int
    """How often it was delivered, the first time included."""
    first_seen_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None = None
    """When what it tells of was stored after all, or done."""


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which letters: every field that is given must match. `resolved` None: whether or not."""

    kind: LetterKind | None = None
    source: str | None = None
    resolved: bool | None = False


class RetryResult(StrEnum):
    """What became of a letter that was tried again."""

    RESOLVED = "RESOLVED"
    STILL_DEAD = "STILL_DEAD"
    QUEUED = "QUEUED"
    """A job does it: the letter is resolved when that is done."""
    NOT_POSSIBLE = "NOT_POSSIBLE"


@dataclass(frozen=True, slots=True)
class Retried:
    """A letter after it was tried again."""

    letter: KeptLetter
    result: RetryResult
    reason: str | None = None
    """Why it is still dead, or cannot be tried."""
    job_id: int | None = None
    """The job that does it, if it is QUEUED."""
