"""Responses compressed where the client takes it."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from backports import zstd
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp

from candlewick.graphql.app import HttpOptions
from candlewick.graphql.http.encoding import SMALLEST, Compressed, choose_coding
from unit.graphql.conftest import client_of
from unit.graphql.fakes import FakeServices

TEXT = b"a candle and another candle, " * 5_000


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", None),
        ("identity", None),
        ("br", None),
        ("gzip", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, zstd;q=0.5", "gzip"),
        ("gzip;q=0, zstd;q=0", None),
        ("*", "zstd"),
        ("*;q=0.1, zstd;q=0", "gzip"),
        ("gzip;q=oops", None),
        ("gzip; q=1.0", "gzip"),
    ],
)
def test_the_coding_is_the_one_that_the_client_likes_best(accepted: str, coding: str | None) -> None:
    assert choose_coding(accepted) == coding


async def raw(app: ASGIApp, method: str = "GET", **headers: str) -> tuple[httpx.Headers, int, bytes]:
    """The response as it is on the wire."""
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        await asyncio.Event().wait()

    scope = {"type": "http", "method": method, "path": "/", "query_string": b"", "headers": named}
    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return httpx.Headers(sent[0]["headers"]), sent[0]["status"], body


def unpacked(coding: str, body: bytes) -> bytes:
    return zstd.decompress(body) if coding == "zstd" else zlib.decompress(body, zlib.MAX_WBITS | 16)


async def in_pieces() -> AsyncIterator[bytes]:
    for at in range(0, len(TEXT), 40_000):
        yield TEXT[at : at + 40_000]


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
@pytest.mark.parametrize("length", [SMALLEST, 31_999, len(TEXT)])
async def test_a_text_is_smaller_and_the_same(coding: str, length: int) -> None:
    app = Compressed(Response(TEXT[:length], media_type="text/plain", headers={"etag": '"x"'}))
    headers, _, body = await raw(app, accept_encoding=coding)
    assert unpacked(coding, body) == TEXT[:length]
    assert headers["content-encoding"] == coding
    assert int(headers["content-length"]) == len(body) < length
    assert headers["etag"] == 'W/"x"'
    assert headers["vary"] == "accept-encoding"


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
async def test_a_stream_is_compressed_as_it_comes(coding: str) -> None:
    headers, _, body = await raw(
        Compressed(StreamingResponse(in_pieces(), media_type="application/json")), accept_encoding=coding
    )
    assert unpacked(coding, body) == TEXT
    assert "content-length" not in headers


@pytest.mark.parametrize(
    ("response", "method"),
    [
        (Response(TEXT[: SMALLEST - 1], media_type="text/plain"), "GET"),
        (Response(TEXT, media_type="application/octet-stream"), "GET"),
        (Response(TEXT, media_type="text/plain", headers={"content-encoding": "br"}), "GET"),
        (Response(status_code=304, media_type="text/plain"), "GET"),
        (Response(TEXT, media_type="text/plain"), "HEAD"),
    ],
)
async def test_what_gains_nothing_is_left_alone(response: Response, method: str) -> None:
    headers, status, body = await raw(Compressed(response), method, accept_encoding="gzip, zstd")
    assert (status, body) == (response.status_code, response.body)
    assert headers.get("content-encoding") in {None, "br"}


async def test_who_takes_none_gets_none_but_caches_are_told_of_others() -> None:
    headers, _, body = await raw(Compressed(Response(TEXT, media_type="text/plain")))
    assert body == TEXT
    assert headers["vary"] == "accept-encoding"


@pytest.mark.parametrize("on", [True, False])
async def test_the_api_compresses_unless_it_is_told_not_to(services: FakeServices, on: bool) -> None:
    query = '{ instrument(key: "binance:BTC-USDT") { candles(spec: {interval: H1}) { nodes { openTime close } } } }'
    async with client_of(services, HttpOptions(anonymous=True, compression=on)) as client:
        response = await client.post("/graphql", json={"query": query}, headers={"accept-encoding": "gzip"})
        script = await client.get("/static/graphiql/graphiql.min.js", headers={"accept-encoding": "gzip"})
    for each in (response, script):
        assert each.headers.get("content-encoding") == ("gzip" if on else None)
    assert len(response.json()["data"]["instrument"]["candles"]["nodes"]) == 100
