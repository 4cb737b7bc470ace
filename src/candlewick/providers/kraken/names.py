"""The four spellings that Kraken has for a pair, and the one that we keep.

| where | bitcoin in dollars | dogecoin in euros |
|---|---|---|
| websocket v2 | `BTC/USD` | `DOGE/EUR` |
| websocket v1, `wsname` | `XBT/USD` | `XDG/EUR` |
| REST, `altname` | `XBTUSD` | `XDGEUR` |
| keys of REST's answers | `XXBTZUSD` | `XDGEUR` |

Ours is v2's: it is the one that Kraken means to keep, and both of its halves are names that others use. REST is asked
by the altname, which follows from it: in every list of pairs that we have, an altname is the wsname without its slash.
An answer's key is not looked at: whoever asked for one pair knows which it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote_plus, unquote_plus, urlsplit

from candlewick.providers.exact import Unreadable

_COMMON: Final = {"XBT": "BTC", "XDG": "DOGE"}
"""Kraken's name of an asset and everybody else's, where they differ."""
_KRAKENS: Final = {common: krakens for krakens, common in _COMMON.items()}
_LEGACY_LENGTH: Final = 4
_LEGACY_MARKS: Final = ("X", "Z")


def common(code: str) -> str:
    """BTC for XBT: the name of an asset that others use as well."""
    return _COMMON.get(code, code)


def symbol_of(name: str) -> str:
    """Our spelling of a pair that is written as either websocket has it.

    Raises:
        Unreadable: there are no two halves.
    """
    base, slash, quote = name.partition("/")
    if not (base and slash and quote) or "/" in quote:
        raise Unreadable(f"pair {name[:64]!r} is not written as BASE/QUOTE")
    return f"{common(base)}/{common(quote)}"


def pair_of(symbol: str) -> str:
    """How REST is asked for the pair that we call `symbol`: `XBTUSD` for `BTC/USD`."""
    return "".join(_KRAKENS.get(half, half) for half in symbol.split("/"))


def halves(altname: str, base: str, quote: str) -> tuple[str, str]:
    """Base and quote of a pair as its altname has them: XBT and USD of XBTUSD, whose assets are XXBT and ZUSD.

    Old assets of four letters have an X (or Z, for money) before their name; the altname tells which have.

    Raises:
        Unreadable: the altname is not made of the two.
    """
    for first in _names(base):
        for second in _names(quote):
            if first + second == altname:
                return first, second
    raise Unreadable(f"altname {altname[:64]!r} is not made of {base[:64]!r} and {quote[:64]!r}")


def _names(asset: str) -> tuple[str, ...]:
    """What the asset may be called in an altname."""
    is_legacy = len(asset) == _LEGACY_LENGTH and asset.startswith(_LEGACY_MARKS)
    return (asset, asset[1:]) if is_legacy else (asset,)


def keys_of(symbol: str) -> frozenset[str]:
    """What an answer may call the pair: XBTUSD, XXBTZUSD and so on for BTC/USD."""
    base, _, quote = symbol.partition("/")
    return frozenset(first + second for first in _codes(base) for second in _codes(quote)) | {symbol}


def marked(endpoint: str, symbols: Sequence[str]) -> str:
    """What was asked, with our own spelling of the pairs behind it as a fragment, which is never sent.

    A payload that is read again years later says so which pairs are in it: an altname cannot be cut into its halves.
    """
    return f"{endpoint}#{quote_plus(','.join(symbols), safe='/,')}"


def asked(endpoint: str) -> list[str]:
    """The pairs that `marked` wrote; none if the endpoint does not say."""
    fragment = unquote_plus(urlsplit(endpoint).fragment)
    return fragment.split(",") if fragment else []


def _codes(half: str) -> tuple[str, ...]:
    """What Kraken may call an asset: with and without the X or Z of old ones."""
    code = _KRAKENS.get(half, half)
    return (code, *(mark + code for mark in _LEGACY_MARKS))
