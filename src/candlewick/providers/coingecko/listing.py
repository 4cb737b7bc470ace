"""CoinGecko's own names for itself, and how its coins become instruments.

A coin is known by its id: `bitcoin`. Its symbol, `btc`, is shared by any number of coins. So the venue's symbol of an
instrument is `bitcoin/usd`, and its key is `coingecko:BTC-USD` for the coin that was known first under that code; other
coins of that code are `coingecko:BTC~their.id-USD`, whatever becomes of the first.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from candlewick.domain.errors import InvalidInstrumentKey
from candlewick.domain.market import AssetClass, InstrumentKey, InstrumentStatus, Tape
from candlewick.ports import Listing
from candlewick.providers import currencies

VENUE: Final = "coingecko"
VENUE_NAME: Final = "CoinGecko"
SINCE: Final = datetime(2013, 4, 28, tzinfo=UTC)
"""The first day of which it has a price."""
_METALS: Final = frozenset({"XAU", "XAG"})
_LONGEST_CODE: Final = 64
_LONGEST_NAME: Final = 200
_ESCAPED: Final = str.maketrans({"%": "%25", ".": "%2E", ":": "%3A", "-": "."})
_KEPT: Final = 16
"""Hexadecimal digits of the digest that stands for an id which is too long."""


def symbol_of(coin: str, currency: str) -> str:
    """What we call a coin's price in a currency: CoinGecko has no name for it."""
    return f"{coin}/{currency}"


def halves(symbol: str) -> tuple[str, str]:
    """The coin's id and the currency."""
    coin, _, currency = symbol.rpartition("/")
    return coin, currency


def code_of(symbol: str) -> str | None:
    """The code that a coin's symbol stands for; None if no key can hold it."""
    code = "".join(symbol.split()).upper().replace("-", ".").replace(":", ".")
    return code if _is_code(code) else None


def long_code(code: str | None, coin: str) -> str:
    """A code of that coin alone: no two ids give the same."""
    full = f"{code or ''}~{coin.translate(_ESCAPED)}"
    return full if _is_code(full) else f"{(code or '')[:24]}~{sha256(coin.encode()).hexdigest()[:_KEPT]}"


def list_coin(
    coin: str, code: str | None, name: str, currency: str, status: InstrumentStatus, *, first: bool
) -> Listing:
    """The instrument of a coin's price in a currency. `first`: it is the one meant by its code."""
    quote = currency.upper()
    own = InstrumentKey(VENUE, long_code(code, coin), quote)
    shared = InstrumentKey(VENUE, code, quote) if code else own
    key, other = (shared, own) if first else (own, shared)
    return Listing(
        key=key,
        symbol=symbol_of(coin, currency),
        tape=Tape.TRADES,
        base_class=AssetClass.CRYPTO,
        quote_class=AssetClass.COMMODITY if quote in _METALS else currencies.asset_class(quote),
        venue_name=VENUE_NAME,
        status=status,
        base_name=_printable(name) or None,
        other_key=other if other != key else None,
    )


def _is_code(code: str) -> bool:
    try:
        InstrumentKey.parse(f"{VENUE}:{code}-USD")
    except InvalidInstrumentKey:
        return False
    return len(code) <= _LONGEST_CODE


def _printable(name: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in name).split())[:_LONGEST_NAME]
