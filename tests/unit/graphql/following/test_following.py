"""Followers of equal subscriptions: executed once, told everything exactly once, each at its own pace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from starlette.types import ASGIApp

from candlewick.domain.commit import CommitKind
from candlewick.domain.job import JobStatus
from candlewick.graphql.app import HttpOptions
from candlewick.graphql.following.follower import MOST_WAITING
from candlewick.graphql.following.groups import Groups
from unit.graphql.fakes import FakeServices, a_job, a_trade
from unit.graphql.sockets import Socket, connected, serving, until

BTC = "binance:BTC-USDT"
TRADES = """subscription ($after: String) {
  trades(instruments: ["binance:BTC-USDT"], after: $after) {
    ... on TradeBatch { trades { sequence } cursor }
    ... on Lagged { events cursor }
  }
}"""


@pytest.fixture
def options() -> HttpOptions:
    return HttpOptions(anonymous=True)


@pytest.fixture
async def app(services: FakeServices, options: HttpOptions) -> AsyncIterator[ASGIApp]:
    async with serving(services, options) as app:
        yield app


@pytest.fixture
async def sockets(app: ASGIApp) -> AsyncIterator[list[Socket]]:
    """Three clients."""
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(connected(app)) for _ in range(3)]
        for socket in opened:
            await socket.begin()
        yield opened


async def follow(options: HttpOptions, *sockets: Socket, query: str = TRADES, **variables: object) -> None:
    """Subscribe, each under an id of its own, and wait until all of them follow."""
    before = _followed(options)
    for number, socket in enumerate(sockets):
        socket.subscribe(f'"{number}', query, **variables)
    await until(lambda: _followed(options) == before + len(sockets))
    await asyncio.sleep(0.01)


def _followed(options: HttpOptions) -> float:
    return options.registry.get_sample_value("candlewick_graphql_subscriptions") or 0


def groups(options: HttpOptions) -> float:
    return options.registry.get_sample_value("candlewick_graphql_subscription_groups") or 0


def reads(services: FakeServices) -> int:
    return len([name for name, _ in services.commit_log.calls if name == "trades_since"])


async def sequences(socket: Socket, count: int) -> list[int]:
    """So many of the trades that come; what else comes does not matter."""
    got: list[int] = []
    while len(got) < count:
        got += [int(trade["sequence"]) for trade in (await socket.data())["trades"].get("trades", ())]
    return got


async def test_equal_subscriptions_are_executed_once_and_each_has_its_own_id(
    services: FakeServices, options: HttpOptions, sockets: list[Socket]
) -> None:
    await follow(options, *sockets)
    services.commit_log.make(1, a_trade(1))
    told = [await socket.receive() for socket in sockets]
    assert [message["id"] for message in told] == ['"0', '"1', '"2']
    assert told[0]["payload"] == told[1]["payload"] == told[2]["payload"]
    assert (reads(services), groups(options)) == (1, 1)


async def test_whoever_leaves_does_not_end_it_for_the_others_and_the_last_one_does(
    services: FakeServices, options: HttpOptions, sockets: list[Socket]
) -> None:
    await follow(options, *sockets)
    sockets[0].send("complete", id='"0')
    await until(lambda: _followed(options) == 2)
    services.commit_log.make(1, a_trade(1))
    assert await sequences(sockets[1], 1) == [1]
    for number in (1, 2):
        sockets[number].send("complete", id=f'"{number}')
    await until(lambda: groups(options) == 0)


async def test_whoever_resumes_catches_up_and_then_goes_with_the_others(
    services: FakeServices, options: HttpOptions, sockets: list[Socket]
) -> None:
    first, second, third = sockets
    await follow(options, first)
    services.commit_log.make(1, a_trade(1))
    cursor = (await first.data())["trades"]["cursor"]
    services.commit_log.make(1, a_trade(2))
    services.commit_log.make(1, a_trade(3))
    assert await sequences(first, 2) == [2, 3]
    await follow(options, second, third, after=cursor)
    assert await sequences(second, 2) == await sequences(third, 2) == [2, 3]
    await asyncio.sleep(0.01)
    before = reads(services)
    services.commit_log.make(1, a_trade(4))
    assert [await sequences(socket, 1) for socket in sockets] == [[4], [4], [4]]
    assert (reads(services) - before, groups(options)) == (1, 1)


async def test_a_client_that_takes_nothing_lags_and_keeps_nobody_waiting(
    services: FakeServices, options: HttpOptions, sockets: list[Socket]
) -> None:
    slow, quick, _ = sockets
    await follow(options, slow, quick)
    slow.room.clear()
    count = MOST_WAITING + 20
    for number in range(count):
        services.commit_log.make(1, a_trade(number))
        assert await sequences(quick, 1) == [number]
    slow.room.set()
    told: list[dict[str, Any]] = []
    while not told or "events" not in told[-1]:
        told.append((await slow.data())["trades"])
    lagged = told.pop()
    got = [int(trade["sequence"]) for each in told for trade in each["trades"]]
    assert lagged["events"] == count - len(got)
    assert lagged["cursor"] == told[-1]["cursor"]
    got += await sequences(slow, count - len(got))
    assert got == list(range(count))
    services.commit_log.make(1, a_trade(count))
    assert await sequences(slow, 1) == [count]
    assert options.registry.get_sample_value("candlewick_graphql_subscriptions_lagged_total") == 1


async def test_a_subscription_that_is_refused_is_refused_for_each(
    services: FakeServices, options: HttpOptions, sockets: list[Socket]
) -> None:
    for socket in sockets:
        socket.subscribe("1", 'subscription { trades(instruments: ["nowhere"]) { __typename } }')
    for socket in sockets:
        message = await socket.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "BAD_USER_INPUT")
    await until(lambda: groups(options) == 0)


async def test_a_feed_that_fails_ends_it_for_each_and_is_masked(
    services: FakeServices, options: HttpOptions, sockets: list[Socket]
) -> None:
    await follow(options, *sockets)
    services.commit_log.failure = RuntimeError("password=hunter2")
    services.commit_log.make(1, a_trade(1))
    for socket in sockets:
        message = await socket.receive()
        assert (message["type"], message["payload"][0]["message"]) == ("error", "internal error")
        assert message["payload"][0]["path"] == ["trades"]


async def test_a_job_that_ends_completes_for_each(
    services: FakeServices, options: HttpOptions, sockets: list[Socket]
) -> None:
    services.jobs.rows = {1: a_job()}
    await follow(options, *sockets, query='subscription { job(id: "Sm9iOjE") { status } }')
    assert [(await socket.data())["job"]["status"] for socket in sockets] == ["RUNNING"] * 3
    services.jobs.rows = {1: a_job(status=JobStatus.SUCCEEDED)}
    for socket in sockets:
        assert (await socket.data())["job"]["status"] == "SUCCEEDED"
        assert (await socket.receive())["type"] == "complete"


async def test_a_job_that_is_over_is_shown_once_and_completes(services: FakeServices, sockets: list[Socket]) -> None:
    services.jobs.rows = {1: a_job(status=JobStatus.FAILED)}
    for socket in sockets:
        socket.subscribe("1", 'subscription { job(id: "Sm9iOjE") { status } }')
    for socket in sockets:
        assert (await socket.data())["job"]["status"] == "FAILED"
        assert (await socket.receive())["type"] == "complete"


async def test_gaps_are_told_among_trades_to_those_who_ask_for_them(
    services: FakeServices, options: HttpOptions, sockets: list[Socket]
) -> None:
    first, second, _ = sockets
    query = TRADES.replace("... on Lagged", "... on FeedGap { gap { state } } ... on Lagged")
    await follow(options, first, query=query)
    await follow(options, second)
    services.commit_log.make(1, kind=CommitKind.GAP)
    services.commit_log.make(1, a_trade(1))
    assert (await first.data())["trades"] == {"gap": {"state": "UNREPAIRABLE"}}
    assert await sequences(second, 1) == [1]


async def test_nothing_is_left_when_everybody_is_gone(services: FakeServices, options: HttpOptions) -> None:
    async with serving(services, options) as app, connected(app) as socket:
        await socket.begin()
        await follow(options, socket)
        found = [each for each in _all(Groups) if each.execution.services is services]
        assert len(found) == len(found[0]) == 1
    assert len(found[0]) == 0
    assert not found[0].execution.live.hub._watches


def _all(kind: type[Groups]) -> list[Groups]:
    import gc

    return [each for each in gc.get_objects() if type(each) is kind]  # isinstance would wake weak proxies
