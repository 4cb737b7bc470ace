"""The REST endpoints. Source: binance-spot-api-docs, rest-api.md, "Market Data endpoints"."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from candlewick.domain.batch import TradeBatch
from candlewick.providers.binance.simulator import directory, klines, refusal, tickers
from candlewick.providers.binance.simulator.parameters import Parameters, time_unit
from candlewick.providers.binance.simulator.refusal import JSON, Refusal
from candlewick.providers.binance.simulator.wire import TimeUnit, aggregated_json, trades_json
from candlewick.providers.simulation.candles import page
from candlewick.providers.simulation.exchange import Exchange, Symbol
from candlewick.providers.simulation.ledger import Channel, Ledger

_SPAN: Final = ("startTime", "endTime")
Answer = Callable[[Parameters, TimeUnit], str | bytes]


@dataclass(frozen=True, slots=True)
class Rest:
    """Answers requests, from an exchange."""

    exchange: Exchange
    ledger: Ledger
    weight_per_minute: int

    def routes(self) -> list[Route]:
        """All endpoints, and what the others answer."""
        return [
            _route("/ping", self._ping),
            _route("/time", self._time),
            _route("/exchangeInfo", self._exchange_info, *directory.PARAMETERS),
            _route("/trades", self._recent, "symbol", "limit"),
            _route("/historicalTrades", self._historical, "symbol", "limit", "fromId"),
            _route("/aggTrades", self._aggregated, "symbol", "limit", "fromId", *_SPAN),
            _route("/klines", self._klines, "symbol", "interval", "timeZone", "limit", *_SPAN),
            _route("/ticker/24hr", self._tickers, *tickers.PARAMETERS),
            _route("/ticker/bookTicker", self._books, *tickers.BOOK_PARAMETERS),
            Route("/api/{rest:path}", _unknown),
        ]

    def _ping(self, parameters: Parameters, unit: TimeUnit) -> str:
        del parameters, unit
        return "{}"

    def _time(self, parameters: Parameters, unit: TimeUnit) -> bytes:
        del parameters
        return orjson.dumps({"serverTime": unit.of(self.exchange.shown_time())})

    def _exchange_info(self, parameters: Parameters, unit: TimeUnit) -> bytes:
        return directory.exchange_info(self.exchange, parameters, unit, self.weight_per_minute)

    def _recent(self, parameters: Parameters, unit: TimeUnit) -> str:
        symbol = self._symbol(parameters)
        return trades_json(self._newest(symbol, parameters), unit)

    def _historical(self, parameters: Parameters, unit: TimeUnit) -> str:
        symbol, first = self._symbol(parameters), parameters.number("fromId")
        if first is None:
            return trades_json(self._newest(symbol, parameters), unit)
        return trades_json(self._left(symbol, self.exchange.from_number(symbol, first, parameters.limit())), unit)

    def _aggregated(self, parameters: Parameters, unit: TimeUnit) -> str:
        symbol, first, limit = self._symbol(parameters), parameters.number("fromId"), parameters.limit()
        start, end = parameters.start_time(), parameters.end_time()
        if first is not None and (start is not None or end is not None):
            raise refusal.bad_combination()
        stop = None if end is None else self.exchange.first_at(symbol, end + 1)
        if start is not None:
            first = self.exchange.first_at(symbol, start)
        if first is not None:
            batch = self.exchange.from_number(symbol, first, limit, end=stop)
        else:
            last = self.exchange.last(symbol) if stop is None else stop - 1
            batch = self.exchange.up_to_number(symbol, last, limit)
        return aggregated_json(self._left(symbol, batch), unit)

    def _klines(self, parameters: Parameters, unit: TimeUnit) -> str:
        symbol, interval = self._symbol(parameters), parameters.text("interval")
        if interval not in klines.WIDTHS:
            raise refusal.invalid_interval()
        if parameters.given.get("timeZone", "0") not in {"0", "00:00", "+00:00"}:
            raise refusal.invalid_value("timeZone")
        width, limit = klines.WIDTHS[interval], parameters.limit()
        found = page(self.exchange, symbol, width, parameters.start_time(), parameters.end_time(), limit)
        return f"[{','.join(klines.row_json(kline, unit) for kline in found)}]"

    def _tickers(self, parameters: Parameters, unit: TimeUnit) -> bytes:
        return tickers.tickers(self.exchange, parameters, unit)

    def _books(self, parameters: Parameters, unit: TimeUnit) -> bytes:
        del unit
        return tickers.books(self.exchange, parameters)

    def _symbol(self, parameters: Parameters) -> Symbol:
        return self.exchange.symbol(parameters.symbol())

    def _newest(self, symbol: Symbol, parameters: Parameters) -> TradeBatch:
        last = self.exchange.last(symbol)
        return self._left(symbol, self.exchange.up_to_number(symbol, last, parameters.limit()))

    def _left(self, symbol: Symbol, batch: TradeBatch) -> TradeBatch:
        """The same trades, written into the ledger."""
        self.ledger.record(Channel.REST, symbol.name, batch.sequence)
        return batch


def _route(path: str, answer: Answer, *known: str) -> Route:
    async def endpoint(request: Request) -> Response:
        unit = time_unit(request.headers.get("x-mbx-time-unit"))
        parameters = Parameters.of(request, known)
        body = await asyncio.to_thread(answer, parameters, unit)
        return Response(body, media_type=JSON)

    return Route(f"/api/v3{path}", endpoint, methods=["GET"])


async def _unknown(request: Request) -> Response:
    """A page for those who want one; others get nothing but the status."""
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse("<html><head><title>404 Not Found</title></head><body>Not Found</body></html>", 404)
    return Response(status_code=404)


async def refused(_: Request, exc: Exception) -> Response:
    """The answer to a request that cannot be answered."""
    said = exc if isinstance(exc, Refusal) else refusal.invalid_symbol()
    return said.response()
