"""How Binance names what it lists. Enough to know an instrument by its key; `exchangeInfo` knows more."""

from __future__ import annotations

from typing import Final

from candlewick.domain.market import AssetClass, InstrumentKey, Tape
from candlewick.ports import Listing

VENUE: Final = "binance"
VENUE_NAME: Final = "Binance"
_FIAT: Final = frozenset(
    {"AED", "ARS", "AUD", "BRL", "COP", "CZK", "EUR", "GBP", "JPY", "KZT", "MXN", "NGN", "PLN", "RON", "RUB", "TRY",
     "UAH", "USD", "VND", "ZAR"}
)  # fmt: skip
"""The ISO 4217 codes that Binance lists. BIDR, IDRT or TUSD look like money and are tokens."""


def list_instrument(key: InstrumentKey, tape: Tape) -> Listing:
    """`binance:BTC-USDT` is BTCUSDT there."""
    return Listing(
        key=key,
        symbol=key.base + key.quote,
        tape=tape,
        base_class=_asset_class(key.base),
        quote_class=_asset_class(key.quote),
        venue_name=VENUE_NAME,
    )


def _asset_class(code: str) -> AssetClass:
    return AssetClass.FIAT if code in _FIAT else AssetClass.CRYPTO
