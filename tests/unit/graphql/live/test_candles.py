"""The subscription to candles: a snapshot, then what is news."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from starlette.types import ASGIApp

from candlewick.domain.candle import CandleStatus
from candlewick.domain.commit import CommitKind
from candlewick.domain.time import Window
from candlewick.graphql.app import HttpOptions
from candlewick.graphql.cursor import Series
from candlewick.graphql.limits import MAX_EVENT_ROWS
from unit.graphql.fakes import START, FakeServices, LiveCandles, a_candle
from unit.graphql.sockets import Socket, connected, serving, until

PROVISIONAL, FINAL, REVISED = CandleStatus
MINUTE = timedelta(minutes=1)
BTC, ETH = "binance:BTC-USDT", "binance:ETH-USDT"
CANDLES = """subscription C($instruments: [String!]!, $every: Duration!, $after: String, $finalOnly: Boolean!) {
  candles(instruments: $instruments, spec: {time: {every: $every}}, after: $after, finalOnly: $finalOnly) {
    __typename
    ... on CandleSnapshot { instrument candles { ...C } cursor }
    ... on CandleUpdate { instrument candles { ...C } cursor omitted { from to } }
    ... on CandleRevised { instrument candles { ...C } cursor omitted { from to } }
    ... on FeedGap { instrument gap { firstSequence state } cursor }
  }
}
fragment C on Candle { openTime close status }"""


@pytest.fixture
def candles() -> LiveCandles:
    return LiveCandles(a_candle(0), a_candle(1), a_candle(2, status=PROVISIONAL))


@pytest.fixture
def services(services: FakeServices, candles: LiveCandles) -> FakeServices:
    """Two and a half minutes after START: the first commit made three candles, the third of which is open."""
    services.candles = candles
    services.commit_log.make(1, told=False)
    services.clock.moment = START + 2.5 * MINUTE
    return services


@pytest.fixture
async def app(services: FakeServices) -> AsyncIterator[ASGIApp]:
    async with serving(services, HttpOptions(anonymous=True, allowed_lateness=timedelta())) as app:
        yield app


@pytest.fixture
async def socket(app: ASGIApp) -> AsyncIterator[Socket]:
    async with connected(app) as socket:
        await socket.begin()
        yield socket


def follow(
    socket: Socket, *instruments: str, every: str = "PT1M", after: str | None = None, final_only: bool = False
) -> None:
    socket.subscribe("1", CANDLES, instruments=list(instruments), every=every, after=after, finalOnly=final_only)


async def event(socket: Socket) -> dict[str, Any]:
    found: dict[str, Any] = (await socket.data())["candles"]
    return found


def told(found: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """The kind of event, and its candles as (minute, status)."""
    return found["__typename"], [(candle["openTime"][14:16], candle["status"]) for candle in found["candles"]]


async def test_the_newest_two_candles_come_first(socket: Socket) -> None:
    follow(socket, BTC, ETH)
    found = [await event(socket) for _ in range(2)]
    assert [one["instrument"] for one in found] == [BTC, ETH]
    assert told(found[0]) == ("CandleSnapshot", [("01", "FINAL"), ("02", "PROVISIONAL")])


async def test_a_candle_that_changes_is_an_update(services: FakeServices, socket: Socket) -> None:
    follow(socket, BTC)
    await event(socket)
    services.candles.put(a_candle(2, 2, PROVISIONAL, close="5"))
    services.commit_log.make(1, window=Window(START + 2 * MINUTE, START + 3 * MINUTE))
    found = await event(socket)
    assert told(found) == ("CandleUpdate", [("02", "PROVISIONAL")])
    assert found["candles"][0]["close"] == "5"


async def test_a_candle_closes_when_its_time_is_over(services: FakeServices, socket: Socket) -> None:
    services.clock.moment = START + 3 * MINUTE - timedelta(milliseconds=20)
    follow(socket, BTC)
    await event(socket)
    services.clock.moment = START + 3 * MINUTE
    services.candles.put(a_candle(2, status=FINAL))
    assert told(await event(socket)) == ("CandleUpdate", [("02", "FINAL")])


async def test_late_data_revises_a_closed_candle(services: FakeServices, socket: Socket) -> None:
    follow(socket, BTC)
    await event(socket)
    services.candles.put(a_candle(0, 2, REVISED))
    services.commit_log.make(1, window=Window(START, START + MINUTE))
    assert told(await event(socket)) == ("CandleRevised", [("00", "REVISED")])


async def test_changes_that_a_client_missed_come_as_one(services: FakeServices, socket: Socket) -> None:
    follow(socket, BTC)
    await event(socket)
    socket.room.clear()
    for version in range(2, 30):
        services.candles.put(a_candle(2, version, PROVISIONAL, close=str(version)))
        services.commit_log.make(1, window=Window(START + 2 * MINUTE, START + 3 * MINUTE))
    await until(services.bus.said.empty)
    socket.room.set()
    found = await event(socket)
    while found["candles"][0]["close"] != "29":
        found = await event(socket)
    assert socket.arrived.empty()


async def test_with_final_only_no_open_candle_comes(services: FakeServices, socket: Socket) -> None:
    follow(socket, BTC, final_only=True)
    assert told(await event(socket)) == ("CandleSnapshot", [("00", "FINAL"), ("01", "FINAL")])
    services.candles.put(a_candle(2, 2, FINAL), a_candle(3, 2, PROVISIONAL))
    services.clock.moment = START + 3.5 * MINUTE
    services.commit_log.make(1, window=Window(START + 2 * MINUTE, START + 4 * MINUTE))
    assert told(await event(socket)) == ("CandleUpdate", [("02", "FINAL")])


async def test_a_large_backfill_is_told_by_its_newest_candles(services: FakeServices, socket: Socket) -> None:
    follow(socket, BTC)
    await event(socket)
    past = range(-3 * MAX_EVENT_ROWS, 0)
    services.candles.put(*(a_candle(minute, 2) for minute in past))
    services.commit_log.make(1, window=Window(START + past[0] * MINUTE, START))
    found = await event(socket)
    assert found["__typename"] == "CandleRevised"
    assert len(found["candles"]) == MAX_EVENT_ROWS
    assert found["omitted"] == {"from": "2024-08-05T22:00:00Z", "to": found["candles"][0]["openTime"]}


async def test_a_later_session_is_told_what_it_missed(services: FakeServices, app: ASGIApp) -> None:
    async with connected(app) as socket:
        await socket.begin()
        follow(socket, BTC)
        cursor = (await event(socket))["cursor"]
    services.candles.put(a_candle(0, 2, REVISED), a_candle(2, status=FINAL), a_candle(3, 3, PROVISIONAL))
    services.commit_log.make(1, window=Window(START, START + MINUTE))
    services.commit_log.make(1, window=Window(START + 3 * MINUTE, START + 4 * MINUTE))
    services.clock.moment = START + 3.5 * MINUTE
    async with connected(app) as later:
        await later.begin()
        follow(later, BTC, after=cursor)
        found = [told(await event(later)) for _ in range(2)]
    assert found == [
        ("CandleRevised", [("00", "REVISED")]),
        ("CandleUpdate", [("02", "FINAL"), ("03", "PROVISIONAL")]),
    ]


async def test_a_cursor_says_exactly_what_was_told_with_it_within_a_look_too(
    services: FakeServices, app: ASGIApp, socket: Socket
) -> None:
    follow(socket, BTC)
    await event(socket)
    services.candles.put(a_candle(0, 2, REVISED), a_candle(2, 2, PROVISIONAL))
    services.commit_log.make(1, window=Window(START, START + 3 * MINUTE))
    revised, updated = await event(socket), await event(socket)
    assert told(revised) == ("CandleRevised", [("00", "REVISED")])
    async with connected(app) as later:
        await later.begin()
        follow(later, BTC, after=revised["cursor"])
        assert told(await event(later)) == told(updated) == ("CandleUpdate", [("02", "PROVISIONAL")])


async def test_a_candle_that_closed_while_a_client_was_away_is_told_though_the_others_know(
    services: FakeServices, candles: LiveCandles, app: ASGIApp, socket: Socket
) -> None:
    follow(socket, BTC)
    cursor = (await event(socket))["cursor"]
    candles.put(a_candle(2, status=FINAL))
    services.clock.moment = START + 3 * MINUTE
    services.commit_log.make(1, kind=CommitKind.GAP)
    assert {(await event(socket))["__typename"] for _ in range(2)} == {"FeedGap", "CandleUpdate"}
    async with connected(app) as later:
        await later.begin()
        follow(later, BTC, after=cursor)
        found = [await event(later) for _ in range(2)]
    assert told(found[1]) == ("CandleUpdate", [("02", "FINAL")])


async def test_whoever_resumes_goes_with_the_others_once_nothing_is_missing(
    services: FakeServices, candles: LiveCandles, app: ASGIApp, socket: Socket
) -> None:
    services.commit_log.make(2, told=False)
    follow(socket, BTC, ETH)
    cursor = [await event(socket) for _ in range(2)][-1]["cursor"]
    services.clock.moment += timedelta(seconds=5)
    async with connected(app) as later:
        await later.begin()
        asked = len(candles.calls)
        follow(later, BTC, ETH, after=cursor)
        await until(lambda: len(candles.calls) >= asked + 2)
        await asyncio.sleep(0.05)
        asked = len(candles.calls)
        candles.put(a_candle(2, 2, PROVISIONAL, close="5"))
        services.commit_log.make(1, window=Window(START + 2 * MINUTE, START + 3 * MINUTE))
        assert await event(later) == await event(socket)
        assert len(candles.calls) == asked + 1


async def test_an_instrument_without_candles_has_an_empty_snapshot(services: FakeServices, socket: Socket) -> None:
    services.candles.rows.clear()
    follow(socket, BTC)
    assert told(await event(socket)) == ("CandleSnapshot", [])


@pytest.mark.parametrize(
    ("instruments", "every", "after"),
    [
        (["binance:DOGE-USDT"], "PT1M", None),
        ([], "PT1M", None),
        ([BTC], "PT1M", "rubbish"),
        ([BTC], "PT1M", Series("live candles", "PT5M").cursor("1.0.0")),
        ([BTC], "PT1M", Series("live candles", "PT1M").cursor("1.0")),
        ([BTC], "PT1M", Series("live candles", "PT1M").cursor("1.99.0")),
        ([BTC], "PT1M", Series("live candles", "PT1M").cursor("1.0.9999999999999999999")),
    ],
)
async def test_what_cannot_be_followed_is_said_at_once(
    socket: Socket, instruments: list[str], every: str, after: str | None
) -> None:
    follow(socket, *instruments, every=every, after=after)
    message = await socket.receive()
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_gap_that_is_noticed_or_closed_is_told(services: FakeServices, socket: Socket) -> None:
    follow(socket, BTC)
    await event(socket)
    services.commit_log.make(1, kind=CommitKind.GAP)
    found = await event(socket)
    assert (found["__typename"], found["instrument"]) == ("FeedGap", BTC)
    assert found["gap"] == {"firstSequence": "9007199254740994", "state": "UNREPAIRABLE"}
    assert services.gaps.calls[-1] == ("changed", (1, 1, 2, 100))


async def test_a_gap_comes_before_the_candles_that_its_repair_changed(services: FakeServices, socket: Socket) -> None:
    follow(socket, BTC)
    await event(socket)
    services.candles.put(a_candle(0, 2, REVISED))
    services.commit_log.make(1, window=Window(START, START + MINUTE), told=False)
    services.commit_log.make(1, kind=CommitKind.GAP)
    assert [(await event(socket))["__typename"] for _ in range(3)] == ["FeedGap", "FeedGap", "CandleRevised"]


async def test_gaps_that_changed_while_nobody_followed_are_told_once(
    services: FakeServices, app: ASGIApp, socket: Socket
) -> None:
    follow(socket, BTC)
    cursor = (await event(socket))["cursor"]
    socket.leave()
    services.commit_log.make(1, kind=CommitKind.GAP)
    async with connected(app) as second:
        await second.begin()
        follow(second, BTC, after=cursor)
        found = await event(second)
    assert found["__typename"] == "FeedGap"
    services.candles.put(a_candle(2, 3, PROVISIONAL, close="5"))
    services.commit_log.make(1, window=Window(START + 2 * MINUTE, START + 3 * MINUTE))
    async with connected(app) as third:
        await third.begin()
        follow(third, BTC, after=found["cursor"])
        assert (await event(third))["__typename"] == "CandleUpdate"
