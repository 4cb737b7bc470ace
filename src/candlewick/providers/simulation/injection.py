"""Strikes requests and the opening of sockets with the faults that are in force, before anything else sees them."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Protocol
from urllib.parse import unquote

from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from candlewick.providers.simulation.faults import OF_HANDSHAKES, OF_REQUESTS, Fault, Faults, Rule

_PAGE: Final = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Be right back.</body></html>"
_BROKEN: Final = b'[{"a":1,"p":"1.0000'


class Wording(Protocol):
    """How a venue words the refusals that faults order."""

    def refused(self, fault: Fault, status: int, wait: int) -> Response:
        """The answer to a request that a fault strikes: RATE_LIMITED or BANNED, for so many seconds, or SERVER_ERROR.

        `status` is what the order says of a server error; of the others the venue knows its own.
        """


class Struck:
    """ASGI middleware. What lies under /simulator is never struck."""

    def __init__(self, app: ASGIApp, faults: Faults, wording: Wording) -> None:
        self._app = app
        self._faults = faults
        self._wording = wording

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kinds = {"http": OF_REQUESTS, "websocket": OF_HANDSHAKES}.get(scope["type"])
        if kinds is None or scope["path"].startswith("/simulator"):
            await self._app(scope, receive, send)
            return
        rule = self._faults.strike(kinds, target_of(scope))
        if rule is None:
            await self._app(scope, receive, send)
        elif rule.order.fault is Fault.TIMEOUT:
            await asyncio.sleep(rule.order.duration or 0)
            await self._app(scope, receive, send)
        elif rule.order.fault is Fault.CUT:
            await _cut(self._app, scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocket(scope, receive, send).send_denial_response(self._answer(rule))
        else:
            await self._answer(rule)(scope, receive, send)

    def _answer(self, rule: Rule) -> Response:
        order = rule.order
        if order.fault is Fault.HTML:
            return HTMLResponse(_PAGE)
        if order.fault is Fault.MALFORMED:
            return Response(_BROKEN, media_type="application/json")
        return self._wording.refused(order.fault, order.status, max(round(order.duration or 0), 0))


def target_of(scope: Scope) -> str:
    """What the path of a fault is matched against: path and query, without percent signs."""
    query = unquote(scope["query_string"].decode("latin-1"))
    return f"{scope['path']}?{query}" if query else str(scope["path"])


class _Cut(Exception):
    """The connection ends here."""


async def _cut(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer, but only the first half of the body: the server closes a connection whose answer is not complete."""
    left = 0

    async def send_half(message: Message) -> None:
        nonlocal left
        if message["type"] == "http.response.start":
            headers: dict[bytes, Any] = dict(message["headers"])
            left = int(headers.get(b"content-length", b"0")) // 2
            await send(message)
            return
        body = message.get("body", b"")
        await send({"type": "http.response.body", "body": body[:left], "more_body": True})
        left -= len(body)
        if left <= 0:
            raise _Cut

    try:
        await app(scope, receive, send_half)
    except _Cut:
        return
