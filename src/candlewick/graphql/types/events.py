"""What subscriptions send."""

from __future__ import annotations

from typing import Annotated

import strawberry

from candlewick.graphql.types.candle import Candle
from candlewick.graphql.types.gap import Gap
from candlewick.graphql.types.indicator import IndicatorSeries
from candlewick.graphql.types.quote import Quote
from candlewick.graphql.types.span import TimeSpan
from candlewick.graphql.types.trade import Trade

_CURSOR = "Where the subscription stands after this event: `after` of a later one goes on from here."
_KEY = "The instrument's key."


@strawberry.type(description="Trades of one instrument that have become visible.")
class TradeBatch:
    """Resolved from the domain's rows as they are."""

    instrument: str = strawberry.field(description=_KEY)
    trades: list[Trade] = strawberry.field(
        description="In the order of their commits; within one by minute and sequence. 1 to 1000; more follow."
    )
    cursor: str = strawberry.field(description=_CURSOR)


@strawberry.type(description="Where a subscription to candles begins: the newest two candles of one instrument.")
class CandleSnapshot:
    """Once an instrument; empty if it has no candles."""

    instrument: str = strawberry.field(description=_KEY)
    candles: list[Candle] = strawberry.field(description="In order of time; with `finalOnly`, those that are closed.")
    cursor: str = strawberry.field(description=_CURSOR)


@strawberry.type(description="Candles at the live edge: those that change, and those that have just closed.")
class CandleUpdate:
    """PROVISIONAL candles are conflated: the newest state wins. A candle is FINAL here once."""

    instrument: str = strawberry.field(description=_KEY)
    candles: list[Candle] = strawberry.field(description="PROVISIONAL or FINAL, in order of time; 1 to 1000.")
    omitted: TimeSpan | None = strawberry.field(
        description="Where more candles changed than one event carries: query them. Null if there are none."
    )
    cursor: str = strawberry.field(description=_CURSOR)


@strawberry.type(description="Candles that were closed before and are others now, through late or corrected data.")
class CandleRevised:
    """Past candles that data was first stored for are here too."""

    instrument: str = strawberry.field(description=_KEY)
    candles: list[Candle] = strawberry.field(
        description="REVISED, or FINAL where there was none before; in order of time, the newest 1000 at the most."
    )
    omitted: TimeSpan | None = strawberry.field(
        description="Where more candles changed than one event carries: query them. Null if there are none."
    )
    cursor: str = strawberry.field(description=_CURSOR)


@strawberry.type(description="A gap in the feed of one instrument that was noticed, or has become something else.")
class FeedGap:
    """Candles that it touches are PARTIAL until it is repaired; those that change with that are news as well."""

    instrument: str = strawberry.field(description=_KEY)
    gap: Gap = strawberry.field(description="The gap as it is now.")
    cursor: str = strawberry.field(description=_CURSOR)


@strawberry.type(
    description=(
        "The client took events more slowly than they came, and was left behind. Nothing that is promised is lost: "
        "trades, and candles that closed or were revised, follow as fast as the client takes them. States of open "
        "candles in between are left out."
    )
)
class Lagged:
    """Before anything else, when the client can take something again."""

    events: int = strawberry.field(description="How many events were made meanwhile and not sent as they were.")
    omitted: TimeSpan = strawberry.field(description="When that was: from falling behind to being ready again.")
    cursor: str = strawberry.field(
        description=(
            "Where the subscription stands: what follows goes on from here, and so does `after` of another one that is "
            "to read the same."
        )
    )


@strawberry.type(description="Quotes of one instrument that are newer than what was told before.")
class QuoteUpdate:
    """The first one of an instrument is its newest quote."""

    instrument: str = strawberry.field(description=_KEY)
    quotes: list[Quote] = strawberry.field(description="In order of time; 1 to 100, of more the newest.")


@strawberry.type(description="Where a subscription to indicators begins: the newest two points of each.")
class IndicatorSnapshot:
    """Of those that have no points yet, an empty series."""

    instrument: str = strawberry.field(description=_KEY)
    series: list[IndicatorSeries] = strawberry.field(description="One for each indicator, in the order asked for.")
    cursor: str = strawberry.field(description=_CURSOR)


@strawberry.type(description="Points of candles that have just closed.")
class IndicatorUpdate:
    """Each is here once, as soon as it is stored."""

    instrument: str = strawberry.field(description=_KEY)
    series: list[IndicatorSeries] = strawberry.field(description="Those that have new points, at the end of each.")
    omitted: TimeSpan | None = strawberry.field(
        description="Where more points are new than one event carries: query them. Null if there are none."
    )
    cursor: str = strawberry.field(description=_CURSOR)


@strawberry.type(description="Points that are others now, since a closed candle on which they depend was revised.")
class IndicatorRevised:
    """Points of the past that are computed for the first time are here too."""

    instrument: str = strawberry.field(description=_KEY)
    series: list[IndicatorSeries] = strawberry.field(description="Those that have changed points, with these.")
    omitted: TimeSpan | None = strawberry.field(
        description="Where more points changed than one event carries: query them. Null if there are none."
    )
    cursor: str = strawberry.field(
        description="As of other events; where an update comes with it, it stands before both: they are told again."
    )


QuoteEvent = Annotated[QuoteUpdate, strawberry.union("QuoteEvent", description="What a subscription to quotes sends.")]
TradeEvent = Annotated[
    TradeBatch | FeedGap | Lagged,
    strawberry.union("TradeEvent", description="What a subscription to trades sends."),
]
CandleEvent = Annotated[
    CandleSnapshot | CandleUpdate | CandleRevised | FeedGap | Lagged,
    strawberry.union("CandleEvent", description="What a subscription to candles sends."),
]
IndicatorEvent = Annotated[
    IndicatorSnapshot | IndicatorUpdate | IndicatorRevised | Lagged,
    strawberry.union("IndicatorEvent", description="What a subscription to indicators sends."),
]
