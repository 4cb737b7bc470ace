"""Trades."""

from __future__ import annotations

from datetime import datetime

import strawberry

from candlewick.graphql.scalars import BigInt, DecimalText
from candlewick.graphql.types.enums import Side


@strawberry.type(description="One execution, or one aggregated one if that is the instrument's tape.")
class Trade:
    """Resolved from the domain's rows as they are."""

    sequence: BigInt = strawberry.field(description="Its place in the venue's order: the venue's id where that grows.")
    price: DecimalText = strawberry.field(description="In the quote asset.")
    size: DecimalText = strawberry.field(description="The amount, in the base asset.")
    side: Side = strawberry.field(description="Who took liquidity.")
    ts: datetime = strawberry.field(description="When it happened, by the venue's clock.")
    received_at: datetime = strawberry.field(description="When it arrived here.")
