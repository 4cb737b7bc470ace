"""Quotes."""

from __future__ import annotations

from datetime import datetime
from typing import cast

import strawberry

from candlewick.domain.quote import QuoteRow
from candlewick.graphql.context import Info
from candlewick.graphql.scalars import DecimalText
from candlewick.graphql.types.source import Source, source_of


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
    received_at: datetime = strawberry.field(description="When it arrived here.")

    @strawberry.field(description="Who says so.")
    def source(self, info: Info) -> Source:
        return source_of(info.context, cast("QuoteRow", self).source)
