"""Our candles against the venue's own: every difference by itself, none averaged away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from candlewick.domain.candle import Candle
from candlewick.domain.time import Window, coalesce

FIELDS: Final = ("open", "high", "low", "close", "volume", "quote_volume", "trade_count", "taker_buy_volume")
"""What is compared, as far as the venue says it. All of it exactly, but for the quote volume."""
QUOTE_ROUNDING: Final = Decimal("0.00000001")
"""Of the quote volume, for each trade: venues round the value of a trade to eight decimals before they add it up."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one candle that is another here than at the venue. None: there is no such candle."""

    window: Window
    """The candle's."""
    field: str
    ours: str | None
    theirs: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison came to."""

    compared: int
    """Candles that are here, at the venue, or at both."""
    unverified: int
    """Candles of ours for which the venue's do not reach back, or forward, far enough."""
    differences: Sequence[Difference]
    lacking: Sequence[Window]
    """Where the venue's candles hold more volume than ours."""


def compare(ours: Sequence[Candle], theirs: Sequence[Candle], reach: Window, *, counts_alike: bool) -> Comparison:
    """Both of one width. `reach`: from the venue's first candle to its last, as far as there are any.
    `counts_alike`: the venue counts the trades that we have, not those of another tape.

    A candle of the venue without volume says the same as none of ours. One of ours that the venue does not have is a
    difference within its reach; outside, nothing can be said.
    """
    known, published = ({candle.open_time: candle for candle in side} for side in (ours, theirs))
    within = [moment for moment in sorted({*known, *published}) if reach.start <= moment < reach.end]
    pairs = [(known.get(moment), published.get(moment)) for moment in within]
    return Comparison(
        compared=len(pairs),
        unverified=sum(not reach.start <= moment < reach.end for moment in known),
        differences=[each for pair in pairs for each in _differences(*pair, counts_alike=counts_alike)],
        lacking=coalesce([_window(theirs) for ours, theirs in pairs if theirs is not None and _lacks(ours, theirs)]),
    )


def _differences(ours: Candle | None, theirs: Candle | None, *, counts_alike: bool) -> Iterator[Difference]:
    if ours is None and theirs is not None:
        if _lacks(None, theirs):
            yield Difference(_window(theirs), "volume", None, theirs.volume)
    elif theirs is None and ours is not None:
        yield Difference(_window(ours), "volume", ours.volume, None)
    elif ours is not None and theirs is not None:
        for field in FIELDS:
            here, there = getattr(ours, field), getattr(theirs, field)
            if here is None or there is None or (field == "trade_count" and not counts_alike):
                continue
            if abs(Decimal(here) - Decimal(there)) > _tolerance(field, ours, theirs):
                yield Difference(_window(ours), field, str(here), str(there))


def _tolerance(field: str, ours: Candle, theirs: Candle) -> Decimal:
    if field != "quote_volume":
        return Decimal()
    return QUOTE_ROUNDING * max(ours.trade_count or 0, theirs.trade_count or 0)


def _lacks(ours: Candle | None, theirs: Candle) -> bool:
    return Decimal(theirs.volume or 0) > (Decimal(ours.volume or 0) if ours else 0)


def _window(candle: Candle) -> Window:
    return Window(candle.open_time, candle.close_time)
