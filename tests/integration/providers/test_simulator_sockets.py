"""The simulator behind a real socket: streams, subscriptions, their limits, and the faults of connections."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from candlewick.clock import SystemClock
from candlewick.domain.market import InstrumentKey, Side
from candlewick.providers.binance.simulator import SimulatorOptions, create_simulator
from simulated import load_market, serving
from working import HANGS

RATE = 200
MARKET = load_market(RATE, ("BTC", "ETH"))
BTC = InstrumentKey("binance", "BTC", "USDT")
TRADES = "/stream?streams=btcusdt@trade"


@pytest.fixture
async def address() -> AsyncIterator[str]:
    async with serving(create_simulator([MARKET], SystemClock())) as served:
        yield served


@pytest.fixture
async def admin(address: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=30) as client:
        yield client


async def order(admin: httpx.AsyncClient, **fault: Any) -> None:
    assert (await admin.post("/simulator/faults", json=fault)).status_code == 201


async def receive(socket: ClientConnection) -> Any:
    async with asyncio.timeout(HANGS):
        return json.loads(await socket.recv())


async def numbers(socket: ClientConnection, count: int) -> list[int]:
    """The trades of so many messages of a combined stream."""
    return [(await receive(socket))["data"]["t"] for _ in range(count)]


async def until_closed(socket: ClientConnection) -> tuple[list[Any], ConnectionClosed]:
    """The messages that come before the end, and how it ends."""
    messages = []
    try:
        while True:
            messages.append(await receive(socket))
    except ConnectionClosed as closed:
        return messages, closed


def code_of(closed: ConnectionClosed) -> int | None:
    """The server's; None if it said nothing."""
    return closed.rcvd.code if closed.rcvd else None


async def ledger_of(admin: httpx.AsyncClient) -> dict[str, Any]:
    shown: dict[str, Any] = (await admin.get("/simulator/ledger")).json()["symbols"]["BTCUSDT"]
    return shown


async def test_a_stream_brings_every_trade_as_the_market_has_it(address: str) -> None:
    async with connect(f"ws://{address}{TRADES}&timeUnit=MICROSECOND") as socket:
        found = [(await receive(socket))["data"] for _ in range(100)]

    truth = MARKET.from_sequence(BTC, found[0]["t"], 100).trades()
    assert [(each["t"], each["p"], each["q"], each["m"]) for each in found] == [
        (trade.sequence, f"{trade.price:.8f}", f"{trade.size:.8f}", trade.side is Side.SELL) for trade in truth
    ]
    assert [each["T"] for each in found] == MARKET.from_sequence(BTC, found[0]["t"], 100).ts.tolist()
    assert all(each["E"] >= each["T"] for each in found)


async def test_rest_and_archive_agree_with_the_stream(address: str, admin: httpx.AsyncClient) -> None:
    async with connect(f"ws://{address}/ws/btcusdt@aggTrade") as socket:
        found = [await receive(socket) for _ in range(20)]
    page = (await admin.get(f"/api/v3/aggTrades?symbol=BTCUSDT&fromId={found[0]['a']}&limit=20")).json()

    assert [{name: each[name] for name in page[0]} for each in found] == page


async def test_the_ledger_is_what_a_client_received(address: str, admin: httpx.AsyncClient) -> None:
    async with connect(f"ws://{address}{TRADES}") as socket:
        await order(admin, fault="missing", path="btcusdt", count=7)
        found = await numbers(socket, 100)
        await socket.send('{"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":1}')
        while "result" not in (message := await receive(socket)):
            found.append(message["data"]["t"])
    shown = await ledger_of(admin)

    assert [number for first, last in shown["stream"] for number in range(first, last + 1)] == found
    assert shown["rows"] == {"stream": len(found)}
    assert found[-1] - found[0] + 1 == len(found) + 7


async def test_raw_streams_are_not_wrapped_and_symbols_do_not_mix(address: str) -> None:
    async with connect(f"ws://{address}/ws/btcusdt@trade/ethusdt@trade") as socket:
        found = [await receive(socket) for _ in range(60)]

    assert {each["s"] for each in found} == {"BTCUSDT", "ETHUSDT"}


async def test_two_clients_get_the_same(address: str) -> None:
    async with connect(f"ws://{address}{TRADES}") as one, connect(f"ws://{address}{TRADES}") as other:
        first, second = await numbers(one, 60), await numbers(other, 60)

    assert len(set(first) & set(second)) > 30


async def test_subscriptions_are_made_listed_and_ended(address: str) -> None:
    async with connect(f"ws://{address}/ws") as socket:
        await socket.send('{"method":"SUBSCRIBE","params":["nope@trade"],"id":1}')
        await socket.send('{"method":"LIST_SUBSCRIPTIONS","id":"two"}')
        await socket.send('{"method":"GET_PROPERTY","params":["combined"],"id":3}')
        await socket.send('{"method":"FLY","id":4}')
        answers = [await receive(socket) for _ in range(4)]

    assert answers[:3] == [
        {"result": None, "id": 1},
        {"result": ["nope@trade"], "id": "two"},
        {"result": False, "id": 3},
    ]
    assert answers[3]["code"] == 2


