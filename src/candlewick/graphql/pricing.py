"""What the fields `price` and `convert` are asked, and how they are answered."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final

import strawberry

from candlewick.domain.errors import UnknownAsset
from candlewick.domain.interval import Duration
from candlewick.domain.price import LONGEST, AssetName, PriceQuestion
from candlewick.domain.pricing import composite, conversion
from candlewick.graphql.context import Context
from candlewick.graphql.limits import PRICE_ROWS
from candlewick.graphql.text import clean
from candlewick.graphql.types import price

MONTH: Final = timedelta(days=31)
"""What a month counts as where an age is meant."""
WEEK: Final = Duration(LONGEST)
_CODE: Final = "a code such as BTC, or CRYPTO:BTC where several classes have it. A bare one is money before a coin."

PricedAsset = Annotated[str, strawberry.argument(name="asset", description=f"What is priced: {_CODE}")]
PricedIn = Annotated[str, strawberry.argument(name="quote", description=f"What the price is in: {_CODE}")]
Given = Annotated[str, strawberry.argument(name="from", description=f"What it is an amount of: {_CODE}")]
Wanted = Annotated[str, strawberry.argument(name="to", description=f"What to convert it into: {_CODE}")]
Amount = Annotated[Decimal, strawberry.argument(description="How much; zero and less are converted alike.")]
At = Annotated[
    datetime | None,
    strawberry.argument(description="What was known then: nothing that was observed later counts. Now if left out."),
]
MaxAge = Annotated[
    Duration,
    strawberry.argument(description="What was observed longer ago does not count; a month is 31 days here."),
]


def question(asset: tuple[str, str], quote: tuple[str, str], at: datetime | None, max_age: Duration) -> PriceQuestion:
    """The domain's question; the assets with the names of their arguments.

    Raises:
        InvalidText, InvalidAssetName: one of them can be no asset's name.
    """
    names = [AssetName.parse(clean(text, argument) or "") for argument, text in (asset, quote)]
    return PriceQuestion(names[0], names[1], at, max_age.span or max_age.months * MONTH)


async def price_of(context: Context, asked: PriceQuestion) -> price.PriceAnswer:
    """The answer to `price`."""
    context.budget.charge(PRICE_ROWS)
    try:
        book = await context.loaders.price_books.load(asked)
    except UnknownAsset as exc:
        return price.UnknownAsset.of(exc)
    found = composite(book)
    return (
        price.NoPriceKnown.of(book, found) if found.price is None else price.CompositePrice.of(book, found, found.price)
    )


async def converted(context: Context, amount: Decimal, asked: PriceQuestion) -> price.ConversionAnswer:
    """The answer to `convert`."""
    context.budget.charge(PRICE_ROWS)
    try:
        book = await context.loaders.price_books.load(asked)
    except UnknownAsset as exc:
        return price.UnknownAsset.of(exc)
    found = conversion(book, amount)
    return price.NoPriceKnown.of(book, found) if found.rate is None else price.Conversion.of(book, found, found.rate)
