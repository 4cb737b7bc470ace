"""Trades as they come over a websocket: how a connection begins and how it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, unquote, urlsplit

import orjson
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from candlewick.domain.errors import InvalidInput, SourceUnavailable
from candlewick.domain.market import Instrument, Tape
from candlewick.ports import Frame
from candlewick.providers.binance.stream import BinanceStream
from candlewick.providers.websocket import StreamBounds
from markets import LATER, FrozenClock
from source_doubles import Budget, instrument

GOODBYE = orjson.dumps({"e": "serverShutdown", "E": 1}).decode()
Handler = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def venue(handler: Handler, refuse: Response | None = None) -> AsyncIterator[str]:
    """A server that does this with every connection; its URL."""

    def process(_: ServerConnection, __: Request) -> Response | None:
        return refuse

    async with serve(handler, "127.0.0.1", 0, process_request=process, compression=None, close_timeout=0.1) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def stream(url: str, budget: Budget | None = None, *, quotes: bool = False) -> BinanceStream:
    return BinanceStream("binance", url, budget or Budget(), FrozenClock(), StreamBounds(), quotes=quotes)


async def bodies(source: BinanceStream, *instruments: Instrument) -> list[bytes]:
    """All that a connection delivers, to its end."""
    async with source.connect(instruments or [instrument()]) as frames:
        return [frame.body async for frame in frames]


async def test_frames_come_as_received_with_our_time() -> None:
    async def says(socket: ServerConnection) -> None:
        await socket.send('{"e":"trade" }')

    async with venue(says) as url, stream(url).connect([instrument()]) as frames:
        frame = await anext(frames)

    assert (frame.body, frame.received_at) == (b'{"e":"trade" }', LATER)


async def test_each_instrument_is_asked_for_on_its_tape() -> None:
    paths: list[str] = []

    async def notes(socket: ServerConnection) -> None:
        assert socket.request is not None
        paths.append(socket.request.path)

    async with venue(notes) as url:
        await bodies(stream(url), instrument(), instrument("ETHUSDT", Tape.AGGREGATED), instrument("币USDT"))

    parts = urlsplit(paths[0])
    assert parts.path == "/stream"
    assert parse_qs(parts.query) == {
        "streams": ["btcusdt@trade/ethusdt@aggTrade/币usdt@trade"],
        "timeUnit": ["MICROSECOND"],
    }


async def test_book_tickers_are_asked_for_where_they_are_wanted() -> None:
    asked: list[str] = []

    async def notes(socket: ServerConnection) -> None:
        assert socket.request is not None
        asked.extend(parse_qs(urlsplit(socket.request.path).query)["streams"][0].split("/"))

    async with venue(notes) as url:
        await bodies(stream(url, quotes=True), instrument(), instrument("ETHUSDT", Tape.AGGREGATED))
    ticker = Frame(b'{"u":1,"s":"BTCUSDT","b":"1.0","B":"2","a":"1.1","A":"3"}', LATER)

    assert asked == ["btcusdt@trade", "ethusdt@aggTrade", "btcusdt@bookTicker", "ethusdt@bookTicker"]
    assert [list(stream(url, quotes=wanted).quotes([ticker])) for wanted in (True, False)] == [["BTCUSDT"], []]
    with pytest.raises(InvalidInput, match="1 to 512 instruments, not 513"):
        await bodies(stream(url, quotes=True), *[instrument()] * 513)


async def test_a_goodbye_ends_the_frames() -> None:
    async def says(socket: ServerConnection) -> None:
        for message in ("1", GOODBYE, "2"):
            await socket.send(message)
        await socket.wait_closed()

    async with venue(says) as url:
        assert await bodies(stream(url)) == [b"1", GOODBYE.encode()]


async def test_a_refused_subscription_is_unavailable() -> None:
    async def refuses(socket: ServerConnection) -> None:
        await socket.send('{"error":{"code":2,"msg":"Invalid request"},"id":1}')
        await socket.wait_closed()

    async with venue(refuses) as url:
        with pytest.raises(SourceUnavailable, match="the stream refuses: 2: Invalid request"):
            await bodies(stream(url))


async def test_more_streams_than_a_url_holds_are_subscribed_to() -> None:
    asked: list[str] = []

    async def notes(socket: ServerConnection) -> None:
        assert socket.request is not None
        asked.extend(unquote(parse_qs(urlsplit(socket.request.path).query)["streams"][0]).split("/"))
        asked.extend(orjson.loads(await socket.recv())["params"])

    async with venue(notes) as url:
        await bodies(stream(url), *(instrument(f"S{number}USDT") for number in range(150)))

    assert asked == [f"s{number}usdt@trade" for number in range(150)]


@pytest.mark.parametrize("count", [0, 1025])
async def test_more_instruments_than_a_connection_carries_are_refused(count: int) -> None:
    with pytest.raises(InvalidInput, match=f"1 to 1024 instruments, not {count}"):
        async with stream("ws://127.0.0.1:1").connect([instrument()] * count):
            pass
