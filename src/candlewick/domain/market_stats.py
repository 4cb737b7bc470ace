"""How large a market is, by one source's figures: no asset is counted twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class MarketFigures:
    """What a source says of all assets of a kind whose market cap it knows, in one currency."""

    source: str
    count: int
    market_cap: Decimal
    volume_24h: Decimal
    prices: Decimal
    """The sum of the prices of those that have one."""
    priced: int
    gainers: int
    losers: int
    oldest: datetime
    """When the oldest of the figures was seen to be so."""
    newest: datetime

    @property
    def average_price(self) -> Fraction | None:
        return Fraction(self.prices) / self.priced if self.priced else None


def widest(figures: Iterable[MarketFigures], source: str | None = None) -> MarketFigures | None:
    """Those of the source, or of the one that knows most assets; None if there are none."""
    wanted = [each for each in figures if source in {None, each.source}]
    return min(wanted, key=lambda each: (-each.count, each.source), default=None)
