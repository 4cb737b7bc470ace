"""How Coinbase Exchange names what it lists. Enough to know an instrument by its key; `/products` knows more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from candlewick.domain.market import InstrumentKey, Tape
from candlewick.ports import Listing
from candlewick.providers.currencies import asset_class

VENUE: Final = "coinbase"
VENUE_NAME: Final = "Coinbase Exchange"
SINCE: Final = datetime(2014, 12, 1, tzinfo=UTC)
"""When its first trades happened, before it opened to everybody."""


def list_instrument(key: InstrumentKey) -> Listing:
    """`coinbase:BTC-USD` is BTC-USD there."""
    return Listing(
        key=key,
        symbol=f"{key.base}-{key.quote}",
        tape=Tape.TRADES,
        base_class=asset_class(key.base),
        quote_class=asset_class(key.quote),
        venue_name=VENUE_NAME,
    )
