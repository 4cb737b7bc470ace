"""The server's side of a websocket, over a real one: clients that do not read, floods, and the end of the server."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from candlewick.cli import sockets
from candlewick.cli.listening import Server
from candlewick.cli.server import configuration
from candlewick.graphql.app import HttpOptions, create_app
from candlewick.graphql.websocket.limits import SocketLimits
from candlewick.settings import HttpSettings, LimitSettings, WebsocketSettings
from unit.graphql.fakes import FakeServices, a_trade
from unit.graphql.sockets import until

TRADES = """subscription { trades(instruments: ["binance:BTC-USDT"]) {
  ... on TradeBatch { trades { sequence } cursor } ... on Lagged { events cursor }
} }"""
PROTOCOL = Subprotocol("graphql-transport-ws")


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()


@asynccontextmanager
async def serving(
    services: FakeServices, registry: CollectorRegistry, sends: float = 20, **settings: timedelta
) -> AsyncIterator[tuple[str, Server]]:
    """The address of a server, and what stops it."""
    options = HttpOptions(anonymous=True, registry=registry, sockets=SocketLimits(send_seconds=sends))
    known: Any = settings
    app = create_app(services, options)
    server = Server(configuration(app, HttpSettings(), LimitSettings(), WebsocketSettings(**known)))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"ws://127.0.0.1:{listener.getsockname()[1]}/graphql", server
        finally:
            server.should_exit = True
            await running


@asynccontextmanager
async def following(url: str, services: FakeServices, **options: Any) -> AsyncIterator[ClientConnection]:
    """A client that has subscribed."""
    async with connect(url, subprotocols=[PROTOCOL], compression=None, ping_interval=None, **options) as client:
        await client.send('{"type": "connection_init"}')
        await client.recv()
        services.commit_log.calls.clear()
        await client.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": TRADES}}))
        await until(lambda: bool(services.commit_log.calls))
        await asyncio.sleep(0.05)
        yield client


async def closed(read: Callable[[], Awaitable[object]]) -> int | None:
    """The code with which the server closes."""
    async with asyncio.timeout(15):
        while True:
            try:
                await read()
            except ConnectionClosed as exc:
                return exc.rcvd.code if exc.rcvd else None


async def sequences(client: ClientConnection, count: int) -> list[int]:
    got: list[int] = []
    async with asyncio.timeout(30):
        while len(got) < count:
            event = json.loads(await client.recv())["payload"]["data"]["trades"]
            got += [int(trade["sequence"]) for trade in event.get("trades", ())]
    return got


@pytest.mark.parametrize("size", [1, 40, 1_000])
async def test_messages_of_every_length_arrive_as_they_are(services: FakeServices, size: int) -> None:
    async with serving(services, CollectorRegistry()) as (url, _), following(url, services) as client:
        services.commit_log.make(1, *(a_trade(number) for number in range(size)))
        assert await sequences(client, size) == list(range(size))


async def test_a_client_that_stops_reading_is_shed_and_told_why_when_it_reads(services: FakeServices) -> None:
    registry, second = CollectorRegistry(), timedelta(seconds=1)
    async with (
        serving(services, registry, ping_interval=second, ping_timeout=second) as (url, _),
        following(url, services) as client,
    ):
        client.transport.pause_reading()
        shed = "candlewick_graphql_sockets_shed_total"
        async with asyncio.timeout(15):
            while not registry.get_sample_value(shed):  # noqa: ASYNC110 (there is no event)
                await asyncio.sleep(0.05)
        client.transport.resume_reading()
        assert await closed(client.recv) == 4290


async def test_a_client_with_full_buffers_is_shed_and_its_connection_dropped(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "GRACE", 0.1)
    monkeypatch.setattr(sockets, "KERNEL_BYTES", 4096)
    registry = CollectorRegistry()
    async with (
        serving(services, registry, sends=0.2) as (url, server),
        following(url, services, max_queue=1) as client,
    ):
        client.transport.pause_reading()
        number = 0
        async with asyncio.timeout(30):
            while server.server_state.connections:
                services.commit_log.make(1, *(a_trade(number + more) for more in range(1_000)))
                number += 1_000
                await asyncio.sleep(0.005)
        assert registry.get_sample_value("candlewick_graphql_sockets_shed_total") == 1


async def test_half_a_frame_is_not_waited_for(services: FakeServices) -> None:
    second = timedelta(seconds=1)
    async with (
        serving(services, CollectorRegistry(), ping_interval=second, ping_timeout=second) as (url, server),
        following(url, services, close_timeout=0.1) as client,
    ):
        client.transport.write(b"\x81\xfe\x01\x00\x00\x00\x00\x00half")
        client.transport.pause_reading()  # a client that is up to no good answers no ping, and no close frame
        async with asyncio.timeout(15):
            while server.server_state.connections:  # noqa: ASYNC110 (there is no event)
                await asyncio.sleep(0.05)


def test_who_answers_nothing_is_gone_in_twenty_seconds_unless_told_otherwise() -> None:
    settings = WebsocketSettings()
    assert (settings.ping_interval + settings.ping_timeout).total_seconds() + sockets.GRACE < 20


async def test_a_flood_of_pings_ends_the_socket(services: FakeServices) -> None:
    async with serving(services, CollectorRegistry()) as (url, _), following(url, services) as client:
        for _ in range(sockets.MOST_PINGS + 1):
            await client.ping()
        assert await closed(client.recv) == 1008


async def test_a_message_that_is_too_long_is_told_so_while_it_is_sent(services: FakeServices) -> None:
    async with serving(services, CollectorRegistry()) as (url, _), following(url, services) as client:
        sending = asyncio.create_task(client.send("x" * 20_000_000))
        assert await closed(client.recv) == 1009
        await asyncio.wait({sending})
        sending.exception()


async def test_a_server_that_stops_tells_every_client_to_come_back(
    services: FakeServices, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(services, CollectorRegistry()) as (url, server), following(url, services) as client:
        services.commit_log.make(1, a_trade(1))
        assert await sequences(client, 1) == [1]
        server.should_exit = True
        assert await closed(client.recv) == 1012
    assert "Traceback" not in caplog.text
