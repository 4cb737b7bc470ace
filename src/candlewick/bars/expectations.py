"""What is expected of the next imbalance or runs bar, from those before it.

Formulas: López de Prado, Advances in Financial Machine Learning, 2.3.2.1 to 2.3.2.4: E[T]·|E[b·x]| for imbalance,
E[T]·max(P⁺·E⁺[x], P⁻·E⁻[x]) for runs. Floats, updated once a bar from its exact sums: the same whatever the batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from candlewick.domain.bar import BarRule, Expectation

if TYPE_CHECKING:
    from candlewick.bars.state import Sums


@dataclass(frozen=True, slots=True)
class Expected:
    """Exponentially weighted means over bars."""

    trades: float
    """Of a bar."""
    imbalance: float
    """Of a trade: what is measured, with its sign."""
    buy_share: float
    """Of the trades."""
    buy: float
    """What is measured of a trade that is a buy."""
    sell: float

    def threshold(self, rule: BarRule, bounds: Expectation) -> Fraction | None:
        """When the next bar is full; None if nothing is expected of a trade, so that no bar ever would be."""
        trades = min(max(self.trades, bounds.fewest), bounds.most)
        if rule is BarRule.IMBALANCE:
            expected = abs(self.imbalance)
        else:
            expected = max(self.buy_share * self.buy, (1 - self.buy_share) * self.sell)
        return Fraction(trades * expected) if expected > 0 else None


def after(bar: Sums, before: Expected | None, bounds: Expectation) -> Expected:
    """The expectations with one more bar, the first of all as it is."""
    signed = bar.buy_trades + bar.sell_trades
    seen = Expected(
        trades=float(bar.trades),
        imbalance=float((bar.buys - bar.sells) / bar.trades),
        buy_share=bar.buy_trades / signed if signed else 0.5,
        buy=float(bar.buys / bar.buy_trades) if bar.buy_trades else (before.buy if before else 0.0),
        sell=float(bar.sells / bar.sell_trades) if bar.sell_trades else (before.sell if before else 0.0),
    )
    if before is None:
        return seen
    weight = 2 / (bounds.span + 1)
    return Expected(*(_mean(getattr(before, name), getattr(seen, name), weight) for name in Expected.__slots__))


def _mean(before: float, seen: float, weight: float) -> float:
    return before + weight * (seen - before)
