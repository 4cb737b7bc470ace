"""Clients that send half a request, or take nothing, over real sockets: none of them is waited for without an end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest

from candlewick.cli.listening import Server
from candlewick.cli.server import configuration, limits_of
from candlewick.graphql.limits import Limits
from candlewick.settings import HttpSettings, LimitSettings, WebsocketSettings

HEAD = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
HASTY = LimitSettings(
    head_time=timedelta(seconds=0.2), stall_time=timedelta(seconds=0.2), body_time=timedelta(seconds=0.2)
)
LARGE = 40_000_000


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers each request without its body: /large with more than any buffer holds, /slow after a while."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/slow":
        await asyncio.sleep(0.6)
    body = b"x" * (LARGE if scope["path"] == "/large" else 2)
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving(limits: LimitSettings) -> AsyncIterator[int]:
    """The port of a server."""
    server = Server(configuration(application, HttpSettings(), limits, WebsocketSettings()))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await running


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serving(HASTY) as port:
        yield port


async def what_comes(port: int, *sent: bytes, pause: float = 0) -> bytes:
    """All that the server sends until it ends the connection, however it does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    taken = bytearray()
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        taking = tasks.create_task(_take_all(reader, taken))
        for piece in sent:
            if taking.done():
                break
            writer.write(piece)
            await asyncio.sleep(pause)
    writer.close()
    return bytes(taken)


async def _take_all(reader: asyncio.StreamReader, taken: bytearray) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(1 << 16):
            taken += piece


@pytest.mark.parametrize("sent", [b"", b"P", HEAD, b"GET / HTTP/1.1\r\nHost: localh"])
async def test_half_a_head_is_not_waited_for(port: int, sent: bytes) -> None:
    assert await what_comes(port, sent) == b""


async def test_a_head_that_comes_byte_by_byte_is_not_waited_for(port: int) -> None:
    drops = [bytes([byte]) for byte in HEAD * 10]
    assert await what_comes(port, *drops, pause=0.01) == b""


async def test_half_a_body_that_nobody_reads_is_not_waited_for(port: int) -> None:
    drops = [HEAD, b"Content-Length: 1000\r\n\r\n", *[b"x"] * 900]
    assert (await what_comes(port, *drops, pause=0.01)).startswith(b"HTTP/1.1 200")


async def test_a_second_request_has_the_time_that_the_first_had(port: int) -> None:
    requests = [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"] * 6
    assert (await what_comes(port, *requests, pause=0.1)).count(b"HTTP/1.1 200") == 6


async def test_requests_that_come_together_are_each_answered(port: int) -> None:
    assert (await what_comes(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 6)).count(b"HTTP/1.1 200") == 6


async def test_an_answer_may_take_longer_than_a_head(port: int) -> None:
    assert (await what_comes(port, b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")).startswith(b"HTTP/1.1 200")


async def test_who_takes_nothing_of_an_answer_is_given_up(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
    writer.write(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await asyncio.sleep(1)
    taken = 0
    with suppress(ConnectionError):
        while piece := await reader.read(1 << 20):
            taken += len(piece)
    writer.close()
    assert taken < LARGE


async def test_who_takes_an_answer_slowly_gets_all_of_it() -> None:
    async with serving(HASTY.model_copy(update={"stall_time": timedelta(seconds=0.5)})) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        taken = 0
        while piece := await reader.read(1 << 20):
            taken += len(piece)
            await asyncio.sleep(0.01)
        writer.close()
    assert taken > LARGE


def test_the_settings_are_the_apis_bounds() -> None:
    assert limits_of(LimitSettings()) == Limits()
    assert limits_of(LimitSettings(depth=7, operation_time=timedelta(seconds=2))) == Limits(
        depth=7, operation_seconds=2
    )
