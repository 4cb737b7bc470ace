"""Kept indicators through the API, over a real database: followed as they are stored, and served without a worker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.types import ASGIApp

from candlewick.graphql.app import HttpOptions, create_app
from candlewick.graphql.scalars import serialize_datetime
from candlewick.pipeline.kept_first import KeptFirst
from candlewick.storage.engine import Database
from graphql_client import Services
from keeping import BEGINNING, MINUTE, Desk, desk_of
from unit.graphql.sockets import Socket, connected

FOLLOW = """subscription ($key: String!, $after: String) {
  indicators(instrument: $key, spec: {interval: M1}, after: $after,
             of: [{name: "sma", parameters: [{name: "length", value: 3}]}, {name: "obv"}]) {
    __typename
    ... on IndicatorSnapshot { cursor series { ...S } }
    ... on IndicatorUpdate { cursor series { ...S } }
    ... on IndicatorRevised { cursor series { ...S } }
  }
}
fragment S on IndicatorSeries { name points { openTime values stable } }"""
READ = """query ($key: String!, $range: TimeRange!) {
  instrument(key: $key) { indicators(
    spec: {interval: M1}, range: $range, of: [{name: "obv"}, {name: "sma", parameters: [{name: "length", value: 3}]}]
  ) { name points { openTime values stable } } }
}"""


@pytest.fixture
async def desk(database: Database) -> Desk:
    made = await desk_of(database, "sma(length=3)", "obv")
    await made.walk(range(10))
    await made.look(9)
    return made


@pytest.fixture
async def app(database: Database) -> AsyncIterator[ASGIApp]:
    services = Services(database)
    services.indicators = KeptFirst(services.kept, services.indicators)
    app = create_app(services, HttpOptions(anonymous=True))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def socket(app: ASGIApp) -> AsyncIterator[Socket]:
    async with connected(app) as socket:
        await socket.begin()
        yield socket


async def told(socket: Socket) -> tuple[str, dict[str, list[Any]], str]:
    """The kind of the next event, each series' points, its cursor."""
    event = (await socket.data())["indicators"]
    return event["__typename"], {each["name"]: each["points"] for each in event["series"]}, event["cursor"]


async def as_stored(desk: Desk, *minutes: int) -> dict[str, list[Any]]:
    opens = [BEGINNING + minute * MINUTE for minute in minutes]
    return {
        name.partition("(")[0]: [
            {"openTime": serialize_datetime(point.open_time), "values": point.values, "stable": point.stable}
            for point in points
            if point.open_time in opens
        ]
        for name, points in (await desk.stored()).items()
    }


async def test_points_are_told_as_candles_close_and_are_revised(desk: Desk, socket: Socket) -> None:
    socket.subscribe("1", FOLLOW, key=str(desk.instrument.key), after=None)
    assert (await told(socket))[:2] == ("IndicatorSnapshot", await as_stored(desk, 8, 9))
    await desk.walk(range(10, 12), seed=2)
    await desk.look(11)
    assert (await told(socket))[:2] == ("IndicatorUpdate", await as_stored(desk, 10, 11))
    await desk.trade(10, "20", "3")
    await desk.look(11)
    assert (await told(socket))[:2] == ("IndicatorRevised", await as_stored(desk, 10, 11))


async def test_later_session_is_told_all_that_it_missed(desk: Desk, app: ASGIApp, socket: Socket) -> None:
    socket.subscribe("1", FOLLOW, key=str(desk.instrument.key), after=None)
    _, _, cursor = await told(socket)
    for minute in range(10, 14):
        await desk.walk(range(minute, minute + 1), seed=minute)
        await desk.look(minute)
    async with connected(app) as later:
        await later.begin()
        later.subscribe("1", FOLLOW, key=str(desk.instrument.key), after=cursor)
        assert (await told(later))[:2] == ("IndicatorUpdate", await as_stored(desk, 10, 11, 12, 13))


async def test_range_that_is_kept_needs_no_worker(desk: Desk, socket: Socket) -> None:
    window = {"from": serialize_datetime(BEGINNING + 2 * MINUTE), "to": serialize_datetime(BEGINNING + 7 * MINUTE)}
    socket.subscribe("1", READ, key=str(desk.instrument.key), range=window)
    series = (await socket.data())["instrument"]["indicators"]
    stored = await as_stored(desk, 2, 3, 4, 5, 6)
    assert [(each["name"], each["points"]) for each in series] == [(name, stored[name]) for name in ("obv", "sma")]


async def test_range_that_has_changed_since_is_not_served_from_what_is_kept(desk: Desk, socket: Socket) -> None:
    await desk.trade(5, "150")
    window = {"from": serialize_datetime(BEGINNING + 2 * MINUTE), "to": serialize_datetime(BEGINNING + 7 * MINUTE)}
    socket.subscribe("1", READ, key=str(desk.instrument.key), range=window)
    message = await socket.receive()
    assert message["payload"]["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
