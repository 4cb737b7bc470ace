"""CoinPaprika's coins as listings. Pure but for a log line on what is left out.

Wire format: docs.coinpaprika.com, "List coins". A rank of 0 is none. Of the coins that share a code the one with the
best rank is meant by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import structlog

from candlewick.domain.market import InstrumentStatus
from candlewick.domain.raw import Payload
from candlewick.ports import Listing
from candlewick.providers.coinpaprika.listing import COINPAPRIKA, VENUE
from candlewick.providers.coins import UNRANKED, Coin, by_rank, code_of, is_id
from candlewick.providers.exact import Unreadable
from candlewick.providers.json_payload import rows_of

log = structlog.get_logger(__name__)

LISTED_IN: Final = ("usd", "btc")
"""The currencies of the past. Coins of the first rank are instruments in both, others in the first."""
FIRST_RANK: Final = 250


def listings(payload: Payload) -> Sequence[Listing]:
    """The coins of the list, inactive ones too. Raises MalformedPayload: it is no list."""
    return [
        COINPAPRIKA.list_coin(coin, currency, first=first)
        for coin, first in by_rank(_coins(payload))
        for currency in (LISTED_IN if coin.rank <= FIRST_RANK else LISTED_IN[:1])
    ]


def _coins(payload: Payload) -> Iterable[Coin]:
    """Each id once. What cannot be read is left out, counted and logged."""
    found: dict[str, Coin] = {}
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


def _coin(row: Any) -> Coin:
    identity, symbol, name = (_text(row, field) for field in ("id", "symbol", "name"))
    if not is_id(identity):
        raise Unreadable(f"id {identity!r:.64} is no name of a coin")
    rank, active = row.get("rank"), row.get("is_active")
    return Coin(
        identity,
        code_of(symbol),
        name,
        rank if type(rank) is int and rank > 0 else UNRANKED,
        InstrumentStatus.DELISTED if active is False else InstrumentStatus.TRADING,
    )


def _text(row: Any, name: str) -> str:
    value = row.get(name) if isinstance(row, dict) else None
    if not isinstance(value, str):
        raise Unreadable(f"it has no {name}")
    return value
