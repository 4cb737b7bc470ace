"""How Binance names what it lists. Enough to know an instrument by its key; `exchangeInfo` knows more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from candlewick.domain.market import AssetClass, InstrumentKey, Tape
from candlewick.ports import Listing
from candlewick.providers.currencies import asset_class

VENUE: Final = "binance"
VENUE_NAME: Final = "Binance"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A venue that speaks Binance's wire formats: Binance, or a market that is served as if it were."""

    code: str
    name: str
    since: datetime
    """There is nothing before."""
    class_of: Callable[[str], AssetClass]

    def list_instrument(self, key: InstrumentKey, tape: Tape) -> Listing:
        """`binance:BTC-USDT` is BTCUSDT there."""
        return Listing(
            key=key,
            symbol=key.base + key.quote,
            tape=tape,
            base_class=self.class_of(key.base),
            quote_class=self.class_of(key.quote),
            venue_name=self.name,
        )


BINANCE: Final = Exchange(VENUE, VENUE_NAME, datetime(2017, 7, 14, tzinfo=UTC), asset_class)
