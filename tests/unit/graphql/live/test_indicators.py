"""The subscription to indicators: what is kept, as it is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from starlette.types import ASGIApp

from candlewick.domain.kept import KeptId
from candlewick.graphql.limits import MAX_EVENT_ROWS
from candlewick.graphql.scalars import serialize_datetime
from unit.graphql.fakes import START, FakeServices
from unit.graphql.sockets import Socket, connected, serving

QUERY = """subscription I($spec: BarSpec!, $of: [IndicatorInput!]!, $after: String) {
  indicators(instrument: "binance:BTC-USDT", spec: $spec, of: $of, after: $after) {
    __typename
    ... on IndicatorSnapshot { cursor series { ...S } }
    ... on IndicatorUpdate { cursor omitted { from to } series { ...S } }
    ... on IndicatorRevised { cursor omitted { from to } series { ...S } }
  }
}
fragment S on IndicatorSeries { name parameters { name value } outputs points { openTime values stable } }"""
RSI, OBV = {"name": "rsi"}, {"name": "obv"}
HOURS = {"interval": "H1"}


@pytest.fixture
async def app(services: FakeServices) -> AsyncIterator[ASGIApp]:
    services.kept.store(1, 0, 1, 2)
    async with serving(services) as app:
        yield app


@pytest.fixture
async def socket(app: ASGIApp) -> AsyncIterator[Socket]:
    async with connected(app) as socket:
        await socket.begin()
        yield socket


def subscribe(socket: Socket, *of: Any, spec: Any = HOURS, after: str | None = None, name: str = "1") -> None:
    socket.subscribe(name, QUERY, spec=spec, of=list(of), after=after)


async def told(socket: Socket) -> tuple[str, dict[str, list[str]], str]:
    """The kind of the next event, the open times of each series' points, and its cursor."""
    event: dict[str, Any] = (await socket.data())["indicators"]
    series = {each["name"]: [point["openTime"] for point in each["points"]] for each in event["series"]}
    return event["__typename"], series, event["cursor"]


def hours(*numbers: int) -> list[str]:
    return [serialize_datetime(START + timedelta(hours=number)) for number in numbers]


async def refusal(socket: Socket) -> dict[str, Any]:
    message = await socket.receive()
    [error] = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
    return dict(error)


async def test_the_newest_points_come_first_and_then_what_is_stored(services: FakeServices, socket: Socket) -> None:
    subscribe(socket, RSI, OBV)
    assert (await told(socket))[:2] == ("IndicatorSnapshot", {"rsi": hours(1, 2), "obv": []})
    services.kept.store(1, 3)
    assert (await told(socket))[:2] == ("IndicatorUpdate", {"rsi": hours(3)})
    services.kept.store(2, 0, 1)
    assert (await told(socket))[:2] == ("IndicatorUpdate", {"obv": hours(0, 1)})


async def test_points_say_what_they_are(services: FakeServices, socket: Socket) -> None:
    services.kept.store(1, 2, value=62.5)
    subscribe(socket, RSI)
    [series] = (await socket.data())["indicators"]["series"]
    assert series["parameters"] == [{"name": "length", "value": 14.0}]
    assert series["outputs"] == ["rsi"]
    assert series["points"][-1] == {"openTime": hours(2)[0], "values": [62.5], "stable": True}


async def test_points_that_changed_are_told_as_revised(services: FakeServices, socket: Socket) -> None:
    subscribe(socket, RSI)
    await told(socket)
    services.kept.store(1, 0, 2, value=1.0)
    assert (await told(socket))[:2] == ("IndicatorRevised", {"rsi": hours(0, 2)})


async def test_revision_and_news_come_as_two_events(services: FakeServices, socket: Socket) -> None:
    subscribe(socket, RSI)
    _, _, before = await told(socket)
    services.kept.store(1, 2, 3, value=1.0)
    assert await told(socket) == ("IndicatorRevised", {"rsi": hours(2)}, before)
    assert (await told(socket))[:2] == ("IndicatorUpdate", {"rsi": hours(3)})


