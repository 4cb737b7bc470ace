"""Factors: what makes the raw prices of one time comparable with those of another."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import strawberry


@strawberry.type(
    description=(
        "What raw prices up to and including a day are multiplied by to be comparable with today's: price factor × "
        "split factor. It holds back to the day of the factor before it."
    )
)
class Factor:
    """Resolved from the domain's rows as they are: the names are the same."""

    day: date = strawberry.field(description="The last day that it applies to.")
    price_factor: Decimal = strawberry.field(description="For dividends.")
    split_factor: Decimal = strawberry.field(description="For splits; volumes are divided by it.")
    reference_price: Decimal | None = strawberry.field(
        description="The raw close of that day, where the source says it."
    )
