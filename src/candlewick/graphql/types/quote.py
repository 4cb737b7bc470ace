"""Quotes."""

from __future__ import annotations

from datetime import datetime

import strawberry

from candlewick.graphql.scalars import DecimalText


@strawberry.type(description="What a price was observed to be, without an execution. Null: the source does not say.")
class Quote:
    """Resolved from the domain's rows as they are."""

    ts: datetime = strawberry.field(description="When it was so, by the source's clock.")
    price: DecimalText | None = strawberry.field(description="The last price, in the quote asset.")
    bid: DecimalText | None = strawberry.field(description="The best price that somebody would pay.")
    ask: DecimalText | None = strawberry.field(description="The best price that somebody would take.")
    market_cap: DecimalText | None = strawberry.field(description="The worth of all there is, in the quote asset.")
    volume_24h: DecimalText | None = strawberry.field(
        name="volume24h", description="What was traded in the 24 hours before, in the quote asset."
    )
    change_24h: DecimalText | None = strawberry.field(
        name="change24h", description="The price's change over the 24 hours before, in percent."
    )
    source: str = strawberry.field(description="The code of the source that says so.")
    received_at: datetime = strawberry.field(description="When it arrived here.")
