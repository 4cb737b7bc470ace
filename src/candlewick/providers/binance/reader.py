"""Binance's kept payloads, read again. Pure."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.market import Tape
from candlewick.domain.raw import STREAM, Payload, TradeLines
from candlewick.ports import Contents, Frame
from candlewick.providers.binance import frames, payloads, symbols, tickers
from candlewick.providers.binance.listing import BINANCE, Exchange
from candlewick.providers.event_time import EventTimes

_PATH: Final = re.compile(r"/api/v[13]/(.+)")
_TAPES: Final = {
    "aggTrades": Tape.AGGREGATED,
    "trades": Tape.TRADES,
    "historicalTrades": Tape.TRADES,
}


class BinanceReader:
    """The PayloadReader, for every venue that speaks Binance's wire formats."""

    def __init__(self, exchange: Exchange = BINANCE) -> None:
        self._exchange = exchange

    def read(self, payload: Payload) -> Contents:
        """See `PayloadReader.read`."""
        if payload.endpoint.startswith(STREAM):
            messages = [Frame(body, payload.received_at) for body in payload.body.split(b"\n")]
            return Contents(trades=frames.read(messages), quotes=frames.quotes(messages))
        match = _PATH.fullmatch(urlsplit(payload.endpoint).path)
        match match[1] if match else None:
            case ("aggTrades" | "trades" | "historicalTrades") as path:
                symbol, tape = _symbol(payload), _TAPES[path]
                return Contents(trades={symbol: _trades(payload, tape)}, tapes={symbol: tape})
            case "klines":
                return Contents(candles={_symbol(payload): payloads.candles(payload)})
            case "ticker/24hr":
                return Contents(quotes=tickers.quotes(payload))
            case "ticker/bookTicker":
                return Contents(quotes=tickers.books(payload))
            case "exchangeInfo":
                return Contents(listings=symbols.listings(payload, self._exchange))
            case "depth":
                reason = "order books are not taken"
            case "avgPrice" | "ticker/price":
                reason = "it says no more than the 24-hour ticker, which is taken"
            case _:
                reason = "nothing of that kind is asked of Binance"
        raise MalformedPayload(payload.source, payload.endpoint, reason)


def _trades(payload: Payload, tape: Tape) -> TradeLines:
    rows = payloads.rows_of(payload)
    times = EventTimes.until_tomorrow(payload.received_at)
    return payloads.trades(list(enumerate(rows, 1)), payloads.PAGES[tape], times, len(rows))


def _symbol(payload: Payload) -> str:
    """The symbol that was asked for: the rows do not say."""
    asked = parse_qs(urlsplit(payload.endpoint).query).get("symbol", [])
    if len(asked) != 1:
        raise MalformedPayload(payload.source, payload.endpoint, "its endpoint does not say of which symbol it is")
    return asked[0]
