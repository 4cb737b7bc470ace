"""Markets at a glance: what moved, and how large they are."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final, Self

import strawberry

from candlewick.domain import movers
from candlewick.domain.fraction import rounded
from candlewick.domain.market_stats import MarketFigures
from candlewick.domain.movers import percent
from candlewick.graphql.context import Info
from candlewick.graphql.types.enums import CandleOrigin
from candlewick.graphql.types.instrument import Instrument
from candlewick.graphql.types.source import Source, source_of
from candlewick.graphql.types.span import TimeSpan

_PERCENT_PLACES: Final = 6


@strawberry.type(description="An instrument on its place among those that moved.")
class Mover:
    """A view of the domain's."""

    row: strawberry.Private[movers.Mover]
    rank: int = strawberry.field(description="Its place, from 1 on.")
    window: TimeSpan = strawberry.field(description="What it is true for: until the minute that had just ended.")
    price: Decimal = strawberry.field(description="The last price in the window.")
    price_at: datetime = strawberry.field(
        description="When the minute of that price opened; of an instrument that only has days, when its day was over."
    )
    former_price: Decimal = strawberry.field(
        description="The last price before the window; of one that had none in a week, its first price in the window."
    )
    former_price_at: datetime = strawberry.field(description="When that was the price.")
    change: Decimal = strawberry.field(description="From the former price to the last, in percent, to 6 places.")
    volume: Decimal | None = strawberry.field(
        description="What was traded in the window, in the base asset; null where nobody says."
    )
    quote_volume: Decimal | None = strawberry.field(description="The same in the quote asset.")
    turnover: Decimal | None = strawberry.field(
        description="The same in `turnoverIn`: quote volume, else volume × price, at the price of the quote asset; "
        "null where one of them is not known."
    )
    turnover_in: str = strawberry.field(
        description="The asset that all of the list's turnovers are in: the quote asset that was asked for, else USD, "
        "else, where nothing is known in USD, the most common quote asset."
    )
    origin: CandleOrigin = strawberry.field(description="What the candles are made from that say so; never AUTO.")

    @classmethod
    def of(cls, row: movers.Mover, rank: int, found: movers.Movers) -> Self:
        move = row.move
        return cls(
            row=row,
            rank=rank,
            window=TimeSpan.of(found.window),
            price=move.last,
            price_at=move.last_at,
            former_price=move.former,
            former_price_at=move.former_at,
            change=rounded(percent(move), _PERCENT_PLACES),
            volume=row.traded.volume,
            quote_volume=row.traded.quote_volume,
            turnover=None if row.turnover is None else rounded(row.turnover),
            turnover_in=found.measure,
            origin=CandleOrigin(move.origin.value),
        )

    @strawberry.field(description="What moved.")
    def instrument(self) -> Instrument:
        return Instrument.of(self.row.move.instrument)


@strawberry.type(description="How large a market is, by the figures of one source: no asset is counted twice.")
class MarketStats:
    """A view of the domain's figures."""

    source_code: strawberry.Private[str | None]
    count: int = strawberry.field(description="Assets whose market cap the source knows; 0 if nobody says anything.")
    quote: str = strawberry.field(description="What the figures are in.")
    market_cap: Decimal | None = strawberry.field(description="The worth of all of them.")
    volume_24h: Decimal | None = strawberry.field(
        name="volume24h", description="What was traded of them in the 24 hours before, as far as the source says it."
    )
    average_price: Decimal | None = strawberry.field(
        description="The mean of their prices, rounded half up to 36 places."
    )
    gainers: int = strawberry.field(description="How many cost more than 24 hours before.")
    losers: int = strawberry.field(description="How many cost less.")
    oldest: datetime | None = strawberry.field(
        description="When the oldest of the figures was seen to be so; none is older than a day."
    )
    newest: datetime | None = strawberry.field(description="When the newest was.")

    @classmethod
    def of(cls, row: MarketFigures | None, quote: str) -> Self:
        if row is None:
            nothing = {"market_cap": None, "volume_24h": None, "average_price": None, "oldest": None, "newest": None}
            return cls(source_code=None, quote=quote, count=0, gainers=0, losers=0, **nothing)
        average = row.average_price
        return cls(
            source_code=row.source,
            count=row.count,
            quote=quote,
            market_cap=row.market_cap,
            volume_24h=row.volume_24h,
            average_price=None if average is None else rounded(average),
            gainers=row.gainers,
            losers=row.losers,
            oldest=row.oldest,
            newest=row.newest,
        )

    @strawberry.field(description="Whose figures they are; null if nobody says anything.")
    def source(self, info: Info) -> Source | None:
        return source_of(info.context, self.source_code) if self.source_code else None
