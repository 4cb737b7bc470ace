"""How a price comes about: markets, steps from asset to asset, and what has no part in it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Self

import strawberry

from candlewick.domain.fraction import rounded
from candlewick.domain.market import AssetId
from candlewick.domain.paths import age_of
from candlewick.domain.price import LeftOut, Path, PriceBook, Step
from candlewick.graphql.context import Context, Info
from candlewick.graphql.types.asset import Asset
from candlewick.graphql.types.enums import LeftOutReason, PriceBasis, PricePath, RateDirection
from candlewick.graphql.types.instrument import Instrument, present
from candlewick.graphql.types.source import Source, source_of


@strawberry.type(description="One market on the way from one asset to another.")
class PriceStep:
    """A view of the domain's step."""

    row: strawberry.Private[Step]
    book: strawberry.Private[PriceBook]
    price: Decimal = strawberry.field(description="What the market says, in the instrument's quote asset.")
    rate: Decimal = strawberry.field(
        description="How much of `to` there is for one of `from`; what is divided is rounded half up to 36 places."
    )
    direction: RateDirection = strawberry.field(description="Whether the rate is the price, or its inverse.")
    basis: PriceBasis = strawberry.field(description="What the price was observed as.")
    ts: datetime = strawberry.field(description="When it was seen to be so; of what stays the same, when last.")
    age: float = strawberry.field(description="Seconds from then to the moment that is asked for.")

    @classmethod
    def of(cls, row: Step, book: PriceBook) -> Self:
        return cls(
            row=row,
            book=book,
            price=row.seen.price,
            rate=rounded(row.rate),
            direction=RateDirection.INVERSE if row.inverse else RateDirection.DIRECT,
            basis=row.seen.basis,
            ts=row.seen.ts,
            age=age_of(book, row.seen.ts).total_seconds(),
        )

    @strawberry.field(description="The market.")
    def instrument(self) -> Instrument:
        return Instrument.of(self.row.instrument)

    @strawberry.field(description="Who says so.")
    def source(self, info: Info) -> Source:
        return source_of(info.context, self.row.seen.source)

    @strawberry.field(name="from", description="The asset that is given.")
    async def from_(self, info: Info) -> Asset:
        return await _asset(info.context, self.row.from_id)

    @strawberry.field(description="The asset that is got.")
    async def to(self, info: Info) -> Asset:
        return await _asset(info.context, self.row.to_id)


@strawberry.type(description="What one market says that an asset costs.")
class PriceContribution:
    """A view of the domain's path."""

    row: strawberry.Private[Path]
    book: strawberry.Private[PriceBook]
    price: Decimal = strawberry.field(description="In the quote asset; rounded half up to 36 places.")
    path: PricePath = strawberry.field(description="Whether it is the market's own price, its inverse, or more steps.")
    ts: datetime = strawberry.field(description="When the oldest of its steps was seen.")
    age: float = strawberry.field(description="Seconds from then to the moment that is asked for.")

    @classmethod
    def of(cls, row: Path, book: PriceBook) -> Self:
        age = age_of(book, row.ts).total_seconds()
        return cls(row=row, book=book, price=rounded(row.rate), path=row.kind, ts=row.ts, age=age)

    @strawberry.field(description="The market that has the asset.")
    def instrument(self) -> Instrument:
        return Instrument.of(self.row.steps[0].instrument)

    @strawberry.field(description="Who says so of that market.")
    def source(self, info: Info) -> Source:
        return source_of(info.context, self.row.steps[0].seen.source)

    @strawberry.field(description="From the asset to the quote asset; one step if there is no bridge.")
    def steps(self) -> list[PriceStep]:
        return [PriceStep.of(step, self.book) for step in self.row.steps]


@strawberry.type(description="A market that has no part in a price.")
class LeftOutMarket:
    """A view of the domain's."""

    row: strawberry.Private[LeftOut]
    reason: LeftOutReason = strawberry.field(description="Why.")
    price: Decimal | None = strawberry.field(
        description="What it says, in the instrument's quote asset; null if it says nothing that could count."
    )
    ts: datetime | None = strawberry.field(description="When it was seen to say so.")
    age: float | None = strawberry.field(description="Seconds from then to the moment that is asked for.")

    @classmethod
    def of(cls, row: LeftOut, book: PriceBook) -> Self:
        seen = row.seen
        if seen is None:
            return cls(row=row, reason=row.reason, price=None, ts=None, age=None)
        age = age_of(book, seen.ts).total_seconds()
        return cls(row=row, reason=row.reason, price=seen.price, ts=seen.ts, age=age)

    @strawberry.field(description="The market.")
    def instrument(self) -> Instrument:
        return Instrument.of(self.row.instrument)

    @strawberry.field(description="Who says so; null if nobody does.")
    def source(self, info: Info) -> Source | None:
        return source_of(info.context, self.row.seen.source) if self.row.seen else None


async def _asset(context: Context, asset_id: AssetId) -> Asset:
    return Asset.of(present(await context.loaders.assets.load(asset_id)))
