"""The subscription to quotes: the newest first, then only newer ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.types import ASGIApp

from candlewick.graphql.live.quotes import MOST
from unit.graphql.fakes import FakeServices, a_quote
from unit.graphql.sockets import Socket, connected, serving, until

QUOTES = """subscription Q($instruments: [String!]!) {
  quotes(instruments: $instruments) { ... on QuoteUpdate { instrument quotes { price source { code } } } }
}"""
BTC, SOL = "binance:BTC-USDT", "binance:SOL-USDT"


@pytest.fixture
async def app(services: FakeServices) -> AsyncIterator[ASGIApp]:
    services.quotes.rows = [a_quote(1), a_quote(2)]
    async with serving(services) as app:
        yield app


@pytest.fixture
async def socket(app: ASGIApp) -> AsyncIterator[Socket]:
    async with connected(app) as socket:
        await socket.begin()
        yield socket


async def prices(socket: Socket) -> list[str]:
    event: dict[str, Any] = (await socket.data())["quotes"]
    assert event["instrument"] == BTC
    return [quote["price"] for quote in event["quotes"]]


async def test_the_newest_quote_comes_first_and_then_what_is_newer(services: FakeServices, socket: Socket) -> None:
    socket.subscribe("1", QUOTES, instruments=[BTC, SOL])
    assert await prices(socket) == ["102.50"]
    services.quotes.rows += [a_quote(3), a_quote(4)]
    services.commit_log.make(1)
    assert await prices(socket) == ["103.50", "104.50"]


async def test_a_quote_that_arrives_behind_a_newer_one_is_not_told(services: FakeServices, socket: Socket) -> None:
    socket.subscribe("1", QUOTES, instruments=[BTC])
    assert await prices(socket) == ["102.50"]
    services.quotes.rows.insert(0, a_quote(0))
    services.commit_log.make(1)
    services.quotes.rows.append(a_quote(5))
    services.commit_log.make(1)
    assert await prices(socket) == ["105.50"]


async def test_of_more_than_an_event_carries_the_newest_come(services: FakeServices, socket: Socket) -> None:
    socket.subscribe("1", QUOTES, instruments=[BTC])
    assert await prices(socket) == ["102.50"]
    services.quotes.rows += [a_quote(number) for number in range(3, 3 + MOST + 5)]
    services.commit_log.make(1)
    told = await prices(socket)
    assert (len(told), told[-1]) == (MOST, f"{100 + 3 + MOST + 4}.50")


async def test_an_instrument_without_quotes_begins_with_its_first(services: FakeServices, app: ASGIApp) -> None:
    services.quotes.rows = []
    async with connected(app) as socket:
        await socket.begin()
        socket.subscribe("1", QUOTES, instruments=[BTC])
        await until(lambda: bool(services.quotes.calls))
        services.quotes.rows.append(a_quote(1))
        services.commit_log.make(1)
        assert await prices(socket) == ["101.50"]


async def test_an_unknown_instrument_is_refused(socket: Socket) -> None:
    socket.subscribe("1", QUOTES, instruments=["binance:NONE-USDT"])
    message = await socket.receive()
    assert message["type"] == "error"
    assert "binance:NONE-USDT" in message["payload"][0]["message"]
