"""How often somebody may ask: a bucket of requests that fills again at an even pace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in any such span, at once or spread."""

    requests: int
    span: timedelta = MINUTE

    @property
    def microseconds(self) -> int:
        return self.span // timedelta(microseconds=1)

    @property
    def pace(self) -> int:
        """Microseconds after which one more is allowed."""
        return max(self.microseconds // self.requests, 1)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What one subject may spend. `policy` says what kind of subject it is: a key, an address."""

    policy: str
    subject: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class Allowance:
    """How a bucket stands after it was asked for one request."""

    policy: str
    rate: Rate
    remaining: int
    full_in: float
    """Seconds until it is full again, if nobody asks."""
    wait: float = 0
    """Seconds until it has one more; 0 where it had one now."""

    @classmethod
    def after(cls, bucket: Bucket, ahead: int) -> Allowance:
        """`ahead`: microseconds by which the bucket's schedule is ahead of the clock, this request counted."""
        rate = bucket.rate
        over = ahead - rate.microseconds
        if over > 0:
            return cls(bucket.policy, rate, 0, (ahead - rate.pace) / 1e6, over / 1e6)
        return cls(bucket.policy, rate, -over // rate.pace, ahead / 1e6)


def allowances(buckets: Sequence[Bucket], ahead: Sequence[int]) -> list[Allowance]:
    """How each stands, in order: see `Allowance.after`."""
    return [Allowance.after(bucket, microseconds) for bucket, microseconds in zip(buckets, ahead, strict=True)]
