"""The REST endpoints. Source: docs.cdp.coinbase.com/exchange, REST API, "Products"."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from candlewick.domain.batch import DecimalColumn, TradeBatch
from candlewick.domain.time import EARLIEST, from_microseconds, microseconds
from candlewick.providers.coinbase.simulator.options import SimulatorOptions
from candlewick.providers.coinbase.simulator.products import described
from candlewick.providers.coinbase.simulator.refusal import JSON, Refusal, not_found, said
from candlewick.providers.coinbase.simulator.wire import time_text, trades_json
from candlewick.providers.simulation.candles import MadeCandle, candles
from candlewick.providers.simulation.exchange import Exchange, Symbol
from candlewick.providers.simulation.figures import sums, texts
from candlewick.providers.simulation.ledger import Channel, Ledger

_SECOND: Final = 1_000_000
_DAY: Final = timedelta(days=1) // timedelta(microseconds=1)
_WIDTHS: Final = frozenset({60, 300, 900, 3_600, 21_600, 86_400})
_MOST_CANDLES: Final = 300
_MOST_TRADES: Final = 1_000
_TICKER_TRADES: Final = 500_000
"""The newest trades that a volume of 24 hours is made of, where there are more."""
_START: Final = np.zeros(1, dtype=np.int64)
Answer = tuple[str | bytes, dict[str, str]]
"""A body and headers."""
Endpoint = Callable[[Request], Answer]


@dataclass(frozen=True, slots=True)
class Rest:
    """Answers requests, from an exchange."""

    exchange: Exchange
    ledger: Ledger
    options: SimulatorOptions

    def routes(self) -> list[Route]:
        """All endpoints."""
        return [
            _route("/time", self._time),
            _route("/products", self._products),
            _route("/products/{product}", self._product),
            _route("/products/{product}/trades", self._trades),
            _route("/products/{product}/ticker", self._ticker),
            _route("/products/{product}/candles", self._candles),
        ]

    def _time(self, _: Request) -> Answer:
        now = self.exchange.shown_time()
        return orjson.dumps({"iso": time_text(now), "epoch": now / _SECOND}), {}

    def _products(self, _: Request) -> Answer:
        return orjson.dumps([described(symbol) for symbol in self.exchange.symbols.values()]), {}

    def _product(self, request: Request) -> Answer:
        return orjson.dumps(described(self._symbol(request))), {}

    def _trades(self, request: Request) -> Answer:
        symbol = self._symbol(request)
        limit, after, before = (_number(request.query_params, name) for name in ("limit", "after", "before"))
        last = self.exchange.last(symbol) if after is None else after - 1
        batch = self.exchange.up_to_number(symbol, last, min(limit or _MOST_TRADES, _MOST_TRADES))
        if before is not None:
            batch = batch[batch.sequence > before]
        self.ledger.record(Channel.REST, symbol.name, batch.sequence)
        ends = batch.sequence.tolist()
        headers = {"CB-BEFORE": str(ends[-1]), "CB-AFTER": str(ends[0])} if ends else {}
        return trades_json(batch), headers

    def _ticker(self, request: Request) -> Answer:
        symbol = self._symbol(request)
        last = self.exchange.last(symbol)
        newest = self.exchange.up_to_number(symbol, last, 1)
        if not len(newest):
            raise not_found()
        (price,), tick = newest.price.decimals(), symbol.listing.tick_size or 0
        ask = price if int(newest.side[0]) > 0 else price + tick
        return orjson.dumps(
            {
                "ask": f"{ask:f}",
                "bid": f"{ask - tick:f}",
                "volume": self._volume(symbol, last),
                "trade_id": int(newest.sequence[0]),
                "price": f"{price:f}",
                "size": texts(newest.size)[0],
                "time": time_text(int(newest.ts[0])),
            }
        ), {}

    def _volume(self, symbol: Symbol, last: int) -> str:
        """What was traded in 24 hours, or of late."""
        first = self.exchange.first_at(symbol, self.exchange.now() - _DAY)
        parts = list(self.exchange.between(symbol, max(first, last - _TICKER_TRADES), last + 1))
        size = DecimalColumn.concat([part.size for part in parts if len(part)] or [TradeBatch.of([]).size])
        return sums(size, _START)[0] if len(size.coefficients) else "0"

    def _candles(self, request: Request) -> Answer:
        symbol, given = self._symbol(request), request.query_params
        width = 60 if "granularity" not in given else _number(given, "granularity")
        if width not in _WIDTHS:
            raise Refusal("Unsupported granularity")
        start, end = self._span(given, width * _SECOND)
        found = self._made(symbol, width * _SECOND, start, end)
        return f"[{','.join(_row(candle) for candle in reversed(found[-_MOST_CANDLES:]))}]", {}

    def _span(self, given: Mapping[str, str], width: int) -> tuple[int, int]:
        """From when to when candles may open (µs), both included: both are given, or neither counts."""
        if "start" in given and "end" in given:
            start, end = _moment(given["start"], "start"), _moment(given["end"], "end")
            if (end - start) // width > _MOST_CANDLES - 1:
                raise Refusal(
                    "granularity too small for the requested time range. Count of aggregations requested exceeds 300"
                )
            return start, end
        now = self.exchange.now()
        return now - now % width - (_MOST_CANDLES - 1) * width, now

    def _made(self, symbol: Symbol, width: int, start: int, end: int) -> list[MadeCandle]:
        """Those with trades; the one before the start as well, as it happens at Coinbase."""
        newest = min(end, self.exchange.now())
        first = max(start - start % width - width, microseconds(EARLIEST))
        stop = newest - newest % width + width
        trades = self.exchange.first_at(symbol, stop) - self.exchange.first_at(symbol, first)
        if trades > self.options.most_trades:
            raise Refusal(f"simulated: {trades} trades are too many for the candles of one answer")
        return [candle for candle in candles(self.exchange, symbol, width, first, stop) if candle.trades]

    def _symbol(self, request: Request) -> Symbol:
        return self.exchange.symbol(request.path_params["product"].upper())


def _row(candle: MadeCandle) -> str:
    values = (candle.low, candle.high, candle.open, candle.close, candle.volume)
    return f"[{candle.opened // _SECOND},{','.join(map(_json_number, values))}]"


def _json_number(text: str) -> str:
    return text.rstrip("0").rstrip(".")


def _number(given: Mapping[str, str], name: str) -> int | None:
    """A whole number, if it is there."""
    text = given.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Refusal(f"{name} is invalid")
    return int(text)


def _moment(text: str, name: str) -> int:
    """A time in seconds since 1970 or in ISO 8601 (µs)."""
    try:
        found = (
            from_microseconds(int(text) * _SECOND)
            if text.isascii() and text.isdecimal()
            else datetime.fromisoformat(text)
        )
    except (ValueError, OverflowError) as exc:
        raise Refusal(f"{name} is invalid") from exc
    return microseconds(found if found.tzinfo else found.replace(tzinfo=UTC))


def _route(path: str, answer: Endpoint) -> Route:
    async def endpoint(request: Request) -> Response:
        body, headers = await asyncio.to_thread(answer, request)
        return Response(body, headers=headers, media_type=JSON)

    return Route(path, endpoint, methods=["GET"])


async def refused(_: Request, exc: Exception) -> Response:
    """The answer to a request that cannot be answered, or that there is no endpoint for."""
    refusal = exc if isinstance(exc, Refusal) else not_found()
    return said(refusal.message, refusal.status)
