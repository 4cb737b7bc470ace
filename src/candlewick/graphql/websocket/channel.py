"""One socket as text in and messages out, bounded both ways."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from candlewick.graphql.websocket import closing
from candlewick.graphql.websocket.closing import SocketClosed, SocketGone
from candlewick.graphql.websocket.limits import SocketLimits

WIRE: Final = "candlewick.wire"
"""The extension of ASGI's scope under which a server may hand its side of the socket out."""


class Wire(Protocol):
    """A server's side of a socket: what is sent to thousands goes out without a detour for each."""

    def write(self, texts: Sequence[bytes]) -> bool:
        """Send text frames at once; False, and nothing is sent, if the client has yet to take what was sent before."""

    def close(self, code: int, reason: str) -> None:
        """Send a close frame behind all that was sent, and drop the connection soon, taken or not."""


class Channel:
    """Waits for a client that is slow to take what is sent, rather than keep it; but not for ever."""

    def __init__(self, websocket: WebSocket, limits: SocketLimits) -> None:
        self._websocket = websocket
        self._limits = limits
        self._wire: Wire | None = (websocket.scope.get("extensions") or {}).get(WIRE)
        self._turn = asyncio.Lock()
        self._since = 0.0
        self._received = 0

    async def receive(self) -> str:
        """The next text frame.

        Raises:
            SocketGone: there is none.
            SocketClosed: it is binary or too large, or there are too many.
        """
        try:
            message = await self._websocket.receive()
        except (RuntimeError, WebSocketDisconnect) as exc:  # a send found out first
            raise SocketGone from exc
        if message["type"] == "websocket.disconnect":
            raise SocketGone(message.get("code"))
        self._count()
        text = message.get("text")
        if not isinstance(text, str):
            raise closing.invalid("it is binary")
        if len(text) > self._limits.frame_bytes:
            raise closing.invalid(f"it is longer than {self._limits.frame_bytes} characters; send values as variables")
        return text

    def _count(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._since > self._limits.frames_seconds:
            self._since, self._received = now, 0
        self._received += 1
        if self._received > self._limits.frames:
            raise closing.too_busy(self._limits.frames, self._limits.frames_seconds)

    async def send(self, kind: str, operation_id: str | None = None, payload: object = None) -> None:
        """Send a message, when those before it are taken.

        Raises:
            SocketGone: nobody takes it.
            SocketClosed: the client has taken nothing for too long.
        """
        message: dict[str, Any] = {"type": kind}
        if operation_id is not None:
            message["id"] = operation_id
        if payload is not None:
            message["payload"] = payload
        await self.send_text(orjson.dumps(message))

    async def send_text(self, text: bytes) -> None:
        """Send a message that is JSON already; see `send`."""
        async with self._turn:
            if self._wire is not None and self._wire.write([text]):
                return
            try:
                async with asyncio.timeout(self._limits.send_seconds):
                    await self._websocket.send_text(text.decode())
            except TimeoutError as exc:
                raise closing.too_slow(self._limits.send_seconds) from exc
            except (RuntimeError, WebSocketDisconnect) as exc:
                raise SocketGone from exc

    def offer(self, texts: Sequence[bytes]) -> bool:
        """Send messages at once; False, and nothing is sent, if the client has to be waited for."""
        if self._wire is None or self._turn.locked():
            return False
        return self._wire.write(texts)

    async def close(self, why: SocketClosed) -> None:
        """Close with the code and the reason, if the client can still be told."""
        if self._wire is not None:
            self._wire.close(why.code, why.reason)
            return
        with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
            async with asyncio.timeout(1):
                await self._websocket.close(why.code, why.reason)


class Outlet:
    """Where the events of one operation go: each in a frame with the operation's id, the rest of it as it is."""

    __slots__ = ("_channel", "_head")

    def __init__(self, channel: Channel, operation_id: str) -> None:
        self._channel = channel
        self._head = b'{"type":"next","id":%b,"payload":' % orjson.dumps(operation_id)

    def offer(self, payloads: Sequence[bytes]) -> bool:
        """See `following.follower.Outlet.offer`."""
        return self._channel.offer([self._head + payload + b"}" for payload in payloads])

    async def send(self, payload: bytes) -> None:
        """See `following.follower.Outlet.send`."""
        await self._channel.send_text(self._head + payload + b"}")
