"""A websocket of a provider: how a connection begins, what comes over it, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from http import HTTPStatus

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from candlewick.domain.errors import RateLimited, SourceRefused, SourceUnavailable
from candlewick.ports import Frame
from candlewick.providers.websocket import Judgement, StreamBounds, WebSocketClient
from markets import LATER, FrozenClock
from source_doubles import Budget

GOODBYE = "goodbye"
Handler = Callable[[ServerConnection], Awaitable[None]]
JUDGEMENT = Judgement(
    refusal=lambda body: "2: Invalid request" if b"error" in body else None,
    is_goodbye=lambda body: body == GOODBYE.encode(),
)


@asynccontextmanager
async def venue(handler: Handler, refuse: Response | None = None) -> AsyncIterator[str]:
    """A server that does this with every connection; its URL."""

    def process(_: ServerConnection, __: Request) -> Response | None:
        return refuse

    async with serve(handler, "127.0.0.1", 0, process_request=process, compression=None, close_timeout=0.1) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def connected(url: str, budget: Budget | None = None, **bounds: object) -> AsyncIterator[AsyncIterator[Frame]]:
    """What comes over a connection with these bounds."""
    client = WebSocketClient("venue", budget or Budget(), FrozenClock(), StreamBounds(**bounds))  # type: ignore[arg-type]
    async with client.open(url) as channel:
        yield channel.frames(JUDGEMENT)


async def bodies(url: str, budget: Budget | None = None, **bounds: object) -> list[bytes]:
    """All that a connection delivers, to its end."""
    async with connected(url, budget, **bounds) as frames:
        return [frame.body async for frame in frames]


async def test_frames_come_as_received_with_our_time() -> None:
    async def says(socket: ServerConnection) -> None:
        await socket.send('{"e":"trade" }')

    async with venue(says) as url, connected(url) as frames:
        frame = await anext(frames)

    assert (frame.body, frame.received_at) == (b'{"e":"trade" }', LATER)


async def test_a_normal_close_ends_the_frames() -> None:
    async def says(socket: ServerConnection) -> None:
        await socket.send("1")
        await socket.close(1000)

    async with venue(says) as url:
        assert await bodies(url) == [b"1"]


async def test_a_goodbye_ends_the_frames() -> None:
    async def says(socket: ServerConnection) -> None:
        for message in ("1", GOODBYE, "2"):
            await socket.send(message)
        await socket.wait_closed()

    async with venue(says) as url:
        assert await bodies(url) == [b"1", GOODBYE.encode()]


async def test_a_cut_connection_is_unavailable() -> None:
    async def cuts(socket: ServerConnection) -> None:
        socket.transport.abort()

    async with venue(cuts) as url:
        with pytest.raises(SourceUnavailable, match="the stream broke"):
            await bodies(url)


async def test_an_abnormal_close_says_what_the_venue_says() -> None:
    async def closes(socket: ServerConnection) -> None:
        await socket.close(1008, "too many messages")

    async with venue(closes) as url:
        with pytest.raises(SourceUnavailable, match="too many messages"):
            await bodies(url)


async def test_a_message_that_is_too_long_ends_the_connection() -> None:
    async def shouts(socket: ServerConnection) -> None:
        await socket.send("x" * 1000)
        await socket.wait_closed()

    async with venue(shouts) as url:
        with pytest.raises(SourceUnavailable, match="the stream broke"):
            await bodies(url, message_bytes=100)


async def test_silence_ends_the_connection() -> None:
    async def sleeps(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with venue(sleeps) as url:
        with pytest.raises(SourceUnavailable, match="the stream was silent"):
            await bodies(url, silence=timedelta(milliseconds=20))


async def test_a_market_that_may_sleep_is_listened_to_for_longer_each_time_until_something_comes() -> None:
    bounds = StreamBounds(silence=timedelta(milliseconds=20), longest_silence=timedelta(milliseconds=50))
    says = ["", "", "", "1"]

    async def speaks(socket: ServerConnection) -> None:
        if message := says.pop(0):
            await socket.send(message)
        await socket.wait_closed()

    async with venue(speaks) as url:
        client = WebSocketClient("venue", Budget(), FrozenClock(), bounds)
        trusted = []
        for _ in range(3):
            async with client.open(url) as channel:
                assert [frame async for frame in channel.frames(JUDGEMENT)] == []
            trusted.append(client._patience_with(url).silence.total_seconds())
        async with client.open(url) as channel:
            with pytest.raises(SourceUnavailable, match="the stream was silent"):
                assert [frame.body async for frame in channel.frames(JUDGEMENT)]

    assert trusted == [0.04, 0.05, 0.05]
    assert client._patience_with(url).silence == bounds.silence


async def test_a_connection_is_renewed_before_the_venue_ends_it() -> None:
    async def talks(socket: ServerConnection) -> None:
        await socket.send("1")
        await socket.wait_closed()

    async with venue(talks) as url:
        assert await bodies(url, life=timedelta(milliseconds=50)) == [b"1"]


async def test_a_refused_subscription_is_unavailable() -> None:
    async def refuses(socket: ServerConnection) -> None:
        await socket.send('{"error":{"code":2,"msg":"Invalid request"},"id":1}')
        await socket.wait_closed()

    async with venue(refuses) as url:
        with pytest.raises(SourceUnavailable, match="the stream refuses: 2: Invalid request"):
            await bodies(url)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, RateLimited),
        (418, RateLimited),
        (503, SourceUnavailable),
        (403, RateLimited),
        (451, SourceRefused),
        (302, SourceRefused),
    ],
)
async def test_a_refused_handshake_means_what_its_status_means(status: int, error: type[Exception]) -> None:
    async def never(_: ServerConnection) -> None: ...

    headers = Headers({"Retry-After": "30", "Location": "ws://127.0.0.1:1/", "Content-Length": "0"})
    budget = Budget()
    async with venue(never, Response(status, HTTPStatus(status).phrase, headers)) as url:
        with pytest.raises(error):
            await bodies(url, budget)

    assert budget.pauses == ([30.0] if error is RateLimited else [])


async def test_nobody_there_is_unavailable() -> None:
    async def never(_: ServerConnection) -> None: ...

    async with venue(never) as url:
        pass

    with pytest.raises(SourceUnavailable, match="no stream"):
        await bodies(url)


async def test_a_handshake_has_a_time() -> None:
    async def mute(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(SourceUnavailable, match="no stream"):
            await bodies(f"ws://127.0.0.1:{port}", opening=timedelta(milliseconds=20))


async def test_a_connection_is_taken_from_the_budget() -> None:
    async def closes(_: ServerConnection) -> None: ...

    budget = Budget()
    async with venue(closes) as url:
        await bodies(url, budget)

    assert budget.spent == [1]


async def test_an_error_of_the_caller_passes_as_it_is() -> None:
    async def waits(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with venue(waits) as url:
        with pytest.raises(KeyError):
            async with connected(url):
                raise KeyError


async def test_what_is_not_asked_for_stays_in_the_socket() -> None:
    sent = 0

    async def floods(socket: ServerConnection) -> None:
        nonlocal sent
        while sent < 100_000:
            await socket.send("x" * 1000)
            sent += 1

    async with venue(floods) as url, connected(url, queue=4) as frames:
        await anext(frames)
        before = -1
        while sent > before:  # until the venue cannot send any more
            before = sent
            await asyncio.sleep(0.05)

    assert sent < 50_000
