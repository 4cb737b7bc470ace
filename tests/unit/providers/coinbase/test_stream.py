"""Coinbase's feed: how it is asked, what a refusal concerns, and when a connection is given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs
from websockets.asyncio.server import ServerConnection, serve

from candlewick.domain.errors import InvalidInput, SourceUnavailable
from candlewick.domain.market import Instrument
from candlewick.ports import Frame
from candlewick.providers.coinbase.stream import CoinbaseStream
from candlewick.providers.websocket import StreamBounds
from coinbase_simulated import instrument
from markets import FrozenClock
from source_doubles import Budget
from unit.providers.coinbase.wire import HEARTBEAT, MATCH
from working import HANGS

Handler = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def venue(handler: Handler) -> AsyncIterator[str]:
    """A server that does this with every connection; its URL."""
    async with serve(handler, "127.0.0.1", 0, compression=None, close_timeout=0.1) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def stream(url: str, silence: float = 10, budget: Budget | None = None, *, quotes: bool = False) -> CoinbaseStream:
    bounds = StreamBounds(silence=timedelta(seconds=silence))
    return CoinbaseStream("coinbase", url, budget or Budget(), FrozenClock(), bounds, quotes=quotes)


async def messages(source: CoinbaseStream, *instruments: Instrument) -> list[Frame]:
    """All that a connection delivers, to its end."""
    async with source.connect(instruments or [instrument()]) as frames:
        return [frame async for frame in frames]


async def asked(socket: ServerConnection) -> Any:
    async with asyncio.timeout(HANGS):
        return orjson.loads(await socket.recv())


async def say(socket: ServerConnection, message: dict[str, Any]) -> None:
    await socket.send(orjson.dumps(message).decode())


async def refuse(socket: ServerConnection, reason: str) -> None:
    await say(socket, {"type": "error", "message": "Failed to subscribe", "reason": reason})


async def test_matches_and_heartbeats_are_asked_for() -> None:
    requests: list[Any] = []

    async def notes(socket: ServerConnection) -> None:
        requests.append(await asked(socket))

    budget = Budget()
    async with venue(notes) as url:
        await messages(stream(url, budget=budget), instrument(), instrument("ETH"))

    assert requests == [
        {"type": "subscribe", "product_ids": ["BTC-USD", "ETH-USD"], "channels": ["matches", "heartbeat"]}
    ]
    assert budget.spent == [1]


async def test_tickers_are_asked_for_where_quotes_are_wanted() -> None:
    requests: list[Any] = []

    async def notes(socket: ServerConnection) -> None:
        requests.append(await asked(socket))

    async with venue(notes) as url:
        await messages(stream(url, quotes=True))

    assert requests[0]["channels"] == ["matches", "heartbeat", "ticker"]


async def test_many_products_are_asked_for_in_messages_of_bounded_size() -> None:
    requests: list[list[str]] = []

    async def notes(socket: ServerConnection) -> None:
        while sum(map(len, requests)) < 120:
            requests.append((await asked(socket))["product_ids"])

    async with venue(notes) as url:
        await messages(stream(url), *(instrument(f"S{number}") for number in range(120)))

    assert list(map(len, requests)) == [50, 50, 20]
    assert [product for part in requests for product in part] == [f"S{number}-USD" for number in range(120)]


@pytest.mark.parametrize("count", [0, 501])
async def test_more_products_than_a_connection_carries_are_refused(count: int) -> None:
    with pytest.raises(InvalidInput, match=f"1 to 500 instruments, not {count}"):
        async with stream("ws://127.0.0.1:1").connect([instrument()] * count):
            pass


@pytest.mark.parametrize("reason", ["OLD-USD is not a valid product", "OLD-USD is delisted"])
async def test_a_product_that_is_refused_keeps_no_other_waiting(reason: str) -> None:
    requests: list[list[str]] = []

    async def refuses(socket: ServerConnection) -> None:
        requests.append((await asked(socket))["product_ids"])
        await refuse(socket, reason)
        requests.append((await asked(socket))["product_ids"])
        await say(socket, MATCH)

    async with venue(refuses) as url:
        source = stream(url)
        with capture_logs() as logs:
            found = await messages(source, instrument(), instrument("OLD"))

    assert requests == [["BTC-USD", "OLD-USD"], ["BTC-USD"]]
    read = source.read(found)
    assert read["BTC-USD"].trades.sequence.tolist() == [74]
    assert reason in read[""].rejected[0].reason
    assert [(each["event"], each["product"]) for each in logs] == [("product_refused", "OLD-USD")]


async def test_only_the_products_of_the_same_message_are_asked_for_again() -> None:
    requests: list[list[str]] = []

    async def refuses(socket: ServerConnection) -> None:
        requests.extend([(await asked(socket))["product_ids"] for _ in range(2)])
        await refuse(socket, "S59-USD is not a valid product")
        requests.append((await asked(socket))["product_ids"])

    async with venue(refuses) as url:
        await messages(stream(url), *(instrument(f"S{number}") for number in range(60)))

    assert requests[2] == [f"S{number}-USD" for number in range(50, 59)]


async def test_the_only_product_that_is_refused_leaves_a_silent_connection() -> None:
    async def refuses(socket: ServerConnection) -> None:
        await asked(socket)
        await refuse(socket, "BTC-USD is delisted")
        await socket.wait_closed()

    async with venue(refuses) as url:
        with pytest.raises(SourceUnavailable, match="silent"):
            await messages(stream(url, silence=0.2))


async def test_any_other_error_ends_the_connection() -> None:
    async def refuses(socket: ServerConnection) -> None:
        await asked(socket)
        await refuse(socket, "ETH-USD is not a valid product")
        await socket.wait_closed()

    async with venue(refuses) as url:
        with pytest.raises(SourceUnavailable, match="the stream refuses: Failed to subscribe: ETH-USD is not a valid"):
            await messages(stream(url))


async def test_trades_without_heartbeats_end_the_connection() -> None:
    async def never_beats(socket: ServerConnection) -> None:
        while True:
            await say(socket, MATCH)
            await asyncio.sleep(0.02)

    async with venue(never_beats) as url:
        with pytest.raises(SourceUnavailable, match=r"the stream has no heartbeat for 0\.3 s"):
            await messages(stream(url, silence=0.3))


async def test_one_product_s_missing_heartbeats_end_the_connection() -> None:
    async def beats_once(socket: ServerConnection) -> None:
        await say(socket, HEARTBEAT | {"product_id": "ETH-USD"})
        while True:
            await say(socket, HEARTBEAT)
            await asyncio.sleep(0.02)

    async with venue(beats_once) as url:
        with pytest.raises(SourceUnavailable, match=r"no heartbeat of ETH-USD for 0\.3 s"):
            await messages(stream(url, silence=0.3), instrument(), instrument("ETH"))


async def test_time_that_a_store_takes_is_no_silence() -> None:
    async def floods(socket: ServerConnection) -> None:
        await asked(socket)
        for number in range(100):
            await say(socket, MATCH | {"trade_id": number + 1})
        await say(socket, HEARTBEAT)

    count = 0
    async with venue(floods) as url, stream(url, silence=0.3).connect([instrument()]) as frames:
        async for _ in frames:
            count += 1
            if count == 50:
                await asyncio.sleep(0.6)

    assert count == 101


async def test_a_normal_close_ends_the_frames() -> None:
    async def says(socket: ServerConnection) -> None:
        await asked(socket)
        await say(socket, HEARTBEAT)
        await socket.close(1000)

    async with venue(says) as url:
        source = stream(url)
        found = await messages(source)

    assert source.tips(found) == {"BTC-USD": 80}
    assert source.read(found) == {}
    assert source.quotes(found) == {}
