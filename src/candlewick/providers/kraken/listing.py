"""Kraken's own names for itself, and what kind of thing an asset of it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from candlewick.domain.market import AssetClass

VENUE: Final = "kraken"
VENUE_NAME: Final = "Kraken"
SINCE: Final = datetime(2013, 9, 10, tzinfo=UTC)
"""The day of its first trade."""
_FIAT: Final = frozenset(
    {"AED", "ARS", "AUD", "BRL", "CAD", "CHF", "CLP", "COP", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "IDR", "ILS",
     "INR", "JPY", "KRW", "MXN", "NOK", "NZD", "PEN", "PHP", "PLN", "RON", "SEK", "SGD", "THB", "TRY", "USD", "UYU",
     "ZAR"}
)  # fmt: skip
"""The ISO 4217 codes that Kraken lists or has listed. USDT, USDC, EURT or PYUSD look like money and are tokens."""
_TOKENIZED: Final = "tokenized_asset"
"""What Kraken calls a share in a company as a token, for example AAPLx."""


def asset_class(code: str, aclass: str) -> AssetClass | None:
    """What kind of thing the asset is that Kraken puts in that class; None if we do not know the class."""
    if aclass == _TOKENIZED:
        return AssetClass.EQUITY
    if aclass not in {"currency", "forex"}:
        return None
    return AssetClass.FIAT if code in _FIAT else AssetClass.CRYPTO
