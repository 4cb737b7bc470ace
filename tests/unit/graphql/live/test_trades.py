"""The subscription to trades: each once, in order, from where a session left off."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from starlette.types import ASGIApp

from candlewick.domain.errors import DatabaseUnavailable
from candlewick.domain.market import InstrumentId
from candlewick.graphql.cursor import Series
from candlewick.graphql.limits import MAX_EVENT_ROWS, MAX_WATCHED
from candlewick.graphql.live import positions
from unit.graphql.fakes import START, FakeServices, a_trade
from unit.graphql.sockets import Socket, connected, serving, until

TRADES = """subscription T($instruments: [String!]!, $after: String) {
  trades(instruments: $instruments, after: $after) {
    ... on TradeBatch { instrument trades { sequence price ts } cursor }
  }
}"""
BTC, ETH = "binance:BTC-USDT", "binance:ETH-USDT"


@pytest.fixture
async def app(services: FakeServices) -> AsyncIterator[ASGIApp]:
    async with serving(services) as app:
        yield app


@pytest.fixture
async def socket(app: ASGIApp) -> AsyncIterator[Socket]:
    async with connected(app) as socket:
        await socket.begin()
        yield socket


async def follow(services: FakeServices, socket: Socket, *instruments: str, after: str | None = None) -> None:
    """Subscribe, and wait until the subscription has begun."""
    services.commit_log.calls.clear()
    socket.subscribe("1", TRADES, instruments=list(instruments), after=after)
    await until(lambda: bool(services.commit_log.calls))


async def batch(socket: Socket) -> dict[str, Any]:
    found: dict[str, Any] = (await socket.data())["trades"]
    return found


def sequences(found: dict[str, Any]) -> list[int]:
    return [int(trade["sequence"]) for trade in found["trades"]]


async def test_trades_come_as_they_are_committed(services: FakeServices, socket: Socket) -> None:
    services.commit_log.make(1, a_trade(1))
    await follow(services, socket, BTC)
    services.commit_log.make(1, a_trade(2), a_trade(3))
    found = await batch(socket)
    assert found["instrument"] == BTC
    assert found["trades"][0] == {"sequence": "2", "price": "61234.1", "ts": "2024-08-08T00:00:00Z"}
    assert sequences(found) == [2, 3]


async def test_late_trades_come_too(services: FakeServices, socket: Socket) -> None:
    await follow(services, socket, BTC)
    services.commit_log.make(1, a_trade(5))
    assert sequences(await batch(socket)) == [5]
    services.commit_log.make(1, a_trade(4, START - timedelta(days=30)))
    assert sequences(await batch(socket)) == [4]


async def test_a_commit_larger_than_an_event_comes_in_parts(services: FakeServices, socket: Socket) -> None:
    await follow(services, socket, BTC)
    services.commit_log.make(1, *(a_trade(n) for n in range(2 * MAX_EVENT_ROWS + 1)))
    services.commit_log.make(1, a_trade(10_000))
    got: list[int] = []
    while len(got) < 2 * MAX_EVENT_ROWS + 2:
        found = sequences(await batch(socket))
        assert len(found) <= MAX_EVENT_ROWS
        got += found
    assert got == [*range(2 * MAX_EVENT_ROWS + 1), 10_000]


async def test_a_cursor_goes_on_within_a_commit(services: FakeServices, app: ASGIApp, socket: Socket) -> None:
    await follow(services, socket, BTC)
    services.commit_log.make(1, *(a_trade(n) for n in range(MAX_EVENT_ROWS + 2)))
    cursor = (await batch(socket))["cursor"]
    async with connected(app) as later:
        await later.begin()
        await follow(services, later, BTC, after=cursor)
        assert sequences(await batch(later)) == [MAX_EVENT_ROWS, MAX_EVENT_ROWS + 1]


async def test_a_later_session_misses_nothing_in_between(services: FakeServices, app: ASGIApp) -> None:
    async with connected(app) as socket:
        await socket.begin()
        await follow(services, socket, BTC, ETH)
        services.commit_log.make(1, a_trade(1))
        cursor = (await batch(socket))["cursor"]
    services.commit_log.make(1, a_trade(2))
    services.commit_log.make(2, a_trade(7))
    async with connected(app) as later:
        await later.begin()
        await follow(services, later, BTC, ETH, after=cursor)
        found = [await batch(later) for _ in range(2)]
    assert {one["instrument"]: sequences(one) for one in found} == {BTC: [2], ETH: [7]}


async def test_an_instrument_that_the_cursor_does_not_know_begins_now(services: FakeServices, app: ASGIApp) -> None:
    services.commit_log.make(2, a_trade(1))
    async with connected(app) as socket:
        await socket.begin()
        await follow(services, socket, BTC)
        services.commit_log.make(1, a_trade(1))
        cursor = (await batch(socket))["cursor"]
    async with connected(app) as later:
        await later.begin()
        await follow(services, later, ETH, after=cursor)
        services.commit_log.make(2, a_trade(2))
        assert sequences(await batch(later)) == [2]


async def test_instruments_that_lag_take_turns(services: FakeServices, socket: Socket) -> None:
    await follow(services, socket, BTC, ETH)
    services.commit_log.make(2, a_trade(1), told=False)
    services.commit_log.make(1, *(a_trade(n) for n in range(3 * MAX_EVENT_ROWS)), told=False)
    services.bus.said.put_nowait(None)
    assert {(await batch(socket))["instrument"] for _ in range(3)} == {BTC, ETH}


async def test_a_database_that_was_away_loses_nothing(services: FakeServices, socket: Socket) -> None:
    await follow(services, socket, BTC)
    services.commit_log.failure = DatabaseUnavailable("db.internal:5432", "connection refused")
    services.commit_log.calls.clear()
    services.commit_log.make(1, a_trade(1))
    await until(lambda: any(name == "trades_since" for name, _ in services.commit_log.calls))
    services.commit_log.failure = None
    assert sequences(await batch(socket)) == [1]


@pytest.mark.parametrize(
    ("instruments", "after"),
    [
        ([], None),
        (["binance:BTC-USDT"] * 101, None),
        (["BTCUSDT"], None),
        (["binance:DOGE-USDT"], None),
        ([BTC], ""),
        ([BTC], "rubbish"),
        ([BTC], Series("live candles", "PT1M").cursor("1.0.0")),
        ([BTC], Series("live trades").cursor("1")),
        ([BTC], Series("live trades").cursor("1.-5")),
        ([BTC], Series("live trades").cursor("1.0.5")),
        ([BTC], Series("live trades").cursor("1.0.999999999999999999.5")),
        ([BTC], Series("live trades").cursor("1.99")),
    ],
)
async def test_what_cannot_be_followed_is_said_at_once(
    socket: Socket, instruments: list[str], after: str | None
) -> None:
    socket.subscribe("1", TRADES, instruments=instruments, after=after)
    message = await socket.receive()
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert message["payload"][0]["path"] == ["trades"]


async def test_a_cursor_of_a_hundred_instruments_is_no_longer_than_may_be_sent() -> None:
    most = {InstrumentId(2**31 - n): (2**50, 2**54, 2**63 - 1) for n in range(1, MAX_WATCHED + 1)}
    series = positions.series("live trades")
    assert positions.read(series, positions.write(series, most)) == most


async def test_a_client_that_takes_nothing_keeps_nothing_waiting(services: FakeServices, socket: Socket) -> None:
    await follow(services, socket, BTC)
    socket.room.clear()
    services.commit_log.calls.clear()
    for number in range(50):
        services.commit_log.make(1, a_trade(number))
    await until(services.bus.said.empty)
    reads = [name for name, _ in services.commit_log.calls if name == "trades_since"]
    assert len(reads) <= 1
    socket.room.set()
    got: list[int] = []
    while len(got) < 50:
        got += sequences(await batch(socket))
    assert got == list(range(50))


@pytest.mark.parametrize("pruned", [False, True])
async def test_a_cursor_that_has_missed_too_much_says_so(
    services: FakeServices, app: ASGIApp, socket: Socket, *, pruned: bool
) -> None:
    services.commit_log.make(1, a_trade(1))
    services.commit_log.make(1, a_trade(2))
    services.clock.moment = START + timedelta(days=7, seconds=-1 if pruned else 1)
    if pruned:
        services.commit_log.made[InstrumentId(1)][0] = services.commit_log.made[InstrumentId(1)][1]
    socket.subscribe("1", TRADES, instruments=[BTC], after=Series("live trades").cursor("1.0"))
    message = await socket.receive()
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"] == {
        "code": "CURSOR_EXPIRED",
        "argument": "after",
        "instrument": BTC,
        "missedSince": "2024-08-08T00:00:00+00:00",
        "oldest": (services.clock.moment - timedelta(days=7)).isoformat(),
    }
