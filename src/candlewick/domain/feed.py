"""How far a live feed has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from candlewick.domain.time import utc


@dataclass(frozen=True, slots=True, order=True)
class FeedPosition:
    """Everything up to this trade was delivered, or its source has none of it."""

    sequence: int
    ts: datetime
    """When it happened; of a trade that the source has none of, when the one before it did."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ts", utc(self.ts))
