"""Trades as they come over Kraken's websocket: how they are asked for, and what ends a connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
from websockets.asyncio.server import ServerConnection, serve

from candlewick.domain.errors import InvalidInput, SourceUnavailable
from candlewick.domain.market import Instrument
from candlewick.ports import Frame
from candlewick.providers.kraken.stream import BOUNDS, KrakenStream
from candlewick.providers.websocket import StreamBounds
from markets import LATER, FrozenClock
from source_doubles import Budget
from unit.providers.kraken.wire import BTC, EVENT, message

Handler = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def venue(handler: Handler) -> AsyncIterator[str]:
    """A server that does this with every connection; its URL."""
    async with serve(handler, "127.0.0.1", 0, compression=None, close_timeout=0.1) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def stream(url: str, bounds: StreamBounds = BOUNDS, *, quotes: bool = False) -> KrakenStream:
    return KrakenStream(url, Budget(), FrozenClock(), bounds, quotes=quotes)


async def bodies(source: KrakenStream, *instruments: Instrument) -> list[bytes]:
    """All that a connection delivers, to its end."""
    async with source.connect(instruments or [BTC]) as frames:
        return [frame.body async for frame in frames]


@pytest.mark.parametrize("path", ["", "/v2", "/v2/"])
async def test_trades_are_subscribed_to_from_the_last_ones_on(path: str) -> None:
    asked: list[object] = []

    async def notes(socket: ServerConnection) -> None:
        assert socket.request is not None
        asked.extend([socket.request.path, orjson.loads(await socket.recv())])

    async with venue(notes) as url:
        await bodies(stream(url + path), BTC, replace(BTC, symbol="EUR/USD"))

    params = {"channel": "trade", "symbol": ["BTC/USD", "EUR/USD"], "snapshot": True}
    assert asked == ["/v2", {"method": "subscribe", "params": params, "req_id": 1}]


async def test_tickers_are_subscribed_to_where_quotes_are_wanted() -> None:
    asked: list[dict[str, object]] = []

    async def notes(socket: ServerConnection) -> None:
        asked.extend([orjson.loads(await socket.recv())["params"] for _ in range(2)])

    async with venue(notes) as url:
        await bodies(stream(url, quotes=True))

    common = {"symbol": ["BTC/USD"], "snapshot": True}
    assert asked == [common | {"channel": "trade"}, common | {"channel": "ticker", "event_trigger": "bbo"}]


async def test_many_instruments_are_asked_for_in_several_messages() -> None:
    sizes: list[int] = []

    async def counts(socket: ServerConnection) -> None:
        sizes.extend([len(orjson.loads(await socket.recv())["params"]["symbol"]) for _ in range(3)])

    async with venue(counts) as url:
        await bodies(stream(url), *(replace(BTC, symbol=f"A{number}/USD") for number in range(250)))

    assert sizes == [100, 100, 50]


@pytest.mark.parametrize("count", [0, 501])
async def test_what_a_connection_does_not_carry_is_refused(count: int) -> None:
    with pytest.raises(InvalidInput, match="carries 1 to 500 instruments"):
        async with stream("ws://127.0.0.1:1").connect([BTC] * count):
            pass


async def test_a_pair_that_kraken_does_not_know_ends_nothing() -> None:
    refused = '{"error":"Currency pair not supported A/B","method":"subscribe","success":false,"symbol":"A/B"}'

    async def says(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(refused)
        await socket.send(message([EVENT]).decode())
        await socket.close(1000)

    async with venue(says) as url:
        assert await bodies(stream(url)) == [refused.encode(), message([EVENT])]


async def test_a_refusal_of_all_ends_the_connection() -> None:
    async def says(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send('{"error":"Exceeded msg rate","method":"subscribe","success":false}')
        await socket.wait_closed()

    async with venue(says) as url:
        with pytest.raises(SourceUnavailable, match="Exceeded msg rate"):
            await bodies(stream(url))


async def test_a_connection_without_even_a_heartbeat_is_given_up() -> None:
    async def sleeps(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with venue(sleeps) as url:
        with pytest.raises(SourceUnavailable, match="the stream was silent"):
            await bodies(stream(url, replace(BOUNDS, silence=timedelta(milliseconds=20))))


def test_heartbeats_do_not_say_how_far_trades_go() -> None:
    assert stream("ws://x").tips([Frame(b'{"channel":"heartbeat"}', LATER)]) == {}


def test_trades_and_quotes_of_frames_are_read() -> None:
    ticker = b'{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","last":5}]}'
    given = [Frame(message([EVENT]), LATER), Frame(ticker, LATER)]

    assert list(stream("ws://x").read(given)) == ["BTC/USD"]
    assert [list(stream("ws://x", quotes=wanted).quotes(given)) for wanted in (True, False)] == [["BTC/USD"], []]
