"""How far a live feed has come."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from candlewick.domain.time import utc


@dataclass(frozen=True, slots=True, order=True)
class FeedPosition:
    """Everything up to this trade was delivered, or its source has none of it."""

    sequence: int
    ts: datetime
    """When it happened; of a trade that the source has none of, when the one before it did."""
    since: datetime | None = field(default=None, compare=False)
    """When the feed's first trade happened: kept with its first position. None: this one."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ts", utc(self.ts))
        if self.since is not None:
            object.__setattr__(self, "since", utc(self.since))


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """Consecutive sequences that came, `first` to `last`, both included, and when these two happened."""

    first: int
    last: int
    start: datetime
    end: datetime

    def __len__(self) -> int:
        return self.last - self.first + 1
