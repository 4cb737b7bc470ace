"""A provider's websocket, read patiently: time-outs, silence, renewal, backpressure, and what every end of it means.

What is said on it is the provider's matter: it subscribes, and judges the messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus, WebSocketException

from candlewick.domain.errors import RateLimited, SourceUnavailable
from candlewick.ports import Clock, Frame, RateBudget
from candlewick.providers import answers
from candlewick.providers.http import USER_AGENT

log = structlog.get_logger(__name__)

_MOST_URLS: Final = 1_000


@dataclass(frozen=True, slots=True)
class StreamBounds:
    """How long a connection is trusted, and how much of it waits in memory."""

    opening: timedelta = timedelta(seconds=10)
    ping: timedelta = timedelta(seconds=20)
    """How often we ask whether the other side is there, and how long the answer may take."""
    silence: timedelta = timedelta(minutes=1)
    """Without any message, though pings are answered: a feed that hangs looks like a market that sleeps, and a new
    connection costs less than not knowing."""
    longest_silence: timedelta | None = None
    """Where nothing but trades is said, and a market may sleep for long: after a connection over which nothing came at
    all, the next one is trusted twice as long, up to this. None: the venue says something all the time."""
    life: timedelta = timedelta(hours=23)
    """Venues end a connection after 24 hours: ours ends before, between two messages."""
    message_bytes: int = 1024 * 1024
    queue: int = 64
    """Messages read ahead; then the socket is left alone until they are asked for."""


def _never(_: bytes) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the provider finds in a message besides what it says of the market."""

    refusal: Callable[[bytes], str | None]
    """Why the venue refuses what was asked for; None if it does not."""
    is_goodbye: Callable[[bytes], bool] = _never
    """Whether the venue says that it is about to end the connection."""


class Patience:
    """How long connections to one URL may be silent, as it was learned from those before."""

    def __init__(self, bounds: StreamBounds) -> None:
        self._bounds = bounds
        self.silence = bounds.silence

    def heard(self) -> None:
        """Something came: the next silence may be the venue's."""
        self.silence = self._bounds.silence

    def may_last(self) -> bool:
        """Whether a connection over which nothing came is to be expected; then the next one may be so for longer."""
        if self._bounds.longest_silence is None:
            return False
        self.silence = min(self.silence * 2, self._bounds.longest_silence)
        return True


class Channel:
    """An open connection."""

    def __init__(
        self, source: str, socket: ClientConnection, clock: Clock, bounds: StreamBounds, patience: Patience
    ) -> None:
        self._source = source
        self._socket = socket
        self._clock = clock
        self._bounds = bounds
        self._patience = patience
        self._is_silent = True
        """Whether nothing has come yet."""

    async def send(self, text: str) -> None:
        """Say something.

        Raises:
            SourceUnavailable: the connection broke.
        """
        try:
            await self._socket.send(text)
        except WebSocketException as exc:
            raise SourceUnavailable(self._source, f"the stream broke: {exc}") from exc

    async def frames(self, judgement: Judgement) -> AsyncIterator[Frame]:
        """The messages as they are asked for, until the venue says goodbye or the connection is due to be renewed.

        It also ends if nothing came at all, where that may be the market's.

        Raises:
            SourceUnavailable: it broke, was silent for too long, or the venue refuses what was asked for.
        """
        loop = asyncio.get_running_loop()
        renewal = loop.time() + self._bounds.life.total_seconds()
        while (rest := renewal - loop.time()) > 0:
            body = await self._next(rest)
            if body is None:
                return
            self._patience.heard()
            self._is_silent = False
            if (reason := judgement.refusal(body)) is not None:
                raise SourceUnavailable(self._source, f"the stream refuses: {reason}")
            yield Frame(body, self._clock.now())
            if judgement.is_goodbye(body):
                log.info("stream_goodbye", source=self._source)
                return

    async def _next(self, rest: float) -> bytes | None:
        """The next message; None when the connection is over in good order or due to be renewed."""
        silence = self._patience.silence.total_seconds()
        try:
            async with asyncio.timeout(min(silence, rest)):
                return await self._socket.recv(decode=False)
        except TimeoutError as exc:
            if rest <= silence or (self._is_silent and self._patience.may_last()):
                return None
            raise SourceUnavailable(self._source, f"the stream was silent for {silence:g} s") from exc
        except ConnectionClosedOK:
            return None
        except ConnectionClosedError as exc:
            raise SourceUnavailable(self._source, f"the stream broke: {exc}") from exc


class WebSocketClient:
    """Opens connections to one provider."""

    def __init__(self, source: str, budget: RateBudget, clock: Clock, bounds: StreamBounds | None = None) -> None:
        """`budget` counts connections."""
        self._source = source
        self._budget = budget
        self._clock = clock
        self._bounds = bounds or StreamBounds()
        self._patience: dict[str, Patience] = {}

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[Channel]:
        """A connection, for as long as the block lasts. Redirects are not followed.

        Raises:
            RateLimited, SourceUnavailable: not now. SourceRefused: not from here. Whatever `RateBudget.spend` raises.
        """
        await self._budget.spend(1)
        socket = await self._socket(url)
        try:
            yield Channel(self._source, socket, self._clock, self._bounds, self._patience_with(url))
        finally:
            await socket.close()

    def _patience_with(self, url: str) -> Patience:
        """Others ask for other things, and get another URL: what was learned of those is forgotten some time."""
        if url not in self._patience and len(self._patience) >= _MOST_URLS:
            self._patience.clear()
        return self._patience.setdefault(url, Patience(self._bounds))

    async def _socket(self, url: str) -> ClientConnection:
        bounds = self._bounds
        try:
            return await _Connect(
                url,
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


class _Connect(connect):
    """Does not follow redirects: a venue moves by a setting."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc
