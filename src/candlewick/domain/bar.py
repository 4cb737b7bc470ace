"""Event bars: OHLCV over a number of ticks, of volume, of value, or over an imbalance or run of the two sides.

After López de Prado, Advances in Financial Machine Learning, chapter 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, Self

from candlewick.domain.errors import InvalidBarSpec

MOST_SPAN: Final = 10_000
MOST_TRADES: Final = 100_000_000
"""Of one bar, where it is counted in trades."""
_MOST_DIGITS: Final = 30


class BarMeasure(StrEnum):
    """What of a trade is counted."""

    TICK = "TICK"
    """That it is one."""
    VOLUME = "VOLUME"
    """Its size."""
    VALUE = "VALUE"
    """Its price times its size."""


class BarRule(StrEnum):
    """When a bar is full."""

    THRESHOLD = "THRESHOLD"
    """When its trades together reach the threshold."""
    IMBALANCE = "IMBALANCE"
    """When buys are ahead of sells, or sells of buys, by the threshold."""
    RUNS = "RUNS"
    """When either side alone has reached the threshold, whatever the other did between."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """Lets the threshold of imbalance and runs bars follow the market.

    The first bar is full at the threshold of the spec. From then on it is what is expected of a bar: the expected
    number of its trades, times what is expected of a trade, each the exponentially weighted mean over the bars before
    (weight 2 ÷ (span + 1) for the newest). The number is kept within bounds: without these, thresholds explode, or
    collapse to bars of one trade.
    """

    span: int
    """In bars."""
    fewest: int
    """Trades that a bar is expected to have, at the least."""
    most: int

    def __post_init__(self) -> None:
        if not 1 <= self.span <= MOST_SPAN:
            raise InvalidBarSpec(f"the span of its expectation is {self.span}: it has 1 to {MOST_SPAN} bars")
        if not 1 <= self.fewest <= self.most <= MOST_TRADES:
            raise InvalidBarSpec(
                f"it expects {self.fewest} to {self.most} trades of a bar: give at least 1, at most {MOST_TRADES}, "
                "and the smaller one first"
            )


@dataclass(frozen=True, slots=True)
class EventBarSpec:
    """Which event bars. `threshold` counts trades, base units or quote units, as `measure` says."""

    measure: BarMeasure
    threshold: Decimal
    rule: BarRule = BarRule.THRESHOLD
    split: bool = False
    """Whether a trade that overfills a bar is cut, its rest going to the next; else it is in that bar as a whole."""
    expectation: Expectation | None = None

    def __post_init__(self) -> None:
        if not (self.threshold.is_finite() and self.threshold > 0):
            raise InvalidBarSpec(f"its threshold is {self.threshold}: it must be a number above zero")
        if len(self.threshold.as_tuple().digits) > _MOST_DIGITS or abs(self.threshold.adjusted()) > _MOST_DIGITS:
            raise InvalidBarSpec(f"its threshold has more than {_MOST_DIGITS} digits")
        if self.measure is BarMeasure.TICK:
            self._check_ticks()
        if self.expectation is not None and self.rule is BarRule.THRESHOLD:
            raise InvalidBarSpec("only the threshold of imbalance and runs bars can follow the market")

    def __str__(self) -> str:
        """Equal specs have equal texts, whatever zeros their thresholds were written with; `parse` reads them."""
        parts = [self.measure, self.rule, _plain(self.threshold), "split" if self.split else "whole"]
        if self.expectation is not None:
            parts += [str(part) for part in (self.expectation.span, self.expectation.fewest, self.expectation.most)]
        return "/".join(parts)

    @classmethod
    def parse(cls, text: str) -> Self:
        """What `str` wrote."""
        measure, rule, threshold, cut, *bounds = text.split("/")
        expectation = Expectation(*map(int, bounds)) if bounds else None
        return cls(BarMeasure(measure), Decimal(threshold), BarRule(rule), cut == "split", expectation)

    @property
    def words(self) -> str:
        """For people: `VOLUME bars of 100`."""
        rule = "" if self.rule is BarRule.THRESHOLD else f" {self.rule}"
        split = ", split" if self.split else ""
        bounds = self.expectation
        follows = f", following the market over {bounds.span} bars" if bounds is not None else ""
        return f"{self.measure}{rule} bars of {_plain(self.threshold)}{split}{follows}"

    def _check_ticks(self) -> None:
        if self.threshold != self.threshold.to_integral_value() or self.threshold > MOST_TRADES:
            raise InvalidBarSpec(f"its threshold is {self.threshold}: ticks are counted, 1 to {MOST_TRADES}")
        if self.split:
            raise InvalidBarSpec("a tick cannot be split: leave out `split`, or measure VOLUME or VALUE")


def _plain(number: Decimal) -> str:
    """Without an exponent and without zeros that say nothing."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
