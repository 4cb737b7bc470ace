"""Kraken's own names for itself, and what kind of thing an asset of it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from candlewick.domain.market import AssetClass, InstrumentKey, Tape
from candlewick.ports import Listing
from candlewick.providers.currencies import asset_class

VENUE: Final = "kraken"
VENUE_NAME: Final = "Kraken"
SINCE: Final = datetime(2013, 9, 10, tzinfo=UTC)
"""The day of its first trade."""
TOKENIZED: Final = "tokenized_asset"
"""What Kraken calls a share in a company as a token, for example AAPLx."""


def list_instrument(key: InstrumentKey) -> Listing:
    """`kraken:BTC-USD` is BTC/USD there."""
    return Listing(
        key=key,
        symbol=f"{key.base}/{key.quote}",
        tape=Tape.TRADES,
        base_class=asset_class(key.base),
        quote_class=asset_class(key.quote),
        venue_name=VENUE_NAME,
    )


def class_of(code: str, aclass: str) -> AssetClass | None:
    """What kind of thing the asset is that Kraken puts in that class; None if we do not know the class."""
    if aclass == TOKENIZED:
        return AssetClass.EQUITY
    return asset_class(code) if aclass in {"currency", "forex"} else None
