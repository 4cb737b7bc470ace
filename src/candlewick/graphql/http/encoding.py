"""Responses compressed where the client takes it: zstd (RFC 8878) before gzip (RFC 9110, section 8.4.1)."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from backports import zstd
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALLEST: Final = 1_000
"""Bytes below which nothing is gained."""
_LONG: Final = 32_000
"""Bytes from which on a thread compresses them: others are served meanwhile."""
_GZIP_LEVEL: Final = 1
_ZSTD_LEVEL: Final = 1
_TYPES: Final = (
    b"text/",
    b"application/json",
    b"application/graphql-response+json",
    b"application/javascript",
    b"image/svg",
)
_VARY: Final = (b"vary", b"accept-encoding")
_BARE: Final = frozenset({204, 206, 304})


class _Compressor(Protocol):
    def compress(self, data: bytes) -> bytes: ...
    def flush(self) -> bytes: ...


_MAKERS: Final[dict[str, Callable[[], _Compressor]]] = {
    "zstd": lambda: zstd.ZstdCompressor(level=_ZSTD_LEVEL),
    "gzip": lambda: zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16),
}


class Compressed:
    """Compresses what is long enough and text. Nobody's secrets are in it, so that its length tells none (BREACH)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] == "HEAD":
            await self._app(scope, receive, send)
            return
        accepted = dict(scope["headers"]).get(b"accept-encoding", b"")
        coding = choose_coding(accepted.decode("latin-1")) if accepted else None
        await self._app(scope, receive, _Sender(send, coding))


@dataclass(slots=True)
class _Sender:
    """Holds the head back until the first piece of the body says how much there is."""

    send: Send
    coding: str | None
    _head: Message | None = None
    _compressor: _Compressor | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_text(message):
            message["headers"] = [*message["headers"], _VARY]
            self._head = message if self.coding is not None else None
            if self._head is not None:
                return
        if message["type"] == "http.response.body":
            if self._head is not None:
                await self._begin(self._head, message)
            if self._compressor is not None:
                message = {**message, "body": await _compress(self._compressor, message)}
        await self.send(message)

    async def _begin(self, head: Message, first: Message) -> None:
        self._head = None
        if first.get("more_body") or len(first.get("body", b"")) >= SMALLEST:
            assert self.coding is not None  # noqa: S101 (else the head was not held back)
            self._compressor = _MAKERS[self.coding]()
            headers = MutableHeaders(scope=head)
            headers["content-encoding"] = self.coding
            if not first.get("more_body"):
                first["body"] = await _compress(self._compressor, first)
                self._compressor = None
                headers["content-length"] = str(len(first["body"]))
            else:
                del headers["content-length"]
            if (etag := headers.get("etag")) and not etag.startswith("W/"):
                headers["etag"] = f"W/{etag}"
        await self.send(head)


def choose_coding(accepted: str) -> str | None:
    """The coding that the client likes best, of those that we have."""
    liked = {}
    for part in accepted.lower().split(","):
        name, _, parameters = part.strip().partition(";")
        liked[name.strip()] = _quality(parameters)
    best = max(_MAKERS, key=lambda coding: liked.get(coding, liked.get("*", 0.0)))
    return best if liked.get(best, liked.get("*", 0.0)) > 0 else None


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def _is_text(head: Message) -> bool:
    """Whether to compress it. It is asked of every response: one look at its fields tells."""
    fields = dict(head["headers"])
    return (
        head["status"] not in _BARE
        and b"content-encoding" not in fields
        and fields.get(b"content-type", b"").startswith(_TYPES)
    )


async def _compress(compressor: _Compressor, message: Message) -> bytes:
    body, more = message.get("body", b""), message.get("more_body", False)

    def compressed() -> bytes:
        return compressor.compress(body) + (b"" if more else compressor.flush())

    return await asyncio.to_thread(compressed) if len(body) >= _LONG else compressed()
