"""Subscriptions over a real database: what is committed reaches who follows it, and a later session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from starlette.types import ASGIApp

from candlewick.domain.calendar import Calendar
from candlewick.domain.market import Instrument, InstrumentId, Side, Trade
from candlewick.domain.time import Window
from candlewick.graphql.app import HttpOptions, create_app
from candlewick.storage.calendars import StoredCalendars
from candlewick.storage.commit_log import StoredCommits
from candlewick.storage.engine import Database
from candlewick.storage.trades import Trades
from graphql_client import Services
from markets import LATER, delivery, new_instrument
from unit.graphql.sockets import Socket, connected

TRADES = """subscription ($key: String!, $after: String) {
  trades(instruments: [$key], after: $after) { ... on TradeBatch { cursor trades { sequence } } }
}"""
CANDLES = """subscription ($key: String!, $after: String) {
  candles(instruments: [$key], spec: {interval: M5}, after: $after) {
    __typename
    ... on CandleSnapshot { cursor candles { ...C } }
    ... on CandleUpdate { cursor candles { ...C } }
    ... on CandleRevised { cursor candles { ...C } }
  }
}
fragment C on Candle { tradeCount status }"""
MINUTE, YEAR = timedelta(minutes=1), timedelta(days=365)


class NotedCommits(StoredCommits):
    """The commit log, which says when it was asked where subscriptions begin."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.asked = asyncio.Event()

    async def versions(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, int]:
        """See `CommitReads.versions`."""
        found = await super().versions(instrument_ids)
        self.asked.set()
        return found


@pytest.fixture
def commits(database: Database) -> NotedCommits:
    return NotedCommits(database)


@pytest.fixture
async def app(database: Database, commits: NotedCommits) -> AsyncIterator[ASGIApp]:
    services = Services(database)
    services.commit_log = commits
    app = create_app(services, HttpOptions(anonymous=True))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def instrument(database: Database) -> Instrument:
    """With a trade in the minute of now, one ten minutes ago, and one an hour ago."""
    made = await new_instrument(database)
    await store(database, made, {1: 60, 2: 10, 3: 0})
    return made


async def store(database: Database, instrument: Instrument, ages: dict[int, int]) -> None:
    """Trades by sequence, so many minutes ago."""
    tape: Iterable[Trade] = (
        Trade(n, Decimal(5), Decimal(1), Side.BUY, LATER - age * MINUTE) for n, age in ages.items()
    )
    await Trades(database).insert(delivery(instrument, tape))


async def follow(socket: Socket, query: str, instrument: Instrument, after: str | None = None) -> None:
    await socket.begin()
    socket.subscribe("1", query, key=str(instrument.key), after=after)


async def event(socket: Socket) -> dict[str, Any]:
    [found] = (await socket.data()).values()
    return dict(found)


async def test_late_trades_reach_a_later_session(
    app: ASGIApp, commits: NotedCommits, database: Database, instrument: Instrument
) -> None:
    async with connected(app) as socket:
        await follow(socket, TRADES, instrument)
        await commits.asked.wait()
        await store(database, instrument, {4: 0})
        first = await event(socket)
    await store(database, instrument, {5: 45, 6: 0})
    async with connected(app) as later:
        await follow(later, TRADES, instrument, first["cursor"])
        rest = await event(later)
    assert [trade["sequence"] for trade in first["trades"] + rest["trades"]] == ["4", "5", "6"]


async def test_candles_change_close_and_are_revised(app: ASGIApp, database: Database, instrument: Instrument) -> None:
    async with connected(app) as socket:
        await follow(socket, CANDLES, instrument)
        snapshot = await event(socket)
        await store(database, instrument, {4: 0})
        update = await event(socket)
    await store(database, instrument, {5: 60})
    async with connected(app) as later:
        await follow(later, CANDLES, instrument, update["cursor"])
        revised = await event(later)
    assert [(one["__typename"], one["candles"]) for one in (snapshot, update, revised)] == [
        ("CandleSnapshot", [{"tradeCount": 1, "status": "FINAL"}, {"tradeCount": 1, "status": "PROVISIONAL"}]),
        ("CandleUpdate", [{"tradeCount": 2, "status": "PROVISIONAL"}]),
        ("CandleRevised", [{"tradeCount": 2, "status": "REVISED"}]),
    ]


LOCAL = """subscription ($key: String!, $time: TimeBarInput!) {
  candles(instruments: [$key], spec: {time: $time}) {
    __typename
    ... on CandleSnapshot { candles { openTime closeTime tradeCount } }
    ... on CandleUpdate { candles { openTime closeTime tradeCount } }
  }
}"""


@pytest.mark.parametrize(
    ("time", "opens", "closes"),
    [
        ({"every": "P1D", "timezone": "Asia/Tokyo"}, "2025-12-31T15:00:00Z", "2026-01-01T15:00:00Z"),
        ({"every": "PT4H", "timezone": "Asia/Kolkata"}, "2025-12-31T22:30:00Z", "2026-01-01T02:30:00Z"),
        ({"every": "PT4H", "session": "LIVE"}, "2025-12-31T23:30:00Z", "2026-01-01T02:00:00Z"),
        ({"every": "P1W", "session": "LIVE"}, "2025-12-31T23:30:00Z", "2026-01-01T02:00:00Z"),
    ],
    ids=str,
)
async def test_candles_of_zones_and_sessions_are_followed_too(
    app: ASGIApp, database: Database, instrument: Instrument, time: dict[str, str], opens: str, closes: str
) -> None:
    session = Window(LATER - timedelta(minutes=30), LATER + timedelta(hours=2))
    await StoredCalendars(database).put(Calendar("LIVE", Window(LATER - YEAR, LATER + YEAR), [session]))
    async with connected(app) as socket:
        await socket.begin()
        socket.subscribe("1", LOCAL, key=str(instrument.key), time=time)
        snapshot = await event(socket)
        await store(database, instrument, {4: 0})
        update = await event(socket)
    before = snapshot["candles"][-1]
    assert (before["openTime"], before["closeTime"]) == (opens, closes)
    assert update == {
        "__typename": "CandleUpdate", "candles": [before | {"tradeCount": before["tradeCount"] + 1}]
    }  # fmt: skip


async def test_an_unknown_calendar_cannot_be_followed(app: ASGIApp, instrument: Instrument) -> None:
    async with connected(app) as socket:
        await socket.begin()
        socket.subscribe("1", LOCAL, key=str(instrument.key), time={"every": "P1D", "session": "XNOWHERE"})
        message = await socket.receive()
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "XNOWHERE" in message["payload"][0]["message"]