async def test_a_client_can_ask_for_wrapped_messages(address: str) -> None:
    async with connect(f"ws://{address}/ws") as socket:
        await socket.send('{"method":"SET_PROPERTY","params":["combined",true],"id":1}')
        await socket.send('{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":2}')
        found = [await receive(socket) for _ in range(3)]

    assert found[2]["stream"] == "btcusdt@trade"


async def test_too_many_messages_end_the_socket(address: str) -> None:
    async with connect(f"ws://{address}/ws") as socket:
        for index in range(6):
            await socket.send(f'{{"method":"LIST_SUBSCRIPTIONS","id":{index}}}')
        answers, closed = await until_closed(socket)

    assert len(answers) <= 5
    assert code_of(closed) == 1008


async def test_too_many_streams_end_the_socket() -> None:
    options = SimulatorOptions(streams_per_socket=2)
    async with (
        serving(create_simulator([MARKET], SystemClock(), options)) as address,
        connect(f"ws://{address}/ws/a@trade/b@trade/c@trade") as socket,
    ):
        _, closed = await until_closed(socket)

    assert code_of(closed) == 1008


async def test_a_socket_does_not_live_for_ever() -> None:
    options = SimulatorOptions(life=timedelta(milliseconds=200))
    async with (
        serving(create_simulator([MARKET], SystemClock(), options)) as address,
        connect(f"ws://{address}{TRADES}") as socket,
    ):
        _, closed = await until_closed(socket)

    assert code_of(closed) == 1001


async def test_the_running_candle_is_pushed() -> None:
    options = SimulatorOptions(kline_step=timedelta(milliseconds=50))
    async with (
        serving(create_simulator([MARKET], SystemClock(), options)) as address,
        connect(f"ws://{address}/ws/btcusdt@kline_1m") as socket,
    ):
        found = (await receive(socket))["k"]

    assert (found["i"], found["s"], found["L"] - found["f"] + 1) == ("1m", "BTCUSDT", found["n"])


async def test_an_unknown_unit_of_time_is_refused(address: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"ws://{address}{TRADES}&timeUnit=NANOSECOND")

    assert caught.value.response.status_code == 400


async def test_a_cut_breaks_the_socket_without_a_goodbye(address: str, admin: httpx.AsyncClient) -> None:
    async with connect(f"ws://{address}{TRADES}") as socket:
        await order(admin, fault="cut", path="^/stream")
        _, closed = await until_closed(socket)

    assert code_of(closed) is None


async def test_a_cut_breaks_a_download_in_the_middle(admin: httpx.AsyncClient) -> None:
    await order(admin, fault="cut", path="/api/v3/klines")

    with pytest.raises(httpx.RemoteProtocolError):
        await admin.get("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=50")


async def test_a_silent_socket_delivers_nothing_and_stays_open(address: str, admin: httpx.AsyncClient) -> None:
    async with connect(f"ws://{address}{TRADES}") as socket:
        before = await numbers(socket, 10)
        await order(admin, fault="silent", path="^/stream", seconds=0.3)
        found = await numbers(socket, 200)
        await socket.ping()

    gaps = [later - earlier for earlier, later in zip([before[-1], *found], found, strict=False)]
    assert max(gaps) > 0.2 * RATE


async def test_a_malformed_frame_comes_beside_the_good_ones(address: str, admin: httpx.AsyncClient) -> None:
    await order(admin, fault="malformed", path="^/stream")
    async with connect(f"ws://{address}{TRADES}") as socket:
        with pytest.raises(json.JSONDecodeError):
            await receive(socket)
        found = await numbers(socket, 20)

    assert found == list(range(found[0], found[0] + 20))


async def test_disconnect_says_goodbye_to_all(address: str, admin: httpx.AsyncClient) -> None:
    async with connect(f"ws://{address}{TRADES}") as one, connect(f"ws://{address}/ws/btcusdt@trade") as other:
        await order(admin, fault="disconnect", count=None)
        codes = [code_of((await until_closed(socket))[1]) for socket in (one, other)]

    assert codes == [1001, 1001]


async def test_a_shutdown_is_announced_before_the_end(address: str, admin: httpx.AsyncClient) -> None:
    async with connect(f"ws://{address}{TRADES}") as socket:
        await order(admin, fault="server_shutdown", seconds=0.1)
        messages, closed = await until_closed(socket)

    assert "!serverShutdown" in {message["stream"] for message in messages}
    assert code_of(closed) == 1001


@pytest.mark.parametrize(("fault", "status"), [("rate_limited", 429), ("banned", 418), ("server_error", 503)])
async def test_opening_a_socket_can_be_refused(address: str, admin: httpx.AsyncClient, fault: str, status: int) -> None:
    await order(admin, fault=fault, path="^/stream")
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"ws://{address}{TRADES}")

    assert caught.value.response.status_code == status


async def test_a_skewed_clock_shows_in_event_times(address: str, admin: httpx.AsyncClient) -> None:
    await order(admin, fault="skewed_clock", seconds=60)
    async with connect(f"ws://{address}/ws/btcusdt@trade") as socket:
        found = await receive(socket)

    assert found["E"] - found["T"] >= 60_000


async def test_it_stops_at_once_although_clients_are_there() -> None:
    async with serving(create_simulator([MARKET], SystemClock())) as address:
        socket = await connect(f"ws://{address}{TRADES}")
        await receive(socket)
    _, closed = await until_closed(socket)

    assert code_of(closed) == 1012
