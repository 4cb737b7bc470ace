"""Coinbase's websocket feed: trades as they happen, and heartbeats that say how many there should be.

Source: docs.cdp.coinbase.com, Exchange WebSocket "Overview", "Channels", "Rate limits", "Errors".
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import batched
from typing import Final

import orjson
import structlog

from candlewick.domain.errors import InvalidInput, SourceUnavailable
from candlewick.domain.market import Instrument
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import TradeLines
from candlewick.ports import Clock, Frame, RateBudget
from candlewick.providers.coinbase import frames
from candlewick.providers.coinbase.pulse import Pulse
from candlewick.providers.websocket import Channel, Judgement, StreamBounds, WebSocketClient

log = structlog.get_logger(__name__)

MOST_PRODUCTS: Final = 500
"""Of one connection. Coinbase names no limit, and advises to spread them."""
CONNECTIONS_PER_MINUTE: Final = 60
"""Coinbase allows an address 8 a second."""
CHANNELS: Final = ("matches", "heartbeat")
TICKER: Final = "ticker"
_IN_MESSAGE: Final = 50
"""Products of one subscription: its message stays small, and one that is refused concerns few."""
_BETWEEN_MESSAGES: Final = 0.05
"""Seconds. Coinbase takes a hundred messages a second, and ends a connection that asks for nothing within five."""
BOUNDS: Final = StreamBounds(silence=timedelta(seconds=15))
"""Every product has a heartbeat a second: silence is no market that sleeps."""


class CoinbaseStream:
    """The TradeStream. A connection carries up to 500 products."""

    def __init__(
        self,
        source: str,
        url: str,
        budget: RateBudget,
        clock: Clock,
        bounds: StreamBounds = BOUNDS,
        *,
        quotes: bool = False,
    ) -> None:
        """`budget` counts connections. `bounds.silence` is also how long a heartbeat is waited for.

        With `quotes` tickers come too, one with each match.
        """
        self._quotes = quotes
        self._source = source
        self._url = url
        self._silence = bounds.silence.total_seconds()
        self._client = WebSocketClient(source, budget, clock, bounds)

    @asynccontextmanager
    async def connect(self, instruments: Sequence[Instrument]) -> AsyncIterator[AsyncIterator[Frame]]:
        """See `TradeStream.connect`. The iterator also ends by itself before the venue would end it.

        A product that Coinbase refuses is left out, logged, and said by its frame, so that it keeps no other waiting.

        Raises:
            InvalidInput: no instrument, or more than a connection carries.
            RateLimited, SourceUnavailable: see `TradeStream`. SourceRefused: not from here.
        """
        if not 1 <= len(instruments) <= MOST_PRODUCTS:
            raise InvalidInput(
                f"a connection to Coinbase carries 1 to {MOST_PRODUCTS} instruments, not {len(instruments)}: "
                "share them among several"
            )
        products = [instrument.symbol for instrument in instruments]
        async with self._client.open(self._url) as channel:
            channels = (*CHANNELS, TICKER) if self._quotes else CHANNELS
            wanted = _Wanted(self._source, channel, products, channels)
            await wanted.subscribe()
            yield self._watched(channel, wanted)

    def read(self, frames_: Sequence[Frame]) -> Mapping[str, TradeLines]:
        """See `TradeStream.read`."""
        return frames.read(frames_)

    def tips(self, frames_: Sequence[Frame]) -> Mapping[str, int]:
        """See `TradeStream.tips`."""
        return frames.tips(frames_)

    def quotes(self, frames_: Sequence[Frame]) -> Mapping[str, QuoteLines]:
        """See `TradeStream.quotes`."""
        return frames.quotes(frames_) if self._quotes else {}

    async def _watched(self, channel: Channel, wanted: _Wanted) -> AsyncIterator[Frame]:
        """The messages, for as long as heartbeats are among them."""
        loop = asyncio.get_running_loop()
        pulse = Pulse(wanted.products, self._silence)
        messages = channel.frames(Judgement(wanted.refusal))
        while True:
            begun = loop.time()
            frame = await anext(messages, None)
            if frame is None:
                return
            pulse.listened(loop.time() - begun, frames.heartbeat_of(frame.body))
            if (reason := pulse.stopped()) is not None:
                raise SourceUnavailable(self._source, f"the stream has {reason}")
            await wanted.subscribe_again(frame.body)
            yield frame


class _Wanted:
    """What a connection asks for: some products at a time, without those that Coinbase refused."""

    def __init__(self, source: str, channel: Channel, products: Sequence[str], channels: Sequence[str]) -> None:
        self._source = source
        self._channels = channels
        self._channel = channel
        self.products = list(products)
        self._parts = [list(part) for part in batched(products, _IN_MESSAGE)]

    async def subscribe(self) -> None:
        """Ask for everything."""
        for part in self._parts:
            await self._ask(part)
            await asyncio.sleep(_BETWEEN_MESSAGES)

    def refusal(self, body: bytes) -> str | None:
        """Why everything is refused; None if nothing is, or only a product."""
        reason = frames.refusal(body)
        return reason if reason is not None and self._refused(reason) is None else None

    async def subscribe_again(self, body: bytes) -> None:
        """If the message refuses a product, ask without it for those that were asked for together with it."""
        reason = frames.refusal(body)
        product = self._refused(reason) if reason is not None else None
        if product is None:
            return
        log.warning("product_refused", source=self._source, product=product, reason=reason)
        part = next(part for part in self._parts if product in part)
        part.remove(product)
        if part:
            await self._ask(part)

    def _refused(self, reason: str) -> str | None:
        """The product that a refusal names."""
        words = set(reason.replace(":", " ").split())
        return next((product for part in self._parts for product in part if product in words), None)

    async def _ask(self, products: Sequence[str]) -> None:
        request = {"type": "subscribe", "product_ids": list(products), "channels": list(self._channels)}
        await self._channel.send(orjson.dumps(request).decode())
