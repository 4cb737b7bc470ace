"""What clients may keep of an answer."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from candlewick.graphql.app import HttpOptions
from unit.graphql.conftest import client_of
from unit.graphql.fakes import READER, FakeServices

SETTLED = """{ instrument(key: "binance:BTC-USDT") { candles(spec: {interval: H1},
    range: {from: "2024-08-08T00:00:00Z", to: "2024-08-08T06:00:00Z"}) { nodes { openTime close } } } }"""
LIVE = '{ instrument(key: "binance:BTC-USDT") { candles(spec: {interval: H1}, last: 3) { nodes { openTime } } } }'
ASK_AGAIN = "private, no-cache"


async def get(client: httpx.AsyncClient, query: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.get("/graphql", params={"query": query}, headers=named)


async def test_candles_of_a_settled_range_may_be_kept(client: httpx.AsyncClient, services: FakeServices) -> None:
    response = await get(client, SETTLED)
    assert len(response.json()["data"]["instrument"]["candles"]["nodes"]) == 6
    assert response.headers["cache-control"] == "public, max-age=60"
    assert response.headers["etag"].startswith('W/"')
    assert {"accept", "authorization", "x-api-key"} <= set(response.headers["vary"].split(", "))
    ((_, (spans,)),) = [call for call in services.candles.calls if call[0] == "settled"]
    assert [(window.end - window.start) for window in spans.values()] == [timedelta(hours=6)]


async def test_what_a_key_reads_is_kept_for_its_holder_alone(client: httpx.AsyncClient) -> None:
    assert (await get(client, SETTLED, x_api_key=READER)).headers["cache-control"] == "private, max-age=60"


async def test_how_long_is_a_setting(services: FakeServices) -> None:
    for kept_for, control in ((timedelta(hours=1), "public, max-age=3600"), (timedelta(), ASK_AGAIN)):
        async with client_of(services, HttpOptions(anonymous=True, kept_for=kept_for)) as client:
            assert (await get(client, SETTLED)).headers["cache-control"] == control


async def test_a_range_that_may_change_is_asked_for_again(client: httpx.AsyncClient, services: FakeServices) -> None:
    services.candles.clean = False
    assert (await get(client, SETTLED)).headers["cache-control"] == ASK_AGAIN


async def test_an_instrument_that_may_come_is_asked_for_again(client: httpx.AsyncClient) -> None:
    response = await get(client, SETTLED.replace("BTC-USDT", "NONE-USDT"))
    assert response.headers["cache-control"] == ASK_AGAIN


@pytest.mark.parametrize("query", [LIVE, "{ service { version } }", "{ __typename }"])
async def test_anything_else_is_asked_for_again_and_costs_no_look(
    client: httpx.AsyncClient, services: FakeServices, query: str
) -> None:
    assert (await get(client, query)).headers["cache-control"] == ASK_AGAIN
    assert "settled" not in [name for name, _ in services.candles.calls]


async def test_who_has_the_answer_is_told_so(client: httpx.AsyncClient) -> None:
    for query in (SETTLED, LIVE):
        first = await get(client, query)
        etag = first.headers["etag"]
        for said in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
            again = await get(client, query, if_none_match=said)
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == etag
            assert again.headers["cache-control"] == first.headers["cache-control"]
        assert (await get(client, query, if_none_match='"other"')).status_code == 200


async def test_a_revision_has_another_etag(client: httpx.AsyncClient, services: FakeServices) -> None:
    etag = (await get(client, SETTLED)).headers["etag"]
    services.candles.count = 3
    response = await get(client, SETTLED, if_none_match=etag)
    assert (response.status_code, response.headers["etag"] != etag) == (200, True)


async def test_what_is_posted_or_failed_is_not_kept(client: httpx.AsyncClient) -> None:
    posted = await client.post("/graphql", json={"query": SETTLED}, headers={"if-none-match": "*"})
    failed = await get(client, '{ instrument(key: "x") { key } }', if_none_match="*")
    wrong = await get(client, "{ nothing }", if_none_match="*")
    for response in (posted, failed, wrong):
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        assert "etag" not in response.headers
