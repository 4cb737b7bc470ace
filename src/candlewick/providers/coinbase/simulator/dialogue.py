"""What Coinbase says on a socket: subscriptions to channels of products, and its last match of each.

Source: docs.cdp.coinbase.com/exchange, WebSocket "Overview", "Channels".
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from candlewick.providers.coinbase.simulator.feed import CHANNELS, MATCHES, Parcels, matches_parcel, stream_of
from candlewick.providers.simulation.exchange import Exchange
from candlewick.providers.simulation.sockets import Sockets, Subscriber


class _Mistake(Exception):
    """A message that is answered with an error."""

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.said = {"type": "error", "message": message} | ({} if reason is None else {"reason": reason})


@dataclass(slots=True)
class CoinbaseDialogue:
    """See `Dialogue`."""

    exchange: Exchange
    form: None = None
    _channels: dict[str, dict[str, None]] = field(default_factory=dict)
    """The products of each channel that are subscribed to, in that order."""

    async def begin(self, subscriber: Subscriber) -> Sequence[str]:
        """Coinbase waits for the client."""
        del subscriber
        return []

    async def answer(self, subscriber: Subscriber, text: str) -> Sequence[str | Parcels]:
        try:
            wants, wanted = self._read(text)
        except _Mistake as mistake:
            return [orjson.dumps(mistake.said).decode()]
        if not wants:
            self._unsubscribe(subscriber, wanted)
            return [self._subscriptions()]
        fresh = [product for product in wanted.get(MATCHES, ()) if product not in self._channels.get(MATCHES, {})]
        for channel, products in wanted.items():
            self._channels.setdefault(channel, {}).update(dict.fromkeys(products))
            subscriber.subscribe([stream_of(product, channel) for product in products])
        newest = await asyncio.to_thread(self._newest, fresh)
        return [*newest, self._subscriptions()]

    def _newest(self, products: Sequence[str]) -> list[Parcels]:
        """The last match of each that has one. Blocking."""
        symbols = [self.exchange.symbol(product) for product in products]
        batches = [self.exchange.up_to_number(symbol, self.exchange.last(symbol), 1) for symbol in symbols]
        return [
            matches_parcel(symbol.name, batch, "last_match")
            for symbol, batch in zip(symbols, batches, strict=True)
            if len(batch)
        ]

    def _unsubscribe(self, subscriber: Subscriber, wanted: Mapping[str, Sequence[str]]) -> None:
        for channel, products in wanted.items():
            for product in products:
                self._channels.get(channel, {}).pop(product, None)
            subscriber.unsubscribe([stream_of(product, channel) for product in products])

    def _subscriptions(self) -> str:
        channels = [
            {"name": channel, "product_ids": list(products)} for channel, products in self._channels.items() if products
        ]
        return orjson.dumps({"type": "subscriptions", "channels": channels}).decode()

    def _read(self, text: str) -> tuple[bool, dict[str, list[str]]]:
        """Whether it subscribes, and to which products of which channels."""
        try:
            given = orjson.loads(text)
        except orjson.JSONDecodeError as exc:
            raise _Mistake("Malformed JSON") from exc
        if not isinstance(given, dict) or given.get("type") not in {"subscribe", "unsubscribe"}:
            raise _Mistake("Type has to be either subscribe or unsubscribe")
        channels = given.get("channels")
        if not isinstance(channels, list) or not channels:
            raise _Mistake("Failed to subscribe", "No channels provided")
        common = given.get("product_ids") or []
        named = (_channel(each, common) for each in channels)
        wanted = {channel: self._products(channel, products) for channel, products in named}
        return given["type"] == "subscribe", wanted

    def _products(self, channel: str, products: Any) -> list[str]:
        """The products, all of which have to be there."""
        if not isinstance(products, list) or not products:
            raise _Mistake("Failed to subscribe", f"You need to specify at least one product ID for channel {channel}")
        for product in products:
            symbol = self.exchange.symbols.get(product) if isinstance(product, str) else None
            if symbol is None:
                raise _Mistake("Failed to subscribe", f"{product} is not a valid product")
            if not symbol.is_trading:
                raise _Mistake("Failed to subscribe", f"{product} is delisted")
        return products


def _channel(given: Any, common: Any) -> tuple[str, Any]:
    """A channel's name and products: a name alone is for the products that the message names for all."""
    name, products = given, common
    if isinstance(given, dict):
        name, products = given.get("name"), given.get("product_ids", common)
    if name not in CHANNELS:
        raise _Mistake("Failed to subscribe", f"{name} is not a valid channel")
    return str(name), products


@dataclass(frozen=True, slots=True)
class Streams:
    """The feed's endpoint."""

    exchange: Exchange
    sockets: Sockets[None]

    def routes(self) -> list[WebSocketRoute]:
        return [WebSocketRoute("/", self._serve)]

    async def _serve(self, websocket: WebSocket) -> None:
        await self.sockets.serve(websocket, CoinbaseDialogue(self.exchange))
