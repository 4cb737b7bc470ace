"""Spans of time to ask with."""

from __future__ import annotations

from datetime import datetime

import strawberry

from candlewick.domain.time import Window


@strawberry.input(description="A half-open span of time: `from` belongs to it, `to` does not.")
class TimeRange:
    """At the edge; inside it is a Window."""

    from_: datetime = strawberry.field(name="from", description="The first moment.")
    to: datetime = strawberry.field(description="The first moment after; must be later than `from`.")

    @property
    def window(self) -> Window:
        """Raises EmptyWindow if `to` is not after `from`."""
        return Window(self.from_, self.to)
