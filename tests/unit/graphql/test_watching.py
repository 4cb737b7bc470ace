"""The watch list: looked at, changed by those who may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from candlewick.domain import errors
from candlewick.domain.market import InstrumentKey
from candlewick.graphql.app import HttpOptions
from unit.graphql.conftest import Ask, client_of
from unit.graphql.fakes import READER, SECRET, FakeServices

WATCH = """mutation W($keys: [String!]!) {
  watch(instruments: $keys) {
    __typename
    ... on Problem { message }
    ... on WatchList { count watched { nodes { key fixed requestedBy instrument { symbol } } } }
    ... on UnknownVenue { venue known }
    ... on UnknownInstrument { key }
    ... on CannotBeWatched { key }
    ... on WatchListFull { limit }
  }
}"""
UNWATCH = (
    "mutation U($keys: [String!]!) { unwatch(instruments: $keys) { ... on WatchList { watched { nodes { key } } } } }"
)
PAGE = """query Q($after: String) {
  watched(first: 2, after: $after) { nodes { key } pageInfo { hasNextPage endCursor } }
}"""
BTC, ETH, NEW = "binance:BTC-USDT", "binance:ETH-USDT", "binance:NEW-USDT"


@pytest.fixture
async def operator(services: FakeServices) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(services, HttpOptions()) as client:
        client.headers["x-api-key"] = SECRET
        yield client


async def changed(client: httpx.AsyncClient, query: str, *keys: str) -> dict[str, Any]:
    answer = (await client.post("/graphql", json={"query": query, "variables": {"keys": keys}})).json()
    assert "errors" not in answer, answer
    [found] = answer["data"].values()
    return dict(found)


async def test_what_is_watched_joins_what_the_settings_name(
    operator: httpx.AsyncClient, services: FakeServices
) -> None:
    assert await changed(operator, WATCH, ETH, NEW, ETH) == {
        "__typename": "WatchList",
        "count": 3,
        "watched": {
            "nodes": [
                {"key": BTC, "fixed": True, "requestedBy": None, "instrument": {"symbol": "BTCUSDT"}},
                {"key": ETH, "fixed": False, "requestedBy": SECRET[:8], "instrument": {"symbol": "ETHUSDT"}},
                {"key": NEW, "fixed": False, "requestedBy": SECRET[:8], "instrument": None},
            ]
        },
    }
    keys = tuple(map(InstrumentKey.parse, (ETH, NEW)))
    assert services.watching.calls[0] == ("watch", (keys, SECRET[:8]))


async def test_what_is_unwatched_is_gone_and_doing_it_again_is_no_error(operator: httpx.AsyncClient) -> None:
    await changed(operator, WATCH, ETH)
    for _ in range(2):
        assert await changed(operator, UNWATCH, ETH, BTC) == {"watched": {"nodes": [{"key": BTC}]}}


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (errors.UnknownVenue("nyse", ["binance"]), {"venue": "nyse", "known": ["binance"]}),
        (errors.UnknownInstrument(NEW), {"key": NEW}),
        (errors.CannotBeWatched(NEW, "csv"), {"key": NEW}),
        (errors.WatchListFull(6, 5), {"limit": 5}),
    ],
)
async def test_why_nothing_was_changed_is_an_outcome(
    operator: httpx.AsyncClient, services: FakeServices, failure: errors.CandlewickError, told: dict[str, Any]
) -> None:
    services.watching.failure = failure
    assert await changed(operator, WATCH, NEW) == {
        "__typename": type(failure).__name__,
        "message": str(failure),
        **told,
    }


@pytest.mark.parametrize("mutation", [WATCH, UNWATCH])
async def test_a_reader_changes_nothing(services: FakeServices, mutation: str) -> None:
    async with client_of(services, HttpOptions()) as client:
        client.headers["x-api-key"] = READER
        answer = (await client.post("/graphql", json={"query": mutation, "variables": {"keys": [ETH]}})).json()

    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert services.watching.calls == []


async def test_the_list_is_paged_by_key(ask: Ask, services: FakeServices) -> None:
    await services.watching.watch([InstrumentKey.parse(key) for key in (ETH, NEW)], "cli")
    first = (await ask(PAGE))["data"]["watched"]
    second = (await ask(PAGE, after=first["pageInfo"]["endCursor"]))["data"]["watched"]

    assert [node["key"] for node in first["nodes"]] == [BTC, ETH]
    assert first["pageInfo"]["hasNextPage"]
    assert [node["key"] for node in second["nodes"]] == [NEW]
    assert not second["pageInfo"]["hasNextPage"]
