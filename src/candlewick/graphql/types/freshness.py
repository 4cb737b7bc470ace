"""How new the data of an instrument is."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from candlewick.domain import freshness


@strawberry.type(description="How new what is here of an instrument is.")
class Freshness:
    """A view of the domain's freshness at a moment."""

    newest_trade: datetime | None = strawberry.field(description="When its newest trade happened.")
    newest_quote: datetime | None = strawberry.field(
        description="When its newest quote was observed, be it the same as before."
    )
    newest_candle: datetime | None = strawberry.field(
        description="The open time of its newest minute candle, whatever that was made from."
    )
    covered_until: datetime | None = strawberry.field(
        description="The watermark: all that the source had up to there is here. Null if nobody knows."
    )
    open_gaps: int = strawberry.field(description="Gaps that may still be repaired.")
    lag: float | None = strawberry.field(description="Seconds since the newest trade or quote; null if there is none.")

    @classmethod
    def of(cls, row: freshness.Freshness, now: datetime) -> Self:
        lag = row.lag(now)
        return cls(
            newest_trade=row.newest_trade,
            newest_quote=row.newest_quote,
            newest_candle=row.newest_candle,
            covered_until=row.covered_until,
            open_gaps=row.open_gaps,
            lag=None if lag is None else lag.total_seconds(),
        )