async def test_who_comes_back_is_told_what_was_missed(services: FakeServices, app: ASGIApp, socket: Socket) -> None:
    subscribe(socket, RSI)
    _, _, cursor = await told(socket)
    services.kept.store(1, 3)
    await told(socket)
    services.kept.store(1, 4)
    async with connected(app) as later:
        await later.begin()
        subscribe(later, RSI, after=cursor)
        assert (await told(later))[:2] == ("IndicatorUpdate", {"rsi": hours(3, 4)})


async def test_cursor_whose_changes_are_forgotten_is_too_old(
    services: FakeServices, app: ASGIApp, socket: Socket
) -> None:
    subscribe(socket, RSI)
    _, _, cursor = await told(socket)
    services.kept.store(1, 3)
    services.kept.store(1, 4)
    services.kept.log[KeptId(1)] = services.kept.log[KeptId(1)][-1:]
    async with connected(app) as later:
        await later.begin()
        subscribe(later, RSI, after=cursor)
        assert (await refusal(later))["extensions"]["code"] == "CURSOR_EXPIRED"


async def test_cursor_that_is_ahead_is_another_databases(services: FakeServices, app: ASGIApp, socket: Socket) -> None:
    services.kept.store(1, 3)
    subscribe(socket, RSI)
    _, _, cursor = await told(socket)
    services.kept.log[KeptId(1)].pop()
    async with connected(app) as later:
        await later.begin()
        subscribe(later, RSI, after=cursor)
        assert "ahead of the data" in (await refusal(later))["message"]


async def test_more_than_an_event_carries_is_left_out_and_said(services: FakeServices, socket: Socket) -> None:
    subscribe(socket, RSI)
    await told(socket)
    services.kept.store(1, *range(3, 3 + MAX_EVENT_ROWS + 5))
    event = (await socket.data())["indicators"]
    assert len(event["series"][0]["points"]) == MAX_EVENT_ROWS
    assert event["omitted"] == {"from": hours(3)[0], "to": hours(8)[0]}


async def test_what_is_not_kept_is_refused_with_the_setting(socket: Socket) -> None:
    subscribe(socket, RSI, {"name": "ema", "parameters": [{"name": "length", "value": 9}]})
    error = await refusal(socket)
    assert "`indicators.kept`" in error["message"]
    assert error["extensions"]["missing"] == "ema(length=9)"
    assert error["extensions"]["kept"] == "obv, rsi(length=14)"


@pytest.mark.parametrize("spec", [{"interval": "M5"}, {"time": {"every": "PT7M"}}])
async def test_of_other_candles_nothing_is_kept(socket: Socket, spec: Any) -> None:
    subscribe(socket, RSI, spec=spec)
    assert "none is kept of these candles" in (await refusal(socket))["message"]


async def test_what_is_stored_still_but_kept_no_more_is_refused(services: FakeServices, socket: Socket) -> None:
    services.kept.alive = False
    subscribe(socket, RSI)
    assert "`indicators.kept`" in (await refusal(socket))["message"]


async def test_width_is_the_same_however_it_is_written(socket: Socket) -> None:
    subscribe(socket, RSI, spec={"time": {"every": "PT60M"}})
    assert (await told(socket))[0] == "IndicatorSnapshot"


async def test_series_that_is_deleted_ends_the_subscription(services: FakeServices, socket: Socket) -> None:
    subscribe(socket, RSI)
    await told(socket)
    del services.kept.log[KeptId(1)]
    assert "`indicators.kept`" in (await refusal(socket))["message"]


async def test_one_look_serves_all_subscriptions(services: FakeServices, socket: Socket) -> None:
    for number in range(12):
        subscribe(socket, *([RSI, OBV] if number % 2 else [RSI]), name=str(number))
        await told(socket)
    looked = services.kept.asked
    services.kept.store(1, 3)
    for _ in range(12):
        await told(socket)
    assert services.kept.asked - looked <= 4
