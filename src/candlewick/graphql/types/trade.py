"""Trades."""

from __future__ import annotations

from datetime import datetime

import strawberry

from candlewick.domain.market import InstrumentId
from candlewick.graphql.context import Info
from candlewick.graphql.scalars import BigInt, DecimalText
from candlewick.graphql.types.enums import Side
from candlewick.graphql.types.raw_payload import RawPayload


@strawberry.type(description="One execution, or one aggregated one if that is the instrument's tape.")
class Trade:
    """Resolved from the domain's rows as they are."""

    sequence: BigInt = strawberry.field(description="Its place in the venue's order: the venue's id where that grows.")
    price: DecimalText = strawberry.field(description="In the quote asset.")
    size: DecimalText = strawberry.field(description="The amount, in the base asset.")
    side: Side = strawberry.field(description="Who took liquidity.")
    ts: datetime = strawberry.field(description="When it happened, by the venue's clock.")
    received_at: datetime = strawberry.field(description="When it arrived here.")
    instrument_id: strawberry.Private[InstrumentId]
    version: strawberry.Private[int]

    @strawberry.field(description="The bytes that it was read from; null if they are no longer kept.")
    async def payload(self, info: Info) -> RawPayload | None:
        row = await info.context.loaders.origins.load((self.instrument_id, self.version))
        return RawPayload.of(row) if row else None
