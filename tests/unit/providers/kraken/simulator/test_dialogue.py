"""What the simulated websocket says to what it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import pytest

from candlewick.providers.kraken.simulator.dialogue import KrakenDialogue
from candlewick.providers.kraken.simulator.feed import Parcels
from candlewick.providers.kraken.simulator.options import SimulatorOptions
from candlewick.providers.kraken.simulator.pairs import Pairs
from candlewick.providers.simulation.exchange import Exchange
from candlewick.providers.simulation.faults import Faults
from markets import FrozenClock
from simulated import NOW
from unit.providers.kraken.simulator.venue import MARKET

FAULTS = Faults(1)
EXCHANGE = Exchange([MARKET], FrozenClock(NOW), FAULTS.gone, FAULTS.skew)


@dataclass
class Streams:
    """A Subscriber that notes what it is subscribed to."""

    streams: list[str] = field(default_factory=list)

    def subscribe(self, streams: Sequence[str]) -> None:
        self.streams += streams

    def unsubscribe(self, streams: Sequence[str]) -> None:
        self.streams = [each for each in self.streams if each not in streams]


@dataclass
class Client:
    """One socket's conversation."""

    dialogue: KrakenDialogue = field(
        default_factory=lambda: KrakenDialogue(EXCHANGE, Pairs(EXCHANGE), SimulatorOptions())
    )
    subscriber: Streams = field(default_factory=Streams)

    async def says(self, message: object) -> list[dict[str, Any]]:
        text = message if isinstance(message, str) else orjson.dumps(message).decode()
        answers = await self.dialogue.answer(self.subscriber, text)
        return [orjson.loads(_text(each)) for each in answers]

    async def asks(self, method: str = "subscribe", channel: str = "trade", **params: Any) -> list[dict[str, Any]]:
        params = {"channel": channel, "symbol": ["BTC/USD"], **params}
        return await self.says({"method": method, "params": params, "req_id": 7})


def _text(said: str | Parcels) -> str:
    if isinstance(said, str):
        return said
    (frame,) = said.frames(None)
    return frame


async def test_a_socket_begins_with_the_status() -> None:
    client = Client()
    (said,) = await client.dialogue.begin(client.subscriber)

    assert orjson.loads(said)["data"][0]["system"] == "online"


async def test_a_subscription_is_said_to_have_been_made() -> None:
    client = Client()
    (said,) = await client.asks(symbol=["BTC/USD"], snapshot=False)

    assert said | {"time_in": "", "time_out": ""} == {
        "method": "subscribe", "success": True, "req_id": 7, "time_in": "", "time_out": "",
        "result": {"channel": "trade", "symbol": "BTC/USD", "snapshot": False},
    }  # fmt: skip
    assert client.subscriber.streams == ["btc/usd@heartbeat", "btc/usd@trade"]


async def test_a_subscription_to_trades_begins_with_the_newest_if_they_are_wanted() -> None:
    client = Client()
    _, said = await client.asks(snapshot=True)

    last = EXCHANGE.last(EXCHANGE.symbol("BTC/USD"))
    assert (said["channel"], said["type"]) == ("trade", "snapshot")
    assert [trade["trade_id"] for trade in said["data"]] == list(range(last - 49, last + 1))


async def test_a_message_of_many_trades_carries_their_numbers() -> None:
    client = Client()
    _, parcel = await client.dialogue.answer(
        client.subscriber, '{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"],"snapshot":true}}'
    )

    assert not isinstance(parcel, str)
    assert (len(parcel.carried(0)), len(parcel.carried(1))) == (0, 50)
    assert np.array_equal(parcel.carried(1), parcel.numbers)


async def test_each_pair_is_answered_by_itself() -> None:
    said = await Client().asks(symbol=["FOO/USD", "EUR/USD", 5], snapshot=False)

    assert [each["success"] for each in said] == [False, True, False]
    assert said[0]["error"] == "Currency pair not supported FOO/USD"


async def test_only_one_stream_has_the_signs_of_life() -> None:
    client = Client()
    await client.asks(symbol=["EUR/USD", "BTC/USD"], snapshot=False)

    assert client.subscriber.streams == ["eur/usd@heartbeat", "eur/usd@trade", "btc/usd@trade"]


async def test_the_same_twice_is_an_error() -> None:
    client = Client()
    await client.asks()
    (said,) = await client.asks()

    assert (said["success"], said["error"]) == (False, "Already subscribed")


async def test_a_subscription_can_be_ended_once() -> None:
    client = Client()
    await client.asks()
    (done,), (gone,) = await client.asks("unsubscribe"), await client.asks("unsubscribe")

    assert (done["success"], gone["error"]) == (True, "Subscription Not Found")
    assert client.subscriber.streams == ["btc/usd@heartbeat"]


async def test_a_ping_is_answered() -> None:
    (said,) = await Client().says({"method": "ping", "req_id": 42})

    assert (said["method"], said["req_id"], set(said)) == ("pong", 42, {"method", "req_id", "time_in", "time_out"})


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("{", "Malformed request"),
        ("[]", "Malformed request"),
        ({"method": "subscribe", "params": []}, "Malformed request"),
        ({"method": "buy"}, "Unsupported method"),
        ({"method": "subscribe", "params": {"channel": "fills", "symbol": ["BTC/USD"]}}, "Event(s) not found"),
        ({"method": "subscribe", "params": {"channel": "trade"}}, "Event(s) not found"),
    ],
)
async def test_what_is_no_request_is_an_error(message: object, error: str) -> None:
    (said,) = await Client().says(message)

    assert (said["error"], said["success"]) == (error, False)
