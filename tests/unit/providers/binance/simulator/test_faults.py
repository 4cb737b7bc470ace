"""Faults on request: each does to requests what it says, as often as it says, and is seen in the list."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import microseconds
from candlewick.providers.simulation.faults import Fault
from markets import FrozenClock
from simulated import NOW, asking, small_market

MARKET = small_market()
DAILY = "/data/spot/daily/trades/BTCUSDT/BTCUSDT-trades-2025-03-04.zip"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with asking(MARKET, FrozenClock(NOW)) as asked:
        yield asked


async def order(client: httpx.AsyncClient, **fault: Any) -> dict[str, Any]:
    response = await client.post("/simulator/faults", json=fault)
    assert response.status_code == 201, response.text
    shown: dict[str, Any] = response.json()
    return shown


async def ping(client: httpx.AsyncClient) -> httpx.Response:
    return await client.get("/api/v3/ping")


@pytest.mark.parametrize(
    ("fault", "status", "headers"),
    [
        ({"fault": "rate_limited", "seconds": 3}, 429, {"retry-after": "3"}),
        ({"fault": "banned"}, 418, {"retry-after": "120"}),
        ({"fault": "server_error"}, 503, {}),
        ({"fault": "server_error", "status": 502}, 502, {}),
        ({"fault": "html"}, 200, {"content-type": "text/html; charset=utf-8"}),
    ],
)
async def test_a_request_is_answered_so(
    client: httpx.AsyncClient, fault: dict[str, Any], status: int, headers: dict[str, str]
) -> None:
    await order(client, **fault)
    struck, after = await ping(client), await ping(client)

    assert (struck.status_code, after.status_code) == (status, 200)
    assert {name: struck.headers[name] for name in headers} == headers


async def test_malformed_is_no_json(client: httpx.AsyncClient) -> None:
    await order(client, fault="malformed")

    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads((await ping(client)).content)


async def test_a_time_out_is_answered_late(client: httpx.AsyncClient) -> None:
    await order(client, fault="timeout", seconds=0.01)

    assert (await ping(client)).json() == {}


async def test_a_path_chooses_what_is_struck(client: httpx.AsyncClient) -> None:
    await order(client, fault="server_error", path=r"aggTrades\?.*symbol=BTC", count=None)

    assert (await ping(client)).status_code == 200
    assert (await client.get("/api/v3/aggTrades?symbol=OLDUSDT")).status_code == 200
    assert (await client.get("/api/v3/aggTrades?limit=1&symbol=BTCUSDT")).status_code == 503


async def test_a_path_is_matched_against_what_was_meant(client: httpx.AsyncClient) -> None:
    await order(client, fault="server_error", path=r'symbols=\["BTCUSDT"\]')

    assert (await client.get("/api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22%5D")).status_code == 503


async def test_chance_strikes_the_same_requests_for_the_same_seed() -> None:
    outcomes = []
    for _ in range(2):
        async with asking(MARKET, FrozenClock(NOW)) as client:
            await order(client, fault="server_error", probability=0.5, count=None)
            outcomes.append([(await ping(client)).status_code for _ in range(30)])

    assert outcomes[0] == outcomes[1]
    assert {200, 503} == set(outcomes[0])


async def test_a_corrupt_archive_fails_its_checksum(client: httpx.AsyncClient) -> None:
    right = (await client.get(f"{DAILY}.CHECKSUM")).text
    await order(client, fault="corrupt_archive")
    wrong, again = [(await client.get(f"{DAILY}.CHECKSUM")).text for _ in range(2)]

    assert wrong != right == again


async def test_a_skewed_clock_shows_another_time(client: httpx.AsyncClient) -> None:
    await order(client, fault="skewed_clock", seconds=-1.5)

    assert (await client.get("/api/v3/time")).json()["serverTime"] == microseconds(NOW) // 1000 - 1500


async def test_trades_that_are_gone_are_nowhere(client: httpx.AsyncClient) -> None:
    before = await client.get(DAILY)
    first = MARKET.sequence_at(InstrumentKey("binance", "BTC", "USDT"), NOW.replace(day=4, hour=12))
    shown = await order(client, fault="gone", path="btcusdt", first=first, count=3)
    page = (await client.get(f"/api/v3/historicalTrades?symbol=BTCUSDT&fromId={first - 1}&limit=3")).json()
    after = await client.get(DAILY)

    assert shown["trades"] == {"BTCUSDT": [first, first + 2]}
    assert [row["id"] for row in page] == [first - 1, first + 3, first + 4]
    assert before.content != after.content
    assert (await client.get("/simulator/ledger")).json()["symbols"]["BTCUSDT"]["complete"]


async def test_without_a_first_number_the_next_trades_are_meant(client: httpx.AsyncClient) -> None:
    last = (await client.get("/api/v3/trades?symbol=BTCUSDT&limit=1")).json()[0]["id"]

    assert (await order(client, fault="missing", count=5))["trades"]["BTCUSDT"] == [last + 1, last + 5]


async def test_the_list_says_what_was_struck_until_it_is_cleared(client: httpx.AsyncClient) -> None:
    await order(client, fault="server_error", count=2)
    await ping(client)
    listed = (await client.get("/simulator/faults")).json()

    assert [(rule["fault"], rule["met"], rule["struck"], rule["spent"]) for rule in listed] == [
        ("server_error", 1, 1, False)
    ]
    assert (await client.delete("/simulator/faults")).status_code == 204
    assert (await ping(client)).status_code == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "no JSON"),
        (b"[]", "has to be an object"),
        (b"{}", "fault None is unknown; there are rate_limited, banned"),
        (b'{"fault": "flood"}', "fault 'flood' is unknown"),
        (b'{"fault": ["late"]}', "is unknown"),
        (b'{"fault": "late", "times": 3}', "times: unknown; an order may have fault, path"),
        (b'{"fault": "late", "path": "("}', "no regular expression"),
        (b'{"fault": "late", "path": 5}', "path has to be a regular expression"),
        (b'{"fault": "late", "count": 0}', "count is 0; allowed is a whole number from 1"),
        (b'{"fault": "late", "count": true}', "count is True"),
        (b'{"fault": "late", "probability": 2}', "allowed is a number from 0 to 1"),
        (b'{"fault": "late", "seconds": -1}', "allowed is a number from 0 to 86400"),
        (b'{"fault": "late", "first": 1.5}', "first is 1.5"),
        (b'{"fault": "server_error", "status": 404}', "from 500 to 599"),
    ],
)
async def test_an_order_that_cannot_be_says_what_is_allowed(client: httpx.AsyncClient, body: bytes, said: str) -> None:
    response = await client.post("/simulator/faults", content=body)

    assert response.status_code == 422
    assert said in response.json()["error"]


async def test_there_is_a_bound_on_faults(client: httpx.AsyncClient) -> None:
    for _ in range(1_000):
        await order(client, fault="late", first=1)
    response = await client.post("/simulator/faults", json={"fault": "late"})

    assert (response.status_code, "clear them first" in response.json()["error"]) == (422, True)


@pytest.mark.parametrize("fault", Fault)
async def test_every_fault_can_be_ordered(client: httpx.AsyncClient, fault: Fault) -> None:
    assert (await order(client, fault=fault.value, path="/nowhere"))["fault"] == fault
