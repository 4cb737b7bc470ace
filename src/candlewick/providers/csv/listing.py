"""What kind of thing an instrument of a table is, if it is new: said by the mapping, by its venue, or by a code that
stands for one thing everywhere."""

from __future__ import annotations

from typing import Final

from candlewick.domain.errors import UnknownAssetClass
from candlewick.domain.market import AssetClass, InstrumentKey, Tape
from candlewick.ports import Clock, Listing
from candlewick.providers.csv.mapping import FileMapping
from candlewick.providers.registry import CODES, provider

_FIAT: Final = frozenset(
    {"AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNH", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP",
     "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KRW", "KWD", "KZT", "MAD", "MXN", "MYR", "NGN", "NOK", "NZD",
     "PEN", "PHP", "PKR", "PLN", "QAR", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "UYU",
     "VND", "ZAR"}
)  # fmt: skip
"""ISO 4217, as far as it is traded. Tokens of other names that look like money are not money."""
_METALS: Final = frozenset({"XAU", "XAG", "XPT", "XPD"})
"""ISO 4217 has codes for an ounce of these, too."""


def list_instrument(key: InstrumentKey, tape: Tape, mapping: FileMapping, clock: Clock) -> Listing:
    """The instrument as it is made if it is new.

    Raises:
        UnknownAssetClass: nothing says what its base or its quote currency is.
    """
    archives = provider(key.venue).archives if key.venue in CODES and key.venue != "csv" else None
    if archives is not None:
        return archives(clock).listing(key, tape)
    return Listing(
        key=key,
        symbol=mapping.symbol or key.base + key.quote,
        tape=tape,
        base_class=mapping.base_class or _class_of(key, key.base, "base_class"),
        quote_class=mapping.quote_class or _class_of(key, key.quote, "quote_class"),
        venue_name=provider(key.venue).name if key.venue in CODES else key.venue,
    )


def _class_of(key: InstrumentKey, code: str, field: str) -> AssetClass:
    if code in _FIAT:
        return AssetClass.FIAT
    if code in _METALS:
        return AssetClass.COMMODITY
    raise UnknownAssetClass(str(key), code, field)
