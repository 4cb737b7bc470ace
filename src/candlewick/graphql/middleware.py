"""What every response gets: a trace id, security headers, a place in the request count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, reset_contextvars

from candlewick.graphql.http.pace import fields_of
from candlewick.graphql.metrics import Metrics

type Fields = list[tuple[bytes, bytes]]
_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # GraphiQL's editor sets styles on its elements
        "img-src 'self' data:",
        "font-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_TRANSPORT: Final = {"strict-transport-security": "max-age=31536000"}
"""A year of TLS only, said to who came by TLS. Other names of the domain are not ours to speak for."""


def _raw(fields: Mapping[str, str]) -> Fields:
    return [(name.encode(), value.encode()) for name, value in fields.items()]


def _add(start: Message, fields: Fields) -> None:
    start["headers"] = [*start["headers"], *fields]


_RAW: Final = _raw(_HEADERS)
_RAW_SECURE: Final = _raw(_HEADERS | _TRANSPORT)
_STARTS: Final = frozenset({"http.response.start", "websocket.http.response.start"})
_ROUTES: Final = frozenset({"/", "/graphql", "/healthz", "/readyz", "/metrics", "/import"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS"})


class Traced:
    """Names each request in logs, in `x-trace-id` and in errors that hide their cause."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        trace_id = token_hex(8)
        scope.setdefault("state", {})["trace_id"] = trace_id
        tokens = bind_contextvars(trace_id=trace_id)
        try:
            await self.app(scope, receive, _with_fields(send, [(b"x-trace-id", trace_id.encode())]))
        finally:
            reset_contextvars(**tokens)


class Secured:
    """Browsers load nothing from elsewhere, show us in no frame, guess no types, and stay with TLS."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        secure = scope.get("scheme") in {"https", "wss"}
        await self.app(scope, receive, _with_fields(send, _RAW_SECURE if secure else _RAW))


class Paced:
    """Says in the response what is left of the rates that the request was counted in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] in _STARTS and (found := scope.get("state", {}).get("allowances")):
                _add(message, _raw(fields_of(found)))
            await send(message)

        await self.app(scope, receive, sending)


@dataclass(slots=True)
class Counted:
    """Counts requests by route, method and status, each from a closed list."""

    app: ASGIApp
    metrics: Metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        route = scope["path"] if scope["path"] in _ROUTES else _other(scope["path"])
        method = scope["method"] if scope["method"] in _METHODS else "other"

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.metrics.requests.labels(route, method, str(message["status"])).inc()
            await send(message)

        await self.app(scope, receive, counted)


def _other(path: str) -> str:
    return next((f"/{part}" for part in ("static", "import") if path.startswith(f"/{part}/")), "other")


def _with_fields(send: Send, fields: Fields) -> Send:
    """No response has these of its own: nothing is looked for, they are only added."""

    async def sending(message: Message) -> None:
        if message["type"] in _STARTS:
            _add(message, fields)
        await send(message)

    return sending
