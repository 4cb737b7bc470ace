"""What assets cost and amounts are worth, or why nobody can say."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Self

import strawberry

from candlewick.domain import errors
from candlewick.domain import price as known
from candlewick.domain.fraction import rounded
from candlewick.domain.interval import Duration
from candlewick.domain.paths import age_of
from candlewick.domain.price import PriceBook
from candlewick.graphql.types.asset import Asset
from candlewick.graphql.types.outcomes import Problem
from candlewick.graphql.types.price_path import LeftOutMarket, PriceContribution, PriceStep

_MAX_AGE = (
    "Nothing older counted: what was asked for, or 15 minutes, 1 hour or 1 day where something is as fresh as that."
)


@strawberry.type(description="What an asset costs: the median of what its markets say.")
class CompositePrice:
    """A view of the domain's."""

    asset: Asset = strawberry.field(description="What is priced.")
    quote: Asset = strawberry.field(description="What the price is in.")
    at: datetime = strawberry.field(description="The moment that it is true for.")
    price: Decimal = strawberry.field(
        description="The exact median of the contributions (of two, the mean); rounded half up to 36 places, once."
    )
    low: Decimal = strawberry.field(description="The lowest contribution.")
    high: Decimal = strawberry.field(description="The highest contribution.")
    max_age: Duration = strawberry.field(description=_MAX_AGE)
    age: float | None = strawberry.field(
        description="Seconds since the oldest contribution was seen; null for an asset in itself, which costs 1."
    )
    contributions: list[PriceContribution] = strawberry.field(
        description="What it is the median of: direct ones first, by price."
    )
    left_out: list[LeftOutMarket] = strawberry.field(description="Markets that have no part in it, and why.")

    @classmethod
    def of(cls, book: PriceBook, row: known.CompositePrice, price: Fraction) -> Self:
        rates = [path.rate for path in row.contributions] or [price]
        ages = [age_of(book, path.ts).total_seconds() for path in row.contributions]
        return cls(
            asset=Asset.of(book.asset),
            quote=Asset.of(book.quote),
            at=book.at,
            price=rounded(price),
            low=rounded(min(rates)),
            high=rounded(max(rates)),
            max_age=Duration(row.limit),
            age=max(ages, default=None),
            contributions=[PriceContribution.of(path, book) for path in row.contributions],
            left_out=[LeftOutMarket.of(each, book) for each in row.left_out],
        )


@strawberry.type(description="An amount of one asset, and what it is in another.")
class Conversion:
    """A view of the domain's."""

    amount: Decimal = strawberry.field(description="What was given.")
    from_: Asset = strawberry.field(name="from", description="What it is an amount of.")
    to: Asset = strawberry.field(description="What it was converted into.")
    result: Decimal = strawberry.field(description="Amount × rate, exactly; rounded half up to 36 places, once.")
    rate: Decimal = strawberry.field(description="How much of `to` there is for one of `from`; rounded alike.")
    at: datetime = strawberry.field(description="The moment that it is true for.")
    path: list[PriceStep] = strawberry.field(description="The steps taken; none from an asset to itself.")
    age: float | None = strawberry.field(description="Seconds since the oldest step was seen; null without steps.")
    max_age: Duration = strawberry.field(description=_MAX_AGE)
    left_out: list[LeftOutMarket] = strawberry.field(description="Markets that have no part in it, and why.")

    @classmethod
    def of(cls, book: PriceBook, row: known.Conversion, rate: Fraction) -> Self:
        ages = [age_of(book, step.seen.ts).total_seconds() for step in row.steps]
        return cls(
            amount=row.amount,
            from_=Asset.of(book.asset),
            to=Asset.of(book.quote),
            result=rounded(Fraction(row.amount) * rate),
            rate=rounded(rate),
            at=book.at,
            path=[PriceStep.of(step, book) for step in row.steps],
            age=max(ages, default=None),
            max_age=Duration(row.limit),
            left_out=[LeftOutMarket.of(each, book) for each in row.left_out],
        )


@strawberry.type(description="Nobody knows what the asset cost then: no market of it said anything that counts.")
class NoPriceKnown(Problem):
    """`left_out` says why of each market."""

    asset: Asset = strawberry.field(description="What was to be priced.")
    quote: Asset = strawberry.field(description="What the price was to be in.")
    at: datetime = strawberry.field(description="The moment that was asked for.")
    max_age: Duration = strawberry.field(description="Nothing older counted.")
    left_out: list[LeftOutMarket] = strawberry.field(description="The markets there are, and why none of them counts.")

    @classmethod
    def of(cls, book: PriceBook, row: known.CompositePrice | known.Conversion) -> Self:
        limit = Duration(row.limit)
        return cls(
            message=f"no market says what {book.asset.code} cost in {book.quote.code} within {limit} before "
            f"{book.at.isoformat()}: `leftOut` says why; fetch data of one of them, or allow a larger `maxAge`",
            asset=Asset.of(book.asset),
            quote=Asset.of(book.quote),
            at=book.at,
            max_age=limit,
            left_out=[LeftOutMarket.of(each, book) for each in row.left_out],
        )


@strawberry.type(description="There is no such asset.")
class UnknownAsset(Problem):
    """`assets` lists those there are."""

    name: str = strawberry.field(description="What was asked for.")

    @classmethod
    def of(cls, error: errors.UnknownAsset) -> Self:
        return cls(message=str(error), name=error.name)


type PriceAnswer = CompositePrice | NoPriceKnown | UnknownAsset
type ConversionAnswer = Conversion | NoPriceKnown | UnknownAsset
PriceResult = Annotated[
    CompositePrice | NoPriceKnown | UnknownAsset,
    strawberry.union("PriceResult", description="What an asset costs, or why nobody can say."),
]
ConversionResult = Annotated[
    Conversion | NoPriceKnown | UnknownAsset,
    strawberry.union("ConversionResult", description="What an amount is in another asset, or why nobody can say."),
]
