"""CoinGecko's coins as listings. Pure but for a log line on what is left out.

Wire formats: docs.coingecko.com, "Coins List with Market Data", "Coins List (ID Map)". Of the coins that share a code
the one with the best rank is meant by it. The whole list has no ranks: there a code that is shared means nobody, unless
a coin is known by it already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import structlog

from candlewick.domain.market import InstrumentStatus
from candlewick.domain.raw import Payload
from candlewick.ports import Listing
from candlewick.providers.coingecko.listing import COINGECKO, VENUE
from candlewick.providers.coins import UNRANKED, Coin, by_rank, code_of, is_id
from candlewick.providers.exact import Unreadable
from candlewick.providers.json_payload import rows_of

log = structlog.get_logger(__name__)

RANKED_IN: Final = ("usd", "eur")
"""Currencies in which the coins of the first rank are instruments; all others are in the first of these."""


def ranked(payload: Payload) -> Sequence[Listing]:
    """The coins of coins/markets. Raises MalformedPayload: it is no list."""
    return [
        COINGECKO.list_coin(coin, currency, first=first)
        for coin, first in by_rank(_coins(payload))
        for currency in RANKED_IN
    ]


def all_coins(payload: Payload) -> Sequence[Listing]:
    """The coins of coins/list. Raises MalformedPayload: it is no list."""
    asked = parse_qs(urlsplit(payload.endpoint).query).get("status", [])
    status = InstrumentStatus.DELISTED if asked == ["inactive"] else InstrumentStatus.TRADING
    coins = list(_coins(payload, status))
    shared = Counter(coin.code for coin in coins)
    return [COINGECKO.list_coin(coin, RANKED_IN[0], first=shared[coin.code] == 1) for coin in coins]


def _coins(payload: Payload, status: InstrumentStatus = InstrumentStatus.TRADING) -> Iterable[Coin]:
    """Each id once. What cannot be read is left out, counted and logged."""
    found: dict[str, Coin] = {}
    left_out: Counter[str] = Counter()
    for row in rows_of(payload):
        try:
            coin = _coin(row, status)
        except Unreadable as exc:
            left_out[f"{str(row)[:64]}: {exc}"] += 1
            continue
        if found.setdefault(coin.id, coin) is not coin:
            left_out[f"{coin.id} is there twice"] += 1
    if left_out:
        examples = [text[:200] for text, _ in left_out.most_common(5)]
        log.warning("listings_left_out", source=VENUE, count=left_out.total(), examples=examples)
    return found.values()


def _coin(row: Any, status: InstrumentStatus) -> Coin:
    identity, symbol, name = (_text(row, field) for field in ("id", "symbol", "name"))
    if not is_id(identity):
        raise Unreadable(f"id {identity!r:.64} is no name of a coin")
    rank = row.get("market_cap_rank")
    return Coin(identity, code_of(symbol), name, rank if type(rank) is int else UNRANKED, status)


def _text(row: Any, name: str) -> str:
    value = row.get(name) if isinstance(row, dict) else None
    if not isinstance(value, str):
        raise Unreadable(f"it has no {name}")
    return value
