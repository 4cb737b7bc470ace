"""What is taken live."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from candlewick.domain import watch
from candlewick.graphql.context import Info
from candlewick.graphql.types.instrument import Instrument


@strawberry.type(description="An instrument that is taken live.")
class WatchedInstrument:
    """A view of the domain's."""

    row: strawberry.Private[watch.Watched]
    key: str = strawberry.field(description="Its key: it may be watched before it is known.")
    fixed: bool = strawberry.field(description="Whether the settings name it: `unwatch` leaves it alone then.")
    since: datetime | None = strawberry.field(description="When it was put on the list; null if the settings name it.")
    requested_by: str | None = strawberry.field(
        description="Who wanted it: an API key's first characters, or `cli`; null if the settings name it."
    )

    @classmethod
    def of(cls, row: watch.Watched) -> Self:
        return cls(row=row, key=str(row.key), fixed=row.fixed, since=row.since, requested_by=row.requested_by)

    @strawberry.field(description="The instrument; null as long as it is not known.")
    async def instrument(self, info: Info) -> Instrument | None:
        row = await info.context.loaders.instruments_by_key.load(self.row.key)
        return Instrument.of(row) if row else None
