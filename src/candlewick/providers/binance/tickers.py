"""Binance's 24-hour and book tickers as quotes, over REST and from streams. Pure.

Wire formats: binance-spot-api-docs, rest-api.md, "24hr ticker price change statistics" (type FULL) and "Symbol order
book ticker"; web-socket-streams.md, "Individual Symbol Ticker Streams" and "Individual Symbol Book Ticker Streams".
Numbers are texts; zeros stand for what there is none of. A book ticker says no time: it is of the moment when it came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final

import orjson

from candlewick.domain.quote import Quote, QuoteLines
from candlewick.domain.raw import Payload
from candlewick.domain.time import from_microseconds
from candlewick.providers import exact
from candlewick.providers.binance.payloads import rows_of
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable
from candlewick.providers.json_payload import document
from candlewick.providers.quote_rows import NOBODY, QuoteRows

_LONGEST: Final = 64
"""Characters of a symbol: no instrument of ours has a longer one."""


EVENT: Final = "24hrTicker"
_BOOK: Final = frozenset("usbBaA")
"""The fields of a book ticker in a stream, which has neither a kind nor a time of event."""


@dataclass(frozen=True, slots=True)
class TickerFields:
    """What the fields of a 24-hour ticker are called."""

    ts: str
    price: str
    bid: str
    ask: str
    quote_volume: str
    change: str


_REST: Final = TickerFields("closeTime", "lastPrice", "bidPrice", "askPrice", "quoteVolume", "priceChangePercent")
_STREAM: Final = TickerFields("C", "c", "b", "a", "q", "P")


def quotes(payload: Payload) -> Mapping[str, QuoteLines]:
    """The quotes of 24-hour tickers by symbol. `closeTime` is when they were so, by Binance's clock.

    Raises:
        MalformedPayload: it is neither a ticker nor an array.
    """
    times = EventTimes.until_tomorrow(payload.received_at)
    return _by_symbol(payload, lambda row: _ticker(row, _REST, times))


def books(payload: Payload) -> Mapping[str, QuoteLines]:
    """The quotes of book tickers by symbol. Raises MalformedPayload as `quotes` does."""
    return _by_symbol(payload, lambda row: _book(row, "bidPrice", "askPrice", payload.received_at))


def is_event(message: Mapping[str, Any]) -> bool:
    """Whether a stream's message is a ticker."""
    return message.get("e") == EVENT or ("e" not in message and message.keys() >= _BOOK)


def event(message: Mapping[str, Any], received_at: datetime, times: EventTimes) -> Quote:
    """The quote in a stream's ticker.

    Raises:
        Unreadable, InvalidQuote: it is none.
    """
    if message.get("e") == EVENT:
        return _ticker(message, _STREAM, times)
    return _book(message, "b", "a", received_at)


def symbol_of(row: Any, name: str) -> str | None:
    """The symbol that a ticker names; None if it names none."""
    symbol = row.get(name) if isinstance(row, dict) else None
    return symbol if isinstance(symbol, str) and 0 < len(symbol) <= _LONGEST else None


def _by_symbol(payload: Payload, read: Callable[[Mapping[str, Any]], Quote]) -> Mapping[str, QuoteLines]:
    lines = QuoteRows()
    found = document(payload, orjson.loads)
    rows = found if isinstance(found, list) else [found] if symbol_of(found, "symbol") else rows_of(payload)
    for number, row in enumerate(rows, 1):
        symbol = symbol_of(row, "symbol")
        if symbol is None:
            lines.reject(NOBODY, number, row, Unreadable("it names no symbol"))
            continue
        lines.read(symbol, number, row, partial(read, row))
    return lines.by_symbol()


def _ticker(row: Mapping[str, Any], fields: TickerFields, times: EventTimes) -> Quote:
    closed = row.get(fields.ts)
    if not isinstance(closed, int) or isinstance(closed, bool):
        raise Unreadable(f"{fields.ts} {closed!r:.64} is no whole number")
    price = _number(row, fields.price)
    return Quote(
        ts=from_microseconds(times.one(closed)),
        price=price or None,
        bid=_number(row, fields.bid) or None,
        ask=_number(row, fields.ask) or None,
        volume_24h=_number(row, fields.quote_volume),
        change_24h=_number(row, fields.change) if price else None,
    )


def _book(row: Mapping[str, Any], bid: str, ask: str, received_at: datetime) -> Quote:
    return Quote(received_at, bid=_number(row, bid) or None, ask=_number(row, ask) or None)


def _number(row: Mapping[str, Any], name: str) -> Decimal:
    text = row.get(name)
    if not isinstance(text, str):
        raise Unreadable(f"{name} {text!r:.64} is no text")
    return exact.decimal(text, name)
