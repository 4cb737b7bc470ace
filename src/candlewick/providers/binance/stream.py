"""Binance's websocket streams: trades as they happen, and the best bid and ask if they are wanted.

Wire format and rules: binance-spot-api-docs, web-socket-streams.md, "General WSS information".
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import batched
from typing import Final
from urllib.parse import quote

import orjson

from candlewick.domain.errors import InvalidInput
from candlewick.domain.market import Instrument, Tape
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import TradeLines
from candlewick.ports import Clock, Frame, RateBudget
from candlewick.providers.binance import frames
from candlewick.providers.websocket import Channel, Judgement, StreamBounds, WebSocketClient

MOST_STREAMS: Final = 1024
"""Of one connection."""
CONNECTIONS_PER_MINUTE: Final = 50
"""Binance allows an address 300 in five minutes."""
BOUNDS: Final = StreamBounds(longest_silence=timedelta(minutes=10))
"""There is no heartbeat, and some instruments are traded a few times an hour. Whether trades were missed meanwhile is
asked of the history, by each instrument's own rhythm."""
_IN_URL: Final = 100
"""Streams that are named in the URL; a longer URL would be refused on the way. The others are subscribed to."""
_IN_MESSAGE: Final = 200
_BETWEEN_MESSAGES: Final = 0.25
"""Seconds: Binance takes five messages a second and ends the connection of who sends more."""
_BOOK: Final = "bookTicker"
_STREAMS: Final = {Tape.TRADES: "trade", Tape.AGGREGATED: "aggTrade"}
_JUDGEMENT: Final = Judgement(frames.refusal, frames.is_goodbye)


class BinanceStream:
    """The TradeStream. A connection carries up to 1,024 instruments, each on the tape that it keeps."""

    def __init__(
        self,
        source: str,
        url: str,
        budget: RateBudget,
        clock: Clock,
        bounds: StreamBounds | None = None,
        *,
        quotes: bool = False,
    ) -> None:
        """`budget` counts connections. With `quotes` book tickers come too, and a connection carries half as many."""
        self._quotes = quotes
        self._url = url.rstrip("/")
        self._client = WebSocketClient(source, budget, clock, bounds or BOUNDS)

    @asynccontextmanager
    async def connect(self, instruments: Sequence[Instrument]) -> AsyncIterator[AsyncIterator[Frame]]:
        """See `TradeStream.connect`. The iterator also ends by itself before the venue would end it.

        Raises:
            InvalidInput: no instrument, or more than a connection carries.
            RateLimited, SourceUnavailable: see `TradeStream`. SourceRefused: not from here.
        """
        streams = self._streams(instruments)
        names = "/".join(quote(name) for name in streams[:_IN_URL])
        async with self._client.open(f"{self._url}/stream?streams={names}&timeUnit=MICROSECOND") as channel:
            await _subscribe(channel, streams[_IN_URL:])
            yield channel.frames(_JUDGEMENT)

    def read(self, frames_: Sequence[Frame]) -> Mapping[str, TradeLines]:
        """See `TradeStream.read`."""
        return frames.read(frames_)

    def tips(self, frames_: Sequence[Frame]) -> Mapping[str, int]:  # noqa: ARG002  (the port's)
        """See `TradeStream.tips`. Binance has no heartbeat that would say."""
        return {}

    def quotes(self, frames_: Sequence[Frame]) -> Mapping[str, QuoteLines]:
        """See `TradeStream.quotes`."""
        return frames.quotes(frames_) if self._quotes else {}

    def _streams(self, instruments: Sequence[Instrument]) -> list[str]:
        most = MOST_STREAMS // 2 if self._quotes else MOST_STREAMS
        if not 1 <= len(instruments) <= most:
            raise InvalidInput(
                f"a connection to Binance carries 1 to {most} instruments, not {len(instruments)}: "
                "share them among several"
            )
        names = [(each.symbol.lower(), _STREAMS[each.tape]) for each in instruments]
        books = [f"{symbol}@{_BOOK}" for symbol, _ in names] if self._quotes else []
        return [*(f"{symbol}@{tape}" for symbol, tape in names), *books]


async def _subscribe(channel: Channel, streams: Sequence[str]) -> None:
    """Ask for the streams that the URL had no room for, as slowly as the venue wants it."""
    for number, part in enumerate(batched(streams, _IN_MESSAGE), 1):
        request = {"method": "SUBSCRIBE", "params": list(part), "id": number}
        await channel.send(orjson.dumps(request).decode())
        await asyncio.sleep(_BETWEEN_MESSAGES)
