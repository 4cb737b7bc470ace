"""Trades as Coinbase writes them: rows of REST, messages of the feed.

`side` is the maker's. A feed's `sequence` counts everything that happens to the book of a product, of which trades are
few: it grows with them, and has gaps. Source: docs.cdp.coinbase.com/exchange, REST API and WebSocket channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from candlewick.domain.batch import TradeBatch
from candlewick.providers.simulation.day import Figures
from candlewick.providers.simulation.figures import texts

_MAKER: Final = {1: "sell", -1: "buy"}
"""By the aggressor's side."""
_TAKER: Final = {"sell": "buy", "buy": "sell"}
"""By the maker's. A ticker says the side of the aggressor."""
_BOOK_EVENTS: Final = 23
"""Of a product, between two trades."""


def time_texts(moments: npt.NDArray[np.int64]) -> list[str]:
    """Microseconds since 1970 as ISO 8601."""
    found: list[str] = np.datetime_as_string(moments.astype("datetime64[us]"), unit="us", timezone="UTC").tolist()
    return found


def time_text(moment: int) -> str:
    """The same of one."""
    return time_texts(np.array([moment], dtype=np.int64))[0]


def book_sequence(number: int) -> int:
    """The sequence of the feed at the trade of that number."""
    return number * _BOOK_EVENTS + number % 7


def trades_json(batch: TradeBatch) -> str:
    """A page of trades, newest first."""
    rows = [
        f'{{"time":"{time}","trade_id":{number},"price":"{price}","size":"{size}","side":"{side}"}}'
        for number, price, size, time, side in _columns(batch)
    ]
    return f"[{','.join(reversed(rows))}]"


def matches(batch: TradeBatch, product: str, kind: str = "match") -> list[str]:
    """One message a trade."""
    return [
        f'{{"type":"{kind}","trade_id":{number},"maker_order_id":"{_order(2 * number)}",'
        f'"taker_order_id":"{_order(2 * number + 1)}","side":"{side}","size":"{size}","price":"{price}",'
        f'"product_id":"{product}","sequence":{book_sequence(number)},"time":"{time}"}}'
        for number, price, size, time, side in _columns(batch)
    ]


def heartbeat(product: str, last: int, moment: int) -> str:
    """The message that says how far a product has come."""
    return (
        f'{{"type":"heartbeat","sequence":{book_sequence(last) + 3},"last_trade_id":{last},'
        f'"product_id":"{product}","time":"{time_text(moment)}"}}'
    )


def ticker(batch: TradeBatch, product: str, day: Figures, bid: str, ask: str) -> str:
    """The message of the ticker channel after these trades, which sums up what happened at once."""
    *_, (number, price, size, time, side) = _columns(batch)
    _, _, _, low, high, opened, _ = day.prices
    return (
        f'{{"type":"ticker","sequence":{book_sequence(number)},"product_id":"{product}","price":"{price}",'
        f'"open_24h":"{opened}","volume_24h":"{day.volume}","low_24h":"{low}","high_24h":"{high}",'
        f'"volume_30d":"{day.volume}","best_bid":"{bid}","best_bid_size":"1.00000000","best_ask":"{ask}",'
        f'"best_ask_size":"1.00000000","side":"{_TAKER[side]}","time":"{time}","trade_id":{number},"last_size":"{size}"}}'
    )


def _columns(batch: TradeBatch) -> Iterator[tuple[int, str, str, str, str]]:
    """Number, price, size, time and the maker's side of each trade."""
    sides = [_MAKER[side] for side in batch.side.tolist()]
    return zip(batch.sequence.tolist(), texts(batch.price), texts(batch.size), time_texts(batch.ts), sides, strict=True)


def _order(number: int) -> str:
    """An order's id: as good as any other UUID."""
    return f"00000000-0000-4000-8000-{number % 16**12:012x}"
