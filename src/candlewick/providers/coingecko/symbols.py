"""CoinGecko's coins as listings. Pure but for a log line on what is left out.

Wire formats: docs.coingecko.com, "Coins List with Market Data", "Coins List (ID Map)". Of the coins that share a code
the one with the best rank is meant by it. The whole list has no ranks: there a code that is shared means nobody, unless
a coin is known by it already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import structlog

from candlewick.domain.market import InstrumentStatus
from candlewick.domain.raw import Payload
from candlewick.ports import Listing
from candlewick.providers.coingecko.listing import VENUE, code_of, list_coin
from candlewick.providers.coingecko.payloads import rows_of
from candlewick.providers.exact import Unreadable

log = structlog.get_logger(__name__)

RANKED_IN: Final = ("usd", "eur")
"""Currencies in which the coins of the first rank are instruments; all others are in the first of these."""
_UNRANKED: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class _Coin:
    id: str
    code: str | None
    name: str
    rank: int


def ranked(payload: Payload) -> Sequence[Listing]:
    """The coins of coins/markets. Raises MalformedPayload: it is no list."""
    coins = sorted(_coins(payload), key=lambda coin: (coin.rank, coin.id))
    firsts: dict[str | None, str] = {}
    for coin in coins:
        firsts.setdefault(coin.code, coin.id)
    return [
        list_coin(coin.id, coin.code, coin.name, currency, InstrumentStatus.TRADING, first=firsts[coin.code] == coin.id)
        for coin in coins
        for currency in RANKED_IN
    ]


def all_coins(payload: Payload) -> Sequence[Listing]:
    """The coins of coins/list. Raises MalformedPayload: it is no list."""
    asked = parse_qs(urlsplit(payload.endpoint).query).get("status", [])
    status = InstrumentStatus.DELISTED if asked == ["inactive"] else InstrumentStatus.TRADING
    coins = list(_coins(payload))
    shared = Counter(coin.code for coin in coins)
    return [
        list_coin(coin.id, coin.code, coin.name, RANKED_IN[0], status, first=shared[coin.code] == 1) for coin in coins
    ]


def _coins(payload: Payload) -> Iterable[_Coin]:
    """Each id once. What cannot be read is left out, counted and logged."""
    found: dict[str, _Coin] = {}
    left_out: Counter[str] = Counter()
    for row in rows_of(payload):
        try:
            coin = _coin(row)
        except Unreadable as exc:
            left_out[f"{str(row)[:64]}: {exc}"] += 1
            continue
        if found.setdefault(coin.id, coin) is not coin:
            left_out[f"{coin.id} is there twice"] += 1
    if left_out:
        examples = [text[:200] for text, _ in left_out.most_common(5)]
        log.warning("listings_left_out", source=VENUE, count=left_out.total(), examples=examples)
    return found.values()


def _coin(row: Any) -> _Coin:
    identity, symbol, name = (_text(row, field) for field in ("id", "symbol", "name"))
    if not identity or not identity.isprintable() or "/" in identity:
        raise Unreadable(f"id {identity!r:.64} is no name of a coin")
    rank = row.get("market_cap_rank")
    return _Coin(identity, code_of(symbol), name, rank if type(rank) is int else _UNRANKED)


def _text(row: Any, name: str) -> str:
    value = row.get(name) if isinstance(row, dict) else None
    if not isinstance(value, str):
        raise Unreadable(f"it has no {name}")
    return value
