"""graphql-transport-ws: each state, each message, each close code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.types import ASGIApp

from candlewick.domain.access import Role
from candlewick.domain.errors import DatabaseUnavailable
from candlewick.graphql.app import HttpOptions
from candlewick.graphql.websocket.limits import SocketLimits
from unit.graphql.fakes import READER, SECRET, FakeServices
from unit.graphql.sockets import Socket, connected, serving, until
from working import HANGS

QUERY = "{ __typename }"
ENDLESS = 'subscription { trades(instruments: ["binance:BTC-USDT"]) { __typename } }'


@pytest.fixture
async def app(services: FakeServices) -> AsyncIterator[ASGIApp]:
    async with serving(services) as app:
        yield app


@pytest.fixture
async def socket(app: ASGIApp) -> AsyncIterator[Socket]:
    """Accepted, but not begun."""
    async with connected(app) as socket:
        yield socket


async def test_init_is_acknowledged(socket: Socket) -> None:
    socket.send("connection_init")
    assert await socket.receive() == {"type": "connection_ack"}


async def test_a_ping_is_answered_at_any_time(socket: Socket) -> None:
    socket.send("ping", payload={"a": 1})
    assert await socket.receive() == {"type": "pong"}


async def test_a_query_has_one_answer(socket: Socket) -> None:
    await socket.begin()
    socket.subscribe("1", QUERY)
    assert await socket.data() == {"__typename": "Query"}
    assert await socket.receive() == {"type": "complete", "id": "1"}


async def test_an_error_of_a_field_comes_with_the_data(socket: Socket) -> None:
    await socket.begin()
    socket.subscribe("1", '{ instrument(key: "x") { key } }')
    payload = (await socket.receive())["payload"]
    assert payload["data"] == {"instrument": None}
    assert payload["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILURE"),
        ("query A($first: Int!) { instruments(first: $first) { nodes { key } } }", "BAD_USER_INPUT"),
        ('subscription { trades(instruments: ["x"]) { __typename } }', "BAD_USER_INPUT"),
    ],
)
async def test_a_request_at_fault_is_an_error_and_the_socket_stays(socket: Socket, query: str, code: str) -> None:
    await socket.begin()
    socket.subscribe("1", query)
    message = await socket.receive()
    assert (message["type"], message["id"], message["payload"][0]["extensions"]["code"]) == ("error", "1", code)
    socket.send("ping")
    assert await socket.receive() == {"type": "pong"}


async def test_an_id_is_free_again_after_its_operation(socket: Socket) -> None:
    await socket.begin()
    for _ in range(2):
        socket.subscribe("1", QUERY)
        assert [(await socket.receive())["type"] for _ in range(2)] == ["next", "complete"]


async def test_a_completed_subscription_is_gone_without_an_echo(socket: Socket) -> None:
    await socket.begin()
    socket.subscribe("1", ENDLESS)
    socket.send("complete", id="1")
    socket.send("complete", id="unknown")
    socket.subscribe("1", QUERY)
    assert [(await socket.receive())["type"] for _ in range(2)] == ["next", "complete"]


async def test_an_unsolicited_pong_is_tolerated(socket: Socket) -> None:
    socket.send("pong")
    socket.send("connection_init")
    assert await socket.receive() == {"type": "connection_ack"}


async def test_an_operation_before_init_is_unauthorized(socket: Socket) -> None:
    socket.subscribe("1", QUERY)
    assert await socket.closed() == (4401, "Unauthorized")


async def test_a_second_init_is_too_many(socket: Socket) -> None:
    await socket.begin()
    socket.send("connection_init")
    assert await socket.closed() == (4429, "Too many initialisation requests")


async def test_an_id_that_runs_is_refused(socket: Socket) -> None:
    await socket.begin()
    socket.subscribe("a", ENDLESS)
    socket.subscribe("a", ENDLESS)
    assert await socket.closed() == (4409, "Subscriber for a already exists")


async def test_who_does_not_begin_is_closed(services: FakeServices) -> None:
    options = HttpOptions(anonymous=True, sockets=SocketLimits(init_seconds=0.01))
    async with serving(services, options) as app, connected(app) as socket:
        assert await socket.closed() == (4408, "Connection initialisation timeout")


@pytest.mark.parametrize(
    "frame",
    [
        b'{"type": "ping"}',
        "{oops",
        "[]",
        "null",
        "42",
        '"hi"',
        "{}",
        '{"type": {}}',
        '{"type": []}',
        '{"type": "nonsense"}',
        '{"type": "start", "id": "1", "payload": {"query": "{ __typename }"}}',
        '{"type": "\\ud800"}',
        "[" * 50_000 + "]" * 50_000,
        " " * 64_001,
        '{"type": "connection_init", "payload": "x"}',
        '{"type": "ping", "payload": "x"}',
        '{"type": "pong", "payload": 5}',
        '{"type": "complete"}',
        '{"type": "complete", "id": {}}',
        '{"type": "subscribe", "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": 7, "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "1", "payload": null}',
        '{"type": "subscribe", "id": "1", "payload": "x"}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 5}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }", "variables": [1]}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }", "operationName": 3}}',
    ],
)
async def test_what_is_no_message_closes_the_socket(socket: Socket, frame: str | bytes) -> None:
    socket.send_frame(frame)
    code, reason = await socket.closed()
    assert code == 4400
    assert reason.startswith("Invalid message: ")


@pytest.mark.parametrize("subprotocol", ["graphql-ws", "soap"])
async def test_another_subprotocol_is_not_acceptable(app: ASGIApp, subprotocol: str) -> None:
    async with connected(app, subprotocol) as socket:
        assert (await socket.closed())[0] == 4406


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://test.evil.example", "http://test:81", "http://[", ""]
)
async def test_a_page_of_another_host_is_refused_at_the_handshake(app: ASGIApp, origin: str) -> None:
    socket = Socket(app, origin=origin)
    await socket.run()
    assert (await socket.take())["type"] == "websocket.close"
    assert socket.arrived.empty()


@pytest.mark.parametrize("origin", ["http://test", "https://TEST", "http://test:80"])
async def test_a_page_of_ours_may_connect(app: ASGIApp, origin: str) -> None:
    async with connected(app, origin=origin) as socket:
        await socket.begin()


async def test_only_the_named_hosts_are_answered(services: FakeServices) -> None:
    async with serving(services, HttpOptions(anonymous=True, hosts=("localhost",))) as app:
        socket = Socket(app)
        await socket.run()
        assert (await socket.take())["status"] == 400


async def test_only_so_many_sockets_are_open(services: FakeServices) -> None:
    async with (
        serving(services, HttpOptions(anonymous=True, sockets=SocketLimits(sockets=1))) as app,
        connected(app),
        connected(app) as more,
    ):
        assert (await more.closed())[0] == 1013


async def test_only_so_many_operations_run(services: FakeServices) -> None:
    options = HttpOptions(anonymous=True, sockets=SocketLimits(operations=2))
    async with serving(services, options) as app, connected(app) as socket:
        await socket.begin()
        for number in range(3):
            socket.subscribe(str(number), ENDLESS)
        message = await socket.receive()
        assert (message["type"], message["id"]) == ("error", "2")
        assert message["payload"][0]["extensions"] == {"code": "BAD_USER_INPUT", "limit": 2, "actual": 3}


async def test_a_flood_of_messages_closes_the_socket(services: FakeServices) -> None:
    options = HttpOptions(anonymous=True, sockets=SocketLimits(frames=5))
    async with serving(services, options) as app, connected(app) as socket:
        for _ in range(6):
            socket.send("ping")
        assert (await socket.closed())[0] == 1008


async def test_a_client_that_takes_nothing_is_given_up(services: FakeServices) -> None:
    options = HttpOptions(anonymous=True, sockets=SocketLimits(send_seconds=0.01))
    async with serving(services, options) as app:
        socket = Socket(app)
        session = asyncio.create_task(socket.run())
        await socket.take()
        socket.room.clear()
        socket.send("ping")
        await asyncio.wait_for(session, HANGS)


@pytest.mark.parametrize(
    "payload",
    [
        {"authorization": f"Bearer {READER}"},
        {"Authorization": f"bearer {READER}"},
        {"apiKey": READER},
        {"x-api-key": SECRET},
    ],
)
async def test_a_key_comes_with_the_init(services: FakeServices, payload: dict[str, str]) -> None:
    async with serving(services, HttpOptions()) as app, connected(app) as socket:
        await socket.begin(**payload)


async def test_a_key_may_come_with_the_handshake(services: FakeServices) -> None:
    async with serving(services, HttpOptions()) as app, connected(app, x_api_key=READER) as socket:
        await socket.begin()


@pytest.mark.parametrize(
    "payload", [{}, {"authorization": "Bearer wrong"}, {"authorization": READER}, {"apiKey": ""}, {"apiKey": 5}]
)
async def test_without_a_good_key_the_socket_is_forbidden(services: FakeServices, payload: dict[str, object]) -> None:
    async with serving(services, HttpOptions()) as app, connected(app) as socket:
        socket.send("connection_init", payload=payload)
        code, reason = await socket.closed()
        assert code == 4403
        assert reason.startswith("Forbidden: This")


async def test_keys_that_cannot_be_checked_are_asked_for_later(services: FakeServices) -> None:
    services.keys.failure = DatabaseUnavailable("db.internal:5432", "connection refused")
    async with serving(services, HttpOptions()) as app, connected(app) as socket:
        socket.send("connection_init", payload={"apiKey": READER})
        code, reason = await socket.closed()
        assert code == 1013
        assert "db.internal" not in reason


async def test_a_key_that_is_revoked_ends_its_sockets(services: FakeServices) -> None:
    options = HttpOptions(sockets=SocketLimits(key_check_seconds=0.01))
    async with serving(services, options) as app, connected(app) as socket:
        await socket.begin(apiKey=READER)
        del services.keys.roles[READER]
        assert (await socket.closed())[0] == 4403


async def test_a_key_that_cannot_be_checked_again_is_still_good(services: FakeServices) -> None:
    options = HttpOptions(sockets=SocketLimits(key_check_seconds=0.001))
    async with serving(services, options) as app, connected(app) as socket:
        await socket.begin(apiKey=READER)
        services.keys.failure = DatabaseUnavailable("db.internal:5432", "connection refused")
        asked = len(services.keys.calls)
        await until(lambda: len(services.keys.calls) > asked + 1)
        socket.send("ping")
        assert await socket.receive() == {"type": "pong"}


async def test_a_key_that_has_another_role_begins_again(services: FakeServices) -> None:
    options = HttpOptions(sockets=SocketLimits(key_check_seconds=0.001))
    async with serving(services, options) as app, connected(app) as socket:
        await socket.begin(apiKey=SECRET)
        services.keys.roles[SECRET] = Role.READ
        assert await socket.closed() == (4403, "Forbidden: This API key has another role now: connect again")


async def test_when_the_server_stops_everything_on_the_socket_ends(services: FakeServices, app: ASGIApp) -> None:
    socket = Socket(app)
    session = asyncio.create_task(socket.run())
    await socket.take()
    await socket.begin()
    socket.subscribe("1", ENDLESS)
    socket.leave(1012)
    await asyncio.wait_for(session, HANGS)


async def test_an_unexpected_fault_is_masked(services: FakeServices, socket: Socket) -> None:
    services.instruments.failure = RuntimeError("password=hunter2")
    await socket.begin()
    socket.subscribe("1", ENDLESS)
    message: Any = await socket.receive()
    assert message["type"] == "error"
    assert message["payload"][0]["message"] == "internal error"


async def test_whoever_begins_in_time_may_be_checked_for_longer(services: FakeServices) -> None:
    asked = services.keys.authenticate

    async def slowly(secret: str) -> object:
        await asyncio.sleep(1.3)
        return await asked(secret)

    services.keys.authenticate = slowly
    options = HttpOptions(sockets=SocketLimits(init_seconds=1))
    async with serving(services, options) as app, connected(app) as socket:
        await socket.begin(apiKey=READER)


async def test_a_socket_on_which_nothing_runs_is_closed_in_the_end(services: FakeServices) -> None:
    options = HttpOptions(anonymous=True, sockets=SocketLimits(idle_seconds=1))
    async with serving(services, options) as app, connected(app) as socket:
        await socket.begin()
        socket.subscribe("1", ENDLESS)
        await asyncio.sleep(1.3)
        socket.send("ping")
        assert await socket.receive() == {"type": "pong"}
        socket.send("complete", id="1")
        assert await socket.closed() == (1000, "Nothing ran for 1 s")


async def test_only_so_many_sockets_are_open_with_one_key(services: FakeServices) -> None:
    options = HttpOptions(sockets=SocketLimits(sockets_per_key=1))
    async with serving(services, options) as app:
        async with connected(app) as first, connected(app) as second:
            await first.begin(apiKey=READER)
            second.send("connection_init", payload={"apiKey": READER})
            assert (await second.closed())[0] == 1013
        async with connected(app) as third:
            await third.begin(apiKey=READER)


async def test_only_so_many_operations_run_with_one_key(services: FakeServices) -> None:
    options = HttpOptions(sockets=SocketLimits(operations_per_key=1))
    async with serving(services, options) as app, connected(app) as first, connected(app) as second:
        await first.begin(apiKey=READER)
        await second.begin(apiKey=READER)
        first.subscribe("1", ENDLESS)
        await until(lambda: bool(services.commit_log.calls))
        second.subscribe("1", QUERY)
        message = await second.receive()
        assert (message["type"], message["payload"][0]["extensions"]) == (
            "error",
            {"code": "BAD_USER_INPUT", "limit": 1},
        )
        first.send("complete", id="1")
        first.send("ping")
        assert await first.receive() == {"type": "pong"}
        second.subscribe("2", QUERY)
        assert (await second.receive())["type"] == "next"


async def test_keys_are_looked_at_once_for_all_their_sockets(services: FakeServices) -> None:
    options = HttpOptions(sockets=SocketLimits(key_check_seconds=0.01))
    async with serving(services, options) as app, connected(app) as first, connected(app) as second:
        await first.begin(apiKey=READER)
        await second.begin(apiKey=READER)
        services.keys.calls.clear()
        del services.keys.roles[READER]
        assert [(await socket.closed())[0] for socket in (first, second)] == [4403, 4403]
        assert len(services.keys.calls) == 1
