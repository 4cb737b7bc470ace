"""What Kraken says on a socket of version 2: its status, subscriptions, and the trades with which one begins.

Source: docs.kraken.com, "Spot WebSocket v2": "Status", "Ping", "Trade", "Ticker", "Candles".
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from candlewick.providers.kraken.simulator import wire
from candlewick.providers.kraken.simulator.feed import (
    CHANNELS,
    HEARTBEAT,
    TRADE,
    Parcels,
    status,
    stream_of,
    trades_parcel,
)
from candlewick.providers.kraken.simulator.options import SimulatorOptions
from candlewick.providers.kraken.simulator.pairs import Pair, Pairs
from candlewick.providers.simulation.exchange import Exchange
from candlewick.providers.simulation.sockets import Sockets, Subscriber


@dataclass(frozen=True, slots=True)
class _Request:
    """A message of the client."""

    method: Any
    channel: Any
    symbols: list[Any]
    wants_snapshot: bool
    number: Any

    @classmethod
    def of(cls, text: str) -> _Request | None:
        """None if it is none."""
        try:
            given = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        params = given.get("params", {}) if isinstance(given, dict) else None
        if not isinstance(params, dict):
            return None
        symbols, channel = params.get("symbol"), params.get("channel")
        wants_snapshot = params.get("snapshot", channel != TRADE) is True
        return cls(
            given.get("method"), channel, symbols if isinstance(symbols, list) else [], wants_snapshot,
            given.get("req_id"),
        )  # fmt: skip


@dataclass(slots=True)
class KrakenDialogue:
    """See `Dialogue`."""

    exchange: Exchange
    pairs: Pairs
    options: SimulatorOptions
    form: None = None
    _pulse: str | None = field(default=None)
    """The stream from which this socket has its signs of life: that of the first pair it subscribed to."""

    async def begin(self, subscriber: Subscriber) -> Sequence[str]:
        del subscriber
        return [status(self.exchange, "online")]

    async def answer(self, subscriber: Subscriber, text: str) -> Sequence[str | Parcels]:
        request = _Request.of(text)
        if request is None:
            return [self._said({"error": "Malformed request", "success": False}, None)]
        if request.method == "ping":
            return [self._said({"method": "pong"}, request)]
        if request.method not in {"subscribe", "unsubscribe"}:
            return [self._said({"error": "Unsupported method", "success": False}, request)]
        if request.channel not in CHANNELS or not request.symbols:
            return [self._said({"error": "Event(s) not found", "method": request.method, "success": False}, request)]
        said: list[str | Parcels] = []
        for symbol in request.symbols:
            said += await self._one(subscriber, request, symbol)
        return said

    async def _one(self, subscriber: Subscriber, request: _Request, symbol: Any) -> list[str | Parcels]:
        """What is said to a request about one pair."""
        pair = self.pairs.of(symbol) if isinstance(symbol, str) else None
        about = {"method": request.method, "symbol": symbol}
        if pair is None:
            error = f"Currency pair not supported {symbol}"
            return [self._said({"error": error, "success": False, **about}, request)]
        stream = stream_of(pair.name, request.channel)
        if request.method == "unsubscribe":
            if stream not in subscriber.streams:
                return [self._said({"error": "Subscription Not Found", "success": False, **about}, request)]
            subscriber.unsubscribe([stream])
            return [self._said(self._done(request, pair), request)]
        if stream in subscriber.streams:
            return [self._said({"error": "Already subscribed", "success": False, **about}, request)]
        self._begin_pulse(subscriber, pair)
        subscriber.subscribe([stream])
        wants_trades = request.wants_snapshot and request.channel == TRADE
        snapshot = [await asyncio.to_thread(self._newest, pair)] if wants_trades else []
        return [self._said(self._done(request, pair), request), *snapshot]

    def _begin_pulse(self, subscriber: Subscriber, pair: Pair) -> None:
        if self._pulse is None:
            self._pulse = stream_of(pair.name, HEARTBEAT)
            subscriber.subscribe([self._pulse])

    def _newest(self, pair: Pair) -> Parcels:
        """The last trades, in one message. Blocking."""
        last = self.exchange.last(pair.symbol)
        batch = self.exchange.up_to_number(pair.symbol, last, self.options.snapshot)
        return trades_parcel(pair, batch, self.options.snapshot, "snapshot")

    def _done(self, request: _Request, pair: Pair) -> dict[str, Any]:
        result = {"channel": request.channel, "symbol": pair.name, "snapshot": request.wants_snapshot}
        return {"method": request.method, "result": result, "success": True}

    def _said(self, message: dict[str, Any], request: _Request | None) -> str:
        moment = wire.iso(self.exchange.shown_time())
        number = {} if request is None or request.number is None else {"req_id": request.number}
        return orjson.dumps(message | {"time_in": moment, "time_out": moment} | number).decode()


@dataclass(frozen=True, slots=True)
class Streams:
    """The websocket's endpoint."""

    exchange: Exchange
    pairs: Pairs
    sockets: Sockets[None]
    options: SimulatorOptions

    def routes(self) -> list[WebSocketRoute]:
        return [WebSocketRoute("/v2", self._serve)]

    async def _serve(self, websocket: WebSocket) -> None:
        await self.sockets.serve(websocket, KrakenDialogue(self.exchange, self.pairs, self.options))
