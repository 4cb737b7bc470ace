"""Binance's websocket streams: trades as they happen.

Wire format and rules: binance-spot-api-docs, web-socket-streams.md, "General WSS information".
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import batched
from typing import Final
from urllib.parse import quote

import orjson
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus, WebSocketException

from candlewick.domain.errors import InvalidInput, RateLimited, SourceUnavailable
from candlewick.domain.market import Instrument, Tape
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import TradeLines
from candlewick.ports import Clock, Frame, RateBudget
from candlewick.providers import answers
from candlewick.providers.binance import frames
from candlewick.providers.http import USER_AGENT

log = structlog.get_logger(__name__)

MOST_STREAMS: Final = 1024
"""Of one connection."""
CONNECTIONS_PER_MINUTE: Final = 50
"""Binance allows an address 300 in five minutes."""
_IN_URL: Final = 100
"""Streams that are named in the URL; a longer URL would be refused on the way. The others are subscribed to."""
_IN_MESSAGE: Final = 200
_BETWEEN_MESSAGES: Final = 0.25
"""Seconds: Binance takes five messages a second and ends the connection of who sends more."""
_STREAMS: Final = {Tape.TRADES: "trade", Tape.AGGREGATED: "aggTrade"}


@dataclass(frozen=True, slots=True)
class StreamBounds:
    """How long a connection is trusted, and how much of it waits in memory."""

    opening: timedelta = timedelta(seconds=10)
    ping: timedelta = timedelta(seconds=20)
    """How often we ask whether the other side is there, and how long the answer may take."""
    silence: timedelta = timedelta(minutes=1)
    """Without any message, though pings are answered: a feed that hangs looks like a market that sleeps, and a new
    connection costs less than not knowing."""
    life: timedelta = timedelta(hours=23)
    """Binance ends a connection after 24 hours: ours ends before, between two messages."""
    message_bytes: int = 1024 * 1024
    queue: int = 64
    """Messages read ahead; then the socket is left alone until they are asked for."""


class BinanceStream:
    """The TradeStream. A connection carries up to 1,024 instruments, each on the tape that it keeps."""

    def __init__(
        self, source: str, url: str, budget: RateBudget, clock: Clock, bounds: StreamBounds | None = None
    ) -> None:
        """`budget` counts connections."""
        self._source = source
        self._url = url.rstrip("/")
        self._budget = budget
        self._clock = clock
        self._bounds = bounds or StreamBounds()

    @asynccontextmanager
    async def connect(self, instruments: Sequence[Instrument]) -> AsyncIterator[AsyncIterator[Frame]]:
        """See `TradeStream.connect`. The iterator also ends by itself before the venue would end it.

        Raises:
            InvalidInput: no instrument, or more than a connection carries.
            RateLimited, SourceUnavailable: see `TradeStream`. SourceRefused: not from here.
        """
        streams = _streams(instruments)
        await self._budget.spend(1)
        socket = await self._open(streams[:_IN_URL])
        try:
            await self._subscribe(socket, streams[_IN_URL:])
            yield self._frames(socket)
        finally:
            await socket.close()

    def read(self, frames_: Sequence[Frame]) -> Mapping[str, TradeLines]:
        """See `TradeStream.read`."""
        return frames.read(frames_)

    def tips(self, frames_: Sequence[Frame]) -> Mapping[str, int]:  # noqa: ARG002  (the port's)
        """See `TradeStream.tips`. Binance has no heartbeat that would say."""
        return {}

    def quotes(self, frames_: Sequence[Frame]) -> Mapping[str, QuoteLines]:  # noqa: ARG002  (the port's)
        """See `TradeStream.quotes`. No stream of quotes is asked for."""
        return {}

    async def _open(self, streams: Sequence[str]) -> ClientConnection:
        names = "/".join(quote(name) for name in streams)
        bounds = self._bounds
        try:
            return await _Connect(
                f"{self._url}/stream?streams={names}&timeUnit=MICROSECOND",
                user_agent_header=USER_AGENT,
                compression=None,
                open_timeout=bounds.opening.total_seconds(),
                ping_interval=bounds.ping.total_seconds(),
                ping_timeout=bounds.ping.total_seconds(),
                close_timeout=2,
                max_size=bounds.message_bytes,
                max_queue=bounds.queue,
            )
        except InvalidStatus as exc:
            response, body = exc.response, bytes(exc.response.body or b"")
            error = answers.explain(self._source, response.status_code, response.headers, body, self._clock.now())
            if isinstance(error, RateLimited) and error.retry_after:
                await self._budget.pause(error.retry_after)
            raise error from exc
        except (OSError, WebSocketException) as exc:
            raise SourceUnavailable(self._source, f"no stream: {str(exc) or type(exc).__name__}") from exc

    async def _subscribe(self, socket: ClientConnection, streams: Sequence[str]) -> None:
        """Ask for the streams that the URL had no room for, as slowly as the venue wants it."""
        for number, part in enumerate(batched(streams, _IN_MESSAGE), 1):
            request = {"method": "SUBSCRIBE", "params": list(part), "id": number}
            try:
                await socket.send(orjson.dumps(request).decode())
            except WebSocketException as exc:
                raise SourceUnavailable(self._source, f"the stream broke: {exc}") from exc
            await asyncio.sleep(_BETWEEN_MESSAGES)

    async def _frames(self, socket: ClientConnection) -> AsyncIterator[Frame]:
        loop = asyncio.get_running_loop()
        renewal = loop.time() + self._bounds.life.total_seconds()
        while (rest := renewal - loop.time()) > 0:
            body = await self._next(socket, rest)
            if body is None:
                return
            if (reason := frames.refusal(body)) is not None:
                raise SourceUnavailable(self._source, f"the stream refuses: {reason}")
            yield Frame(body, self._clock.now())
            if frames.is_goodbye(body):
                log.info("stream_goodbye", source=self._source)
                return

    async def _next(self, socket: ClientConnection, rest: float) -> bytes | None:
        """The next message; None when the connection is over in good order or due to be renewed."""
        silence = self._bounds.silence.total_seconds()
        try:
            async with asyncio.timeout(min(silence, rest)):
                return await socket.recv(decode=False)
        except TimeoutError as exc:
            if rest <= silence:
                return None
            raise SourceUnavailable(self._source, f"the stream was silent for {silence:g} s") from exc
        except ConnectionClosedOK:
            return None
        except ConnectionClosedError as exc:
            raise SourceUnavailable(self._source, f"the stream broke: {exc}") from exc


class _Connect(connect):
    """Does not follow redirects: a venue moves by a setting."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def _streams(instruments: Sequence[Instrument]) -> list[str]:
    if not 1 <= len(instruments) <= MOST_STREAMS:
        raise InvalidInput(
            f"a connection to Binance carries 1 to {MOST_STREAMS} instruments, not {len(instruments)}: "
            "share them among several"
        )
    return [f"{instrument.symbol.lower()}@{_STREAMS[instrument.tape]}" for instrument in instruments]
