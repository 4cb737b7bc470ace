"""Candles, and what to ask for them with."""

from __future__ import annotations

from datetime import datetime
from typing import cast

import strawberry

from candlewick.domain.bar_series import Bar
from candlewick.domain.hours import UTC_NAME, TimeBar
from candlewick.domain.interval import Duration
from candlewick.graphql.faults import EventBarsElsewhere
from candlewick.graphql.scalars import DecimalText
from candlewick.graphql.text import clean
from candlewick.graphql.types.enums import CandleOrigin, CandleStatus, Coverage, Interval
from candlewick.graphql.types.event_bar import BarPlace, EventBarInput


@strawberry.type(
    description="Open, high, low, close and volume of the trades in one window of time, or of those that filled a bar."
)
class Candle:
    """Resolved from the domain's rows as they are: the names are the same, numbers are already text."""

    open_time: datetime = strawberry.field(
        description="Where the window starts; the candle is named by it. Of an event bar: when its first trade was."
    )
    close_time: datetime = strawberry.field(
        description=(
            "Where the window ends; it belongs to the next candle. Of an event bar: when its last trade was, which "
            "belongs to it."
        )
    )
    open: DecimalText | None = strawberry.field(description="The price of the first trade, by sequence.")
    high: DecimalText | None = strawberry.field(description="The highest price.")
    low: DecimalText | None = strawberry.field(description="The lowest price.")
    close: DecimalText | None = strawberry.field(description="The price of the last trade, by sequence.")
    volume: DecimalText | None = strawberry.field(description="The sum of sizes, in the base asset.")
    quote_volume: DecimalText | None = strawberry.field(description="The sum of price × size, in the quote asset.")
    vwap: DecimalText | None = strawberry.field(
        description="Quote volume ÷ volume, rounded half up to 18 decimal places; null without volume."
    )
    trade_count: int | None = strawberry.field(description="How many trades, as the instrument's tape counts them.")
    taker_buy_volume: DecimalText | None = strawberry.field(
        description="The part of the volume whose aggressor bought."
    )
    status: CandleStatus = strawberry.field(description="Whether the candle can still change.")
    origin: CandleOrigin = strawberry.field(description="What the candle is made from; never AUTO.")
    coverage: Coverage = strawberry.field(description="Whether it has all that was traded in its window.")

    @strawberry.field(description="Of an event bar: its place among the others, and its trades. Null of other candles.")
    def bar(self) -> BarPlace | None:
        row: object = self  # the domain's, as for all fields
        return cast("BarPlace", row) if isinstance(row, Bar) else None


@strawberry.input(
    description=(
        "Candles of any width, by the days of any time zone, in the sessions of a calendar alone if one is named: "
        "built from the largest kept intervals that fit."
    )
)
class TimeBarInput:
    """At the edge; inside it is the domain's."""

    every: Duration = strawberry.field(description="The width, such as PT3M, PT2H or P3D.")
    timezone: str = strawberry.field(
        default=UTC_NAME,
        description=(
            "An IANA name, such as America/New_York. Days, weeks and months go from midnight to midnight there, be "
            "these 23 or 25 hours apart; a width below a day divides 24 hours, and a candle begins whenever the "
            "zone's clocks show, or jump over, a multiple of it. Widths that divide 15 minutes are the same everywhere."
        ),
    )
    session: str | None = strawberry.field(
        default=None,
        description=(
            "A calendar, such as XNYS: only what was traded in its sessions counts. A width below a day is counted "
            "from each opening, and the last candle of a session ends with it; wider ones join the sessions of their "
            "days. A session belongs to the day on which it ends."
        ),
    )


@strawberry.input(one_of=True, description="Which candles: of a named interval, of any width, or event bars.")
class BarSpec:
    """Exactly one of the three, which the schema sees to."""

    interval: Interval | None = strawberry.field(default=strawberry.UNSET, description="A width that has a name.")
    time: TimeBarInput | None = strawberry.field(default=strawberry.UNSET, description="Any width.")
    event: EventBarInput | None = strawberry.field(
        default=strawberry.UNSET,
        description="Bars by what was traded instead of by time. Only `Instrument.candles` has them.",
    )

    @property
    def bar(self) -> TimeBar:
        """The same for the domain.

        Raises:
            UnknownTimeZone, InvalidDuration, InvalidText: there are no such candles.
            EventBarsElsewhere: it means event bars, which are not served where candles are asked for by time.
        """
        if self.event:
            raise EventBarsElsewhere
        if not self.time:
            return TimeBar(Interval(str(self.interval)).duration)
        return TimeBar.of(self.time.every, self.time.timezone, clean(self.time.session, "session"))
