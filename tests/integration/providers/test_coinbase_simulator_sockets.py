"""The simulated Coinbase behind a real socket: subscriptions, last matches, heartbeats, deadlines, faults."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from candlewick.clock import SystemClock
from candlewick.domain.market import Side
from candlewick.providers.coinbase.simulator import SimulatorOptions, create_simulator
from coinbase_simulated import BTC, load_market, small_market
from simulated import serving
from working import HANGS

RATE = 200
MARKET = load_market(RATE, ("BTC", "ETH"))
OPTIONS = SimulatorOptions(heartbeat=timedelta(milliseconds=100))


@pytest.fixture
async def address() -> AsyncIterator[str]:
    async with serving(create_simulator([MARKET], SystemClock(), OPTIONS)) as served:
        yield served


@pytest.fixture
async def admin(address: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=30) as client:
        yield client


async def receive(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(HANGS):
        message: dict[str, Any] = json.loads(await socket.recv())
        return message


async def until(socket: ClientConnection, kind: str) -> list[dict[str, Any]]:
    """The messages up to the next one of that type."""
    found = [await receive(socket)]
    while found[-1]["type"] != kind:
        found.append(await receive(socket))
    return found


async def say(socket: ClientConnection, kind: str = "subscribe", **message: Any) -> None:
    await socket.send(json.dumps({"type": kind, **message}))


async def subscribe(socket: ClientConnection, *products: str, channels: tuple[str, ...] = ("matches",)) -> None:
    await say(socket, product_ids=list(products), channels=list(channels))


async def matches(socket: ClientConnection, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < count:
        if (message := await receive(socket))["type"] == "match":
            found.append(message)
    return found


async def test_a_subscription_is_answered_with_the_last_match_and_what_is_subscribed_to(address: str) -> None:
    async with connect(f"ws://{address}") as socket:
        await subscribe(socket, "BTC-USD", "ETH-USD", channels=("matches", "heartbeat"))
        *before, answer = await until(socket, "subscriptions")

    assert [(each["type"], each["product_id"]) for each in before if each["type"] != "match"][:2] == [
        ("last_match", "BTC-USD"), ("last_match", "ETH-USD")
    ]  # fmt: skip
    assert answer["channels"] == [
        {"name": "matches", "product_ids": ["BTC-USD", "ETH-USD"]},
        {"name": "heartbeat", "product_ids": ["BTC-USD", "ETH-USD"]},
    ]


async def test_matches_follow_the_last_one_without_a_hole_and_are_the_market_s(address: str) -> None:
    async with connect(f"ws://{address}") as socket:
        await subscribe(socket, "BTC-USD")
        last = next(each for each in await until(socket, "subscriptions") if each["type"] == "last_match")
        found = await matches(socket, 100)

    numbers = [each["trade_id"] for each in found]
    assert numbers == list(range(numbers[0], numbers[0] + 100))
    assert numbers[0] <= last["trade_id"] + 1
    truth = MARKET.from_sequence(BTC, numbers[0], 100).trades()
    maker = {Side.BUY: "sell", Side.SELL: "buy"}
    assert [(each["price"], each["size"], each["side"]) for each in found] == [
        (f"{trade.price:.8f}", f"{trade.size:.8f}", maker[trade.side]) for trade in truth if trade.side
    ]
    sequences = [each["sequence"] for each in found]
    assert sequences == sorted(set(sequences))
    assert sequences[-1] - sequences[0] > 100


async def test_a_heartbeat_comes_again_and_again_and_knows_the_newest_trade(address: str) -> None:
    async with connect(f"ws://{address}") as socket:
        await subscribe(socket, "BTC-USD", channels=("heartbeat",))
        beats = [(await until(socket, "heartbeat"))[-1] for _ in range(5)]

    tips = [each["last_trade_id"] for each in beats]
    assert tips == sorted(set(tips))
    assert {each["product_id"] for each in beats} == {"BTC-USD"}


async def test_rest_agrees_with_the_feed(address: str, admin: httpx.AsyncClient) -> None:
    async with connect(f"ws://{address}") as socket:
        await subscribe(socket, "ETH-USD")
        found = await matches(socket, 10)
    last = found[-1]["trade_id"]
    page = (await admin.get(f"/products/ETH-USD/trades?after={last + 1}&limit=10")).json()

    assert [{name: each[name] for name in page[0]} for each in reversed(found)] == page


async def test_channels_can_have_products_of_their_own_and_be_left(address: str) -> None:
    async with connect(f"ws://{address}") as socket:
        await say(
            socket,
            channels=[
                {"name": "heartbeat", "product_ids": ["ETH-USD"]},
                {"name": "matches", "product_ids": ["BTC-USD"]},
            ],
        )
        first = (await until(socket, "subscriptions"))[-1]["channels"]
        await say(socket, "unsubscribe", product_ids=["BTC-USD"], channels=["matches"])
        second = (await until(socket, "subscriptions"))[-1]["channels"]
        after = [await receive(socket) for _ in range(5)]

    assert first == [
        {"name": "heartbeat", "product_ids": ["ETH-USD"]}, {"name": "matches", "product_ids": ["BTC-USD"]}
    ]  # fmt: skip
    assert second == [{"name": "heartbeat", "product_ids": ["ETH-USD"]}]
    assert {each["type"] for each in after} == {"heartbeat"}


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("{", {"message": "Malformed JSON"}),
        ("[]", {"message": "Type has to be either subscribe or unsubscribe"}),
        ('{"type":"hello"}', {"message": "Type has to be either subscribe or unsubscribe"}),
        ('{"type":"subscribe"}', {"message": "Failed to subscribe", "reason": "No channels provided"}),
        (
            '{"type":"subscribe","channels":["heartbeat"]}',
            {
                "message": "Failed to subscribe",
                "reason": "You need to specify at least one product ID for channel heartbeat",
            },
        ),
        (
            '{"type":"subscribe","channels":["matches"],"product_ids":["BTC-USD","X-USD"]}',
            {"message": "Failed to subscribe", "reason": "X-USD is not a valid product"},
        ),
        (
            '{"type":"subscribe","channels":["full"],"product_ids":["BTC-USD"]}',
            {"message": "Failed to subscribe", "reason": "full is not a valid channel"},
        ),
    ],
)
async def test_a_mistake_is_answered_with_an_error_and_subscribes_to_nothing(
    address: str, message: str, said: dict[str, str]
) -> None:
    async with connect(f"ws://{address}") as socket:
        await socket.send(message)
        assert await receive(socket) == {"type": "error", **said}
        await subscribe(socket, "ETH-USD", channels=("heartbeat",))
        assert (await receive(socket))["channels"] == [{"name": "heartbeat", "product_ids": ["ETH-USD"]}]


async def test_a_delisted_product_is_refused() -> None:
    async with (
        serving(create_simulator([small_market()], SystemClock())) as address,
        connect(f"ws://{address}") as socket,
    ):
        await subscribe(socket, "OLD-USD")
        assert (await receive(socket))["reason"] == "OLD-USD is delisted"


async def test_who_subscribes_to_nothing_in_time_is_sent_away() -> None:
    options = SimulatorOptions(subscribe_within=timedelta(seconds=1))
    async with serving(create_simulator([MARKET], SystemClock(), options)) as address:
        async with connect(f"ws://{address}") as socket:
            await say(socket)  # a mistake is no subscription
            await receive(socket)
            with pytest.raises(ConnectionClosed) as closed:
                await receive(socket)
        async with connect(f"ws://{address}") as other:
            await subscribe(other, "BTC-USD")
            assert len(await matches(other, 30)) == 30

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


async def test_the_ledger_is_what_a_client_received(address: str, admin: httpx.AsyncClient) -> None:
    async with connect(f"ws://{address}") as socket:
        await subscribe(socket, "BTC-USD")
        found = await until(socket, "subscriptions")
        await admin.post("/simulator/faults", json={"fault": "missing", "path": "^btc-usd@", "count": 7})
        found += [await receive(socket) for _ in range(100)]
        await say(socket, "unsubscribe", product_ids=["BTC-USD"], channels=["matches"])
        found += await until(socket, "subscriptions")
    shown = (await admin.get("/simulator/ledger")).json()["symbols"]["BTC-USD"]

    numbers = [each["trade_id"] for each in found if "trade_id" in each]
    assert {number for first, last in shown["stream"] for number in range(first, last + 1)} == set(numbers)
    assert shown["rows"] == {"stream": len(numbers)}
    assert max(numbers) - min(numbers) + 1 == len(set(numbers)) + 7


async def test_a_heartbeat_tells_of_trades_that_did_not_come(address: str, admin: httpx.AsyncClient) -> None:
    async with connect(f"ws://{address}") as socket:
        await subscribe(socket, "BTC-USD", channels=("matches", "heartbeat"))
        await until(socket, "subscriptions")
        await admin.post("/simulator/faults", json={"fault": "missing", "path": "^btc-usd@", "count": None})
        await asyncio.sleep(0.3)
        quiet = [each for each in [await receive(socket) for _ in range(40)] if each["type"] != "match"]

    newest = max(each["last_trade_id"] for each in quiet if each["type"] == "heartbeat")
    assert newest > 0
    assert quiet[-1]["type"] == "heartbeat"


async def test_a_skewed_clock_shows_in_heartbeats_and_moves_no_trade(address: str, admin: httpx.AsyncClient) -> None:
    await admin.post("/simulator/faults", json={"fault": "skewed_clock", "seconds": 3_600})
    async with connect(f"ws://{address}") as socket:
        await subscribe(socket, "BTC-USD", channels=("matches", "heartbeat"))
        beat = (await until(socket, "heartbeat"))[-1]
        [match] = await matches(socket, 1)

    assert beat["time"] > match["time"]
    assert match["price"] == f"{MARKET.from_sequence(BTC, match['trade_id'], 1).trades()[0].price:.8f}"
