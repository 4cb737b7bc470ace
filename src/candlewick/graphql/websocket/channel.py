"""One socket as text in and messages out, bounded both ways."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from candlewick.graphql.limits import Limits
from candlewick.graphql.websocket import closing
from candlewick.graphql.websocket.closing import SocketClosed, SocketGone


class Channel:
    """Waits for a client that is slow to take what is sent, rather than keep it; but not for ever."""

    def __init__(self, websocket: WebSocket, limits: Limits) -> None:
        self._websocket = websocket
        self._limits = limits
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
            raise SocketGone
        self._count()
        text = message.get("text")
        if not isinstance(text, str):
            raise closing.invalid("it is binary")
        if len(text) > self._limits.body_bytes:
            raise closing.invalid(f"it is longer than {self._limits.body_bytes} characters; send values as variables")
        return text

    def _count(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._since > self._limits.socket_messages_seconds:
            self._since, self._received = now, 0
        self._received += 1
        if self._received > self._limits.socket_messages:
            raise closing.too_busy(self._limits.socket_messages, self._limits.socket_messages_seconds)

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
        text = orjson.dumps(message).decode()
        async with self._turn:
            try:
                async with asyncio.timeout(self._limits.send_seconds):
                    await self._websocket.send_text(text)
            except TimeoutError as exc:
                raise closing.too_slow(self._limits.send_seconds) from exc
            except (RuntimeError, WebSocketDisconnect) as exc:
                raise SocketGone from exc

    async def close(self, why: SocketClosed) -> None:
        """Close with the code and the reason, if the client can still be told."""
        with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
            async with asyncio.timeout(1):
                await self._websocket.close(why.code, why.reason)
