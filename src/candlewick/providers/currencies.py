"""Which of the codes that venues list are money."""

from __future__ import annotations

from typing import Final

from candlewick.domain.market import AssetClass

FIAT: Final = frozenset(
    {"AED", "ARS", "AUD", "BRL", "CAD", "CHF", "COP", "CZK", "EUR", "GBP", "JPY", "KRW", "KZT", "MXN", "NGN", "PLN",
     "RON", "RUB", "SGD", "TRY", "UAH", "USD", "VND", "ZAR"}
)  # fmt: skip
"""The ISO 4217 codes that crypto venues list as money. Not all of ISO 4217: GEL, MNT or TOP are tokens there, and BIDR,
IDRT or TUSD only look like money.
"""


def asset_class(code: str) -> AssetClass:
    """What kind of thing a code of a crypto venue is."""
    return AssetClass.FIAT if code in FIAT else AssetClass.CRYPTO
