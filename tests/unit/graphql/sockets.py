"""A websocket client of the application, without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.types import ASGIApp, Message

from candlewick.graphql.app import HttpOptions, create_app
from unit.graphql.fakes import FakeServices

PATIENCE = 60


class Socket:
    """One connection: what the server sends lies in `arrived` until it is taken."""

    def __init__(self, app: ASGIApp, subprotocols: tuple[str, ...] = ("graphql-transport-ws",), **headers: str) -> None:
        self._app = app
        self._outgoing: asyncio.Queue[Message] = asyncio.Queue()
        self.arrived: asyncio.Queue[Message] = asyncio.Queue()
        self.room = asyncio.Event()
        """Cleared: the client takes nothing."""
        self.room.set()
        self.scope = {
            "type": "websocket",
            "path": "/graphql",
            "headers": [(b"host", b"test"), *((k.replace("_", "-").encode(), v.encode()) for k, v in headers.items())],
            "query_string": b"",
            "subprotocols": list(subprotocols),
            "extensions": {"websocket.http.response": {}},
        }

    async def run(self) -> None:
        """The server's side."""
        self._outgoing.put_nowait({"type": "websocket.connect"})
        await self._app(self.scope, self._outgoing.get, self._receive)

    async def _receive(self, message: Message) -> None:
        await self.room.wait()
        self.arrived.put_nowait(message)

    def leave(self, code: int = 1005) -> None:
        """Close from the client's side, or as the server does when it stops."""
        self._outgoing.put_nowait({"type": "websocket.disconnect", "code": code})

    def send_frame(self, frame: str | bytes) -> None:
        kind = "text" if isinstance(frame, str) else "bytes"
        self._outgoing.put_nowait({"type": "websocket.receive", kind: frame})

    def send(self, kind: object, **fields: object) -> None:
        self.send_frame(orjson.dumps({"type": kind, **fields}).decode())

    def subscribe(self, operation_id: str, query: str, **variables: object) -> None:
        self.send("subscribe", id=operation_id, payload={"query": query, "variables": variables})

    async def take(self) -> Message:
        """What the server did next."""
        async with asyncio.timeout(PATIENCE):
            return await self.arrived.get()

    async def receive(self) -> dict[str, Any]:
        """The server's next message."""
        message = await self.take()
        assert message["type"] == "websocket.send", message
        decoded: dict[str, Any] = orjson.loads(message["text"])
        return decoded

    async def data(self) -> Any:
        """The data of the next event, which has no errors."""
        message = await self.receive()
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]

    async def closed(self) -> tuple[int, str]:
        """How the server closes; what it sends before does not matter."""
        while True:
            message = await self.take()
            if message["type"] == "websocket.close":
                return message["code"], message["reason"]

    async def begin(self, **payload: object) -> None:
        """Say who we are, and be let in."""
        self.send("connection_init", payload=payload)
        assert (await self.receive())["type"] == "connection_ack"


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the server does without saying so."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 (there is no event: that is the point)
            await asyncio.sleep(0.001)


@asynccontextmanager
async def serving(services: FakeServices, options: HttpOptions | None = None) -> AsyncIterator[ASGIApp]:
    """The application, its lifespan begun."""
    app = create_app(services, options or HttpOptions(anonymous=True))
    async with app.router.lifespan_context(app):
        yield app


@asynccontextmanager
async def connected(app: ASGIApp, *subprotocols: str, **headers: str) -> AsyncIterator[Socket]:
    """A socket that the server has accepted; at the end the client leaves, and nothing of the session is left."""
    socket = Socket(app, subprotocols or ("graphql-transport-ws",), **headers)
    async with asyncio.TaskGroup() as tasks:
        session = tasks.create_task(socket.run())
        assert (await socket.take())["type"] == "websocket.accept"
        try:
            yield socket
        finally:
            socket.room.set()
            socket.leave()
            async with asyncio.timeout(PATIENCE):
                await session
