"""Kraken's tickers as quotes. Pure.

Wire formats: docs.kraken.com, "Get Ticker Information" (REST: lists of texts under letters) and "Ticker" of "Spot
WebSocket v2" (objects with numbers).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Context, Decimal
from typing import Any, Final

from candlewick.domain.errors import InvalidQuote
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.domain.raw import Payload
from candlewick.domain.time import from_microseconds
from candlewick.providers import exact_json
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable
from candlewick.providers.kraken import names, rows
from candlewick.providers.kraken.payloads import result_of
from candlewick.providers.rejection import reject

NOBODY: Final = ""
"""What belongs to no symbol is listed under this."""
_EXACT: Final = Context(prec=400)


def quotes(payload: Payload) -> Mapping[str, QuoteLines]:
    """The quotes of a Ticker answer by our symbols, as many of them as were asked for and answered.

    The answer names pairs in its own way and gives no time: it is of the moment when it was received.

    Raises:
        MalformedPayload: it is no answer with a result.
    """
    symbols = {key: symbol for symbol in names.asked(payload.endpoint) for key in names.keys_of(symbol)}
    found: dict[str, QuoteLines] = {}
    strangers = []
    for number, (key, ticker) in enumerate(result_of(payload).items(), 1):
        symbol = symbols.get(key)
        if symbol is None:
            strangers.append(reject(number, {key: ticker}, Unreadable(f"pair {key:.64} was not asked for")))
            continue
        try:
            found[symbol] = QuoteLines([_rest(ticker, payload.received_at)])
        except (Unreadable, InvalidQuote) as exc:
            found[symbol] = QuoteLines([], [reject(number, ticker, exc)])
    if strangers:
        found[NOBODY] = QuoteLines([], strangers)
    return found


def event(ticker: Any, received_at: datetime, times: EventTimes) -> Quote:
    """The quote in one object of the websocket's ticker channel. Old ones have no time: then it is when they came.

    Raises:
        Unreadable, InvalidQuote: it is none.
    """
    if not isinstance(ticker, dict):
        raise Unreadable("it is no object")
    last, bid, ask, volume, vwap, change = (
        exact_json.number(ticker[name], name) if ticker.get(name) is not None else None
        for name in ("last", "bid", "ask", "volume", "vwap", "change_pct")
    )
    ts = received_at
    if ticker.get("timestamp") is not None:
        ts = from_microseconds(rows.believed(rows.moment(ticker["timestamp"]), times))
    return Quote(
        ts=ts,
        price=_unless_zero(last),
        bid=_unless_zero(bid),
        ask=_unless_zero(ask),
        volume_24h=None if volume is None or vwap is None else _EXACT.multiply(volume, vwap),
        change_24h=change,
    )


def _rest(ticker: Any, received_at: datetime) -> Quote:
    """`c` is the last trade, `a` ask, `b` bid; `v` and `p` are volume and average price, today's and of 24 hours."""
    return Quote(
        ts=received_at,
        price=_unless_zero(_text(ticker, "c", 0)),
        bid=_unless_zero(_text(ticker, "b", 0)),
        ask=_unless_zero(_text(ticker, "a", 0)),
        volume_24h=_EXACT.multiply(_text(ticker, "v", 1), _text(ticker, "p", 1)),
    )


def _text(ticker: Any, name: str, at: int) -> Decimal:
    values = ticker.get(name) if isinstance(ticker, dict) else None
    if not isinstance(values, list) or len(values) <= at:
        raise Unreadable(f"it has no list {name!r} of at least {at + 1} values")
    return rows.text(values[at], name)


def _unless_zero(price: Decimal | None) -> Decimal | None:
    """A pair that nobody bids for, or that was never traded, has a zero there."""
    return price or None
