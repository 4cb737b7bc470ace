"""What `ticker/24hr` says: figures of the last day of each symbol."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import orjson

from candlewick.providers.binance.simulator import refusal
from candlewick.providers.binance.simulator.parameters import Parameters
from candlewick.providers.binance.simulator.wire import TimeUnit
from candlewick.providers.simulation.day import figures
from candlewick.providers.simulation.exchange import Exchange, Symbol

PARAMETERS: Final = ("symbol", "symbols", "type")
DAY: Final = 86_400_000_000
_NOTHING: Final = "0.00000000"
_MOST: Final = 100
"""Symbols that may be named."""


def tickers(exchange: Exchange, parameters: Parameters, unit: TimeUnit) -> bytes:
    """The answer: an object for one symbol, else an array."""
    if "symbol" in parameters and "symbols" in parameters:
        raise refusal.bad_combination()
    if parameters.given.get("type", "FULL") != "FULL":
        raise refusal.invalid_value("type")
    if "symbol" in parameters:
        return orjson.dumps(_ticker(exchange, exchange.symbol(parameters.symbol()), unit))
    return orjson.dumps([_ticker(exchange, symbol, unit) for symbol in _chosen(exchange, parameters)])


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
        "bidQty": "1.00000000",
        "askPrice": ask,
        "askQty": "1.00000000",
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


def _text(number: str) -> str:
    return f"{Decimal(number):.8f}"
