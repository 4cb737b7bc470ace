"""Coins as instruments, for sources that know them by ids and whose symbols are shared by any number of coins.

The source's symbol of an instrument is `ID/CURRENCY`: `bitcoin/usd`. Its key is `source:BTC-USD` for the coin that was
known first under that code; other coins of that code are `source:BTC~their.id-USD`, whatever becomes of the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeGuard

from candlewick.domain.errors import InvalidInstrumentKey
from candlewick.domain.market import AssetClass, InstrumentKey, InstrumentStatus, Tape
from candlewick.ports import Listing
from candlewick.providers import currencies

_METALS: Final = frozenset({"XAU", "XAG"})
_LONGEST_NAME: Final = 200
_ESCAPED: Final = str.maketrans({"%": "%25", ".": "%2E", ":": "%3A", "-": "."})
_KEPT: Final = 16
"""Hexadecimal digits of the digest that stands for an id which is too long."""
UNRANKED: Final = 1 << 62
"""A rank behind all others."""


@dataclass(frozen=True, slots=True)
class Coin:
    """A coin as a source lists it."""

    id: str
    code: str | None
    """What its symbol stands for; None if no key can hold it."""
    name: str
    rank: int
    status: InstrumentStatus


@dataclass(frozen=True, slots=True)
class CoinVenue:
    """A source of prices of coins."""

    code: str
    name: str

    def list_coin(self, coin: Coin, currency: str, *, first: bool) -> Listing:
        """The instrument of a coin's price in a currency. `first`: it is the one meant by its code."""
        quote = currency.upper()
        own = InstrumentKey(self.code, long_code(coin.code, coin.id), quote)
        shared = InstrumentKey(self.code, coin.code, quote) if coin.code else own
        key, other = (shared, own) if first else (own, shared)
        return Listing(
            key=key,
            symbol=symbol_of(coin.id, currency),
            tape=Tape.TRADES,
            base_class=AssetClass.CRYPTO,
            quote_class=AssetClass.COMMODITY if quote in _METALS else currencies.asset_class(quote),
            venue_name=self.name,
            status=coin.status,
            base_name=_printable(coin.name) or None,
            other_key=other if other != key else None,
        )


def by_rank(coins: Iterable[Coin]) -> Iterator[tuple[Coin, bool]]:
    """The coins in order of rank, and of each whether it is the first of its code."""
    codes: set[str | None] = set()
    for coin in sorted(coins, key=lambda coin: (coin.rank, coin.id)):
        yield coin, coin.code not in codes
        codes.add(coin.code)


def symbol_of(coin: str, currency: str) -> str:
    """What we call a coin's price in a currency: sources have no name for it."""
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


def is_id(text: object) -> TypeGuard[str]:
    """Whether it can be a coin's id."""
    return isinstance(text, str) and text != "" and text.isprintable() and "/" not in text


def _is_code(code: str) -> bool:
    try:
        InstrumentKey.parse(f"venue:{code}-USD")
    except InvalidInstrumentKey:
        return False
    return True


def _printable(name: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in name).split())[:_LONGEST_NAME]
