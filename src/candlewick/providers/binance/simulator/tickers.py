"""What tickers say, over REST and on streams: figures of the last day of each symbol, its best bid and ask.

The order book is as thin as it can be: one tick below and above the last price.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

import orjson

from candlewick.domain.batch import TradeBatch
from candlewick.providers.binance.simulator import refusal
from candlewick.providers.binance.simulator.parameters import Parameters
from candlewick.providers.binance.simulator.wire import TimeUnit
from candlewick.providers.simulation.day import beside, figures
from candlewick.providers.simulation.exchange import Exchange, Symbol

PARAMETERS: Final = ("symbol", "symbols", "type")
BOOK_PARAMETERS: Final = ("symbol", "symbols")
DAY: Final = 86_400_000_000
_NOTHING: Final = "0.00000000"
_ONE: Final = "1.00000000"
_EVENT: Final = {
    "p": "priceChange", "P": "priceChangePercent", "w": "weightedAvgPrice", "x": "prevClosePrice", "c": "lastPrice",
    "Q": "lastQty", "b": "bidPrice", "B": "bidQty", "a": "askPrice", "A": "askQty", "o": "openPrice", "h": "highPrice",
    "l": "lowPrice", "v": "volume", "q": "quoteVolume", "O": "openTime", "C": "closeTime", "F": "firstId",
    "L": "lastId", "n": "count",
}  # fmt: skip
"""What the stream calls the fields."""
_MOST: Final = 100
"""Symbols that may be named."""


def tickers(exchange: Exchange, parameters: Parameters, unit: TimeUnit) -> bytes:
    """The answer of `ticker/24hr`."""
    if parameters.given.get("type", "FULL") != "FULL":
        raise refusal.invalid_value("type")
    return _answer(exchange, parameters, lambda symbol: _ticker(exchange, symbol, unit))


def books(exchange: Exchange, parameters: Parameters) -> bytes:
    """The answer of `ticker/bookTicker`."""
    return _answer(exchange, parameters, lambda symbol: _book(exchange, symbol))


def ticker_event(exchange: Exchange, symbol: Symbol, unit: TimeUnit) -> str:
    """A message of the stream `@ticker`."""
    said = _ticker(exchange, symbol, unit)
    event = {"e": "24hrTicker", "E": said["closeTime"], "s": symbol.name}
    return orjson.dumps(event | {short: said[name] for short, name in _EVENT.items()}).decode()


def book_event(symbol: Symbol, batch: TradeBatch) -> str:
    """A message of the stream `@bookTicker`, after these trades: it has neither a kind nor a time."""
    bid, ask = map(_text, beside(symbol, batch.price.decimals()[-1]))
    book = {"u": int(batch.sequence[-1]), "s": symbol.name, "b": bid, "B": _ONE, "a": ask, "A": _ONE}
    return orjson.dumps(book).decode()


def _answer(exchange: Exchange, parameters: Parameters, describe: Callable[[Symbol], dict[str, Any]]) -> bytes:
    """An object for one symbol, else an array."""
    if "symbol" in parameters and "symbols" in parameters:
        raise refusal.bad_combination()
    if "symbol" in parameters:
        return orjson.dumps(describe(exchange.symbol(parameters.symbol())))
    return orjson.dumps([describe(symbol) for symbol in _chosen(exchange, parameters)])


def _book(exchange: Exchange, symbol: Symbol) -> dict[str, Any]:
    last = exchange.up_to_number(symbol, exchange.last(symbol), 1)
    bid, ask = map(_text, beside(symbol, last.price.decimals()[-1])) if len(last) else (_NOTHING, _NOTHING)
    return {"symbol": symbol.name, "bidPrice": bid, "bidQty": _ONE, "askPrice": ask, "askQty": _ONE}


def _chosen(exchange: Exchange, parameters: Parameters) -> Sequence[Symbol]:
    if "symbols" not in parameters:
        return list(exchange.symbols.values())
    names = parameters.symbols()
    if len(names) > _MOST:
        raise refusal.invalid_value("symbols")
    return [exchange.symbol(name) for name in dict.fromkeys(names)]


def _ticker(exchange: Exchange, symbol: Symbol, unit: TimeUnit) -> dict[str, Any]:
    now, found = exchange.shown_time(), figures(exchange, symbol)
    last, bid, ask, low, high, first, average = map(_text, found.prices) if found else [_NOTHING] * 7
    change = Decimal(last) - Decimal(first)
    return {
        "symbol": symbol.name,
        "priceChange": f"{change:.8f}",
        "priceChangePercent": f"{change / Decimal(first) * 100:.3f}" if found else "0.000",
        "weightedAvgPrice": average,
        "prevClosePrice": first,
        "lastPrice": last,
        "lastQty": found.last_size if found else _NOTHING,
        "bidPrice": bid,
        "bidQty": _ONE,
        "askPrice": ask,
        "askQty": _ONE,
        "openPrice": first,
        "highPrice": high,
        "lowPrice": low,
        "volume": found.volume if found else _NOTHING,
        "quoteVolume": found.quote_volume if found else _NOTHING,
        "openTime": unit.of(now - DAY),
        "closeTime": unit.of(now),
        "firstId": found.first if found else -1,
        "lastId": found.last if found else -1,
        "count": found.trades if found else 0,
    }


def _text(number: str | Decimal) -> str:
    return f"{Decimal(number):.8f}"
