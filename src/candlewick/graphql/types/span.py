"""Spans of time to answer with."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from candlewick.domain.time import Window


@strawberry.type(description="A half-open span of time: `from` belongs to it, `to` does not.")
class TimeSpan:
    """A view of the domain's window."""

    from_: datetime = strawberry.field(name="from", description="The first moment.")
    to: datetime = strawberry.field(description="The first moment after.")

    @classmethod
    def of(cls, window: Window) -> Self:
        return cls(from_=window.start, to=window.end)
