"""Event bars: what to ask for them with, and what was built of them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final, Self

import strawberry

from candlewick.domain import bar_series
from candlewick.domain.bar import EventBarSpec, Expectation
from candlewick.graphql.scalars import BigInt
from candlewick.graphql.types.enums import BarMeasure, BarRule

SPAN: Final = 20
"""Bars, where nobody says another number."""
FEWEST: Final = 10
MOST: Final = 100_000


@strawberry.input(
    description=(
        "Lets the threshold of imbalance and runs bars follow the market: that of the first bar is the one given, each "
        "later one what is expected of a bar, by exponentially weighted means over the bars before."
    )
)
class ExpectationInput:
    """At the edge; inside it is the domain's."""

    span: int = strawberry.field(
        default=SPAN, description="Over how many bars the means go, 1 to 10000: the newest weighs 2 ÷ (span + 1)."
    )
    fewest: int = strawberry.field(
        default=FEWEST, description="Trades that a bar is expected to have at the least: keeps bars from collapsing."
    )
    most: int = strawberry.field(
        default=MOST, description="And at the most, up to 100000000: keeps thresholds from exploding."
    )

    @property
    def expectation(self) -> Expectation:
        return Expectation(self.span, self.fewest, self.most)


@strawberry.input(
    description=(
        "Bars that are full after so many ticks, so much volume or value, or so much imbalance. They are read from "
        "what the mutation `buildBars` built, exactly as it was asked there."
    )
)
class EventBarInput:
    """At the edge; inside it is the domain's."""

    measure: BarMeasure = strawberry.field(description="What of a trade is counted.")
    threshold: Decimal = strawberry.field(
        description="How much fills a bar: trades, base units or quote units, as `measure` says. Above zero."
    )
    rule: BarRule = strawberry.field(default=BarRule.THRESHOLD, description="When a bar is full.")
    split: bool = strawberry.field(
        default=False,
        description=(
            "Whether a trade that overfills a bar is cut, its rest going to the next. Otherwise it is in that bar as a "
            "whole."
        ),
    )
    expectation: ExpectationInput | None = strawberry.field(
        default=None, description="Of imbalance and runs bars: how the threshold follows the market. Null: it is fixed."
    )

    @property
    def spec(self) -> EventBarSpec:
        """The same for the domain.

        Raises:
            InvalidBarSpec: there are no such bars.
        """
        expectation = self.expectation.expectation if self.expectation else None
        return EventBarSpec(self.measure, self.threshold, self.rule, self.split, expectation)


@strawberry.type(description="Where an event bar stands in its series, and which trades are in it.")
class BarPlace:
    """Resolved from the domain's bar as it is."""

    number: BigInt = strawberry.field(description="Its place in its series, from 0.")
    first_sequence: BigInt = strawberry.field(description="The sequence of its first trade.")
    last_sequence: BigInt = strawberry.field(
        description="The sequence of its last trade; of a split one, a part may be in the next bar, too."
    )


@strawberry.type(description="How the threshold of a series of event bars follows the market.")
class BarExpectation:
    """Resolved from the domain's as it is."""

    span: int = strawberry.field(description="Over how many bars the means go.")
    fewest: int = strawberry.field(description="Trades that a bar is expected to have at the least.")
    most: int = strawberry.field(description="And at the most.")


@strawberry.type(description="Event bars of one kind that were built of an instrument, and are carried on.")
class BarSeries:
    """A view of the domain's series."""

    measure: BarMeasure = strawberry.field(description="What of a trade is counted.")
    rule: BarRule = strawberry.field(description="When a bar is full.")
    threshold: Decimal = strawberry.field(description="How much fills a bar, or the first one.")
    split: bool = strawberry.field(description="Whether trades are cut.")
    expectation: BarExpectation | None = strawberry.field(
        description="How the threshold follows the market; null if it is fixed."
    )
    from_: datetime | None = strawberry.field(
        name="from", description="Trades before it do not count; null: all count that are here."
    )
    to: datetime | None = strawberry.field(
        description="Nor do those from here on; null: the series is carried on as trades come."
    )
    bars: BigInt = strawberry.field(description="How many are full.")
    reached: datetime | None = strawberry.field(
        description="The minute of the last trade that is in a bar; null before the first."
    )
    ready: bool = strawberry.field(
        description="Whether all that there was is built, so that workers carry it on. False while a job builds it."
    )
    error: str | None = strawberry.field(
        description="Why it is carried on no more. Its bars are right as far as they go; `buildBars` tries again."
    )

    @classmethod
    def of(cls, row: bar_series.BarSeries) -> Self:
        return cls(
            measure=row.spec.measure,
            rule=row.spec.rule,
            threshold=row.spec.threshold,
            split=row.spec.split,
            expectation=row.spec.expectation,  # type: ignore[arg-type] # fields of the same names
            from_=row.start,
            to=row.end,
            bars=BigInt(row.bars),
            reached=row.reached,
            ready=row.ready,
            error=row.error,
        )
