"""Kraken's websocket, version 2: trades as they happen, and the best bid and ask if they are wanted.

Wire format: docs.kraken.com, "Spot WebSocket v2". Each subscription begins with the last 50 trades: what happened while
a connection was made is among them, or is a hole that the history fills.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import batched, product
from typing import Any, Final

import orjson

from candlewick.domain.errors import InvalidInput
from candlewick.domain.market import Instrument
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import TradeLines
from candlewick.ports import Clock, Frame, RateBudget
from candlewick.providers.kraken import frames
from candlewick.providers.kraken.listing import VENUE
from candlewick.providers.websocket import Channel, Judgement, StreamBounds, WebSocketClient

MOST_SYMBOLS: Final = 500
"""Of one connection. Kraken documents no bound."""
CONNECTIONS_PER_MINUTE: Final = 10
"""Kraken allows an address about 150 in ten minutes."""
BOUNDS: Final = StreamBounds(silence=timedelta(seconds=15))
"""Kraken sends a heartbeat each second in which it has nothing else to say."""
_PATH: Final = "/v2"
_IN_MESSAGE: Final = 100
_BETWEEN_MESSAGES: Final = 0.2
"""Seconds: who sends requests too fast is told 'Exceeded msg rate'."""
_ASKED: Final = ({"channel": "trade"}, {"channel": "ticker", "event_trigger": "bbo"})
"""What pairs are asked for: trades, then quotes."""
_JUDGEMENT: Final = Judgement(frames.refusal)


class KrakenStream:
    """The TradeStream: one connection for up to 500 instruments."""

    def __init__(
        self, url: str, budget: RateBudget, clock: Clock, bounds: StreamBounds = BOUNDS, *, quotes: bool = False
    ) -> None:
        """`budget` counts connections. With `quotes` tickers come too, each time the best bid or ask changes."""
        self._quotes = quotes
        self._url = url.rstrip("/").removesuffix(_PATH)
        self._client = WebSocketClient(VENUE, budget, clock, bounds)

    @asynccontextmanager
    async def connect(self, instruments: Sequence[Instrument]) -> AsyncIterator[AsyncIterator[Frame]]:
        """See `TradeStream.connect`. A pair that Kraken does not know ends nothing: its refusal is a frame as well.

        Raises:
            InvalidInput: no instrument, or more than a connection carries.
            RateLimited, SourceUnavailable: see `TradeStream`. SourceRefused: not from here.
        """
        if not 1 <= len(instruments) <= MOST_SYMBOLS:
            raise InvalidInput(
                f"a connection to Kraken carries 1 to {MOST_SYMBOLS} instruments, not {len(instruments)}: "
                "share them among several"
            )
        async with self._client.open(self._url + _PATH) as channel:
            await _subscribe(channel, [instrument.symbol for instrument in instruments], _ASKED[: 1 + self._quotes])
            yield channel.frames(_JUDGEMENT)

    def read(self, frames_: Sequence[Frame]) -> Mapping[str, TradeLines]:
        """See `TradeStream.read`."""
        return frames.read(frames_)

    def tips(self, frames_: Sequence[Frame]) -> Mapping[str, int]:  # noqa: ARG002  (the port's)
        """See `TradeStream.tips`. Kraken's heartbeats do not say."""
        return {}

    def quotes(self, frames_: Sequence[Frame]) -> Mapping[str, QuoteLines]:
        """See `TradeStream.quotes`."""
        return frames.quotes(frames_) if self._quotes else {}


async def _subscribe(channel: Channel, symbols: Sequence[str], asked: Sequence[Mapping[str, Any]]) -> None:
    for number, (part, what) in enumerate(product(batched(symbols, _IN_MESSAGE), asked), 1):
        if number > 1:
            await asyncio.sleep(_BETWEEN_MESSAGES)
        params = {"symbol": list(part), "snapshot": True, **what}
        await channel.send(orjson.dumps({"method": "subscribe", "params": params, "req_id": number}).decode())
