"""The simulated CoinGecko answers as the real one does, odd as it is, and fails on request."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import httpx
import pytest

from candlewick.providers.coingecko.simulator import SIMULATOR, SimulatorOptions
from candlewick.providers.provider import Simulated
from markets import FrozenClock
from unit.providers.coingecko.simulator.served import asking
from unit.providers.coingecko.wire import NOW, recorded, texts

PRICE = "/api/v3/simple/price"
FIGURES = {
    "include_market_cap": "true", "include_24hr_vol": "true", "include_24hr_change": "true",
    "include_last_updated_at": "true",
}  # fmt: skip


def exact(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    return json.loads(response.content, parse_float=Decimal)


async def test_prices_are_those_of_the_ids_and_currencies_that_are_known() -> None:
    async with asking() as client:
        asked = {"ids": "bitcoin,nothing,uniswap", "vs_currencies": "usd,btc,xyz"}
        found = exact(await client.get(PRICE, params=asked))

    assert found.keys() == {"bitcoin", "uniswap"}
    assert found["bitcoin"].keys() == found["uniswap"].keys() == {"usd", "btc"}
    assert found["bitcoin"]["btc"] == 1


async def test_ids_with_a_space_silently_lose_all_but_the_first() -> None:
    async with asking() as client:
        response = await client.get(f"{PRICE}?ids=bitcoin,%20ethereum&vs_currencies=usd")

    assert exact(response).keys() == {"bitcoin"}


async def test_figures_are_there_if_they_are_asked_for() -> None:
    async with asking() as client:
        asked = {"ids": "unknown-supply,dust", "vs_currencies": "usd"} | FIGURES
        found = exact(await client.get(PRICE, params=asked))

    assert found["dust"].keys() == {"usd", "usd_market_cap", "usd_24h_vol", "usd_24h_change", "last_updated_at"}
    assert found["unknown-supply"]["usd_market_cap"] is None
    assert 0 <= int(NOW.timestamp()) - found["dust"]["last_updated_at"] < 600


async def test_large_and_small_numbers_have_an_exponent() -> None:
    async with asking() as client:
        asked = {"ids": "dust", "vs_currencies": "btc,usd", "include_market_cap": "true"}
        text = (await client.get(PRICE, params=asked)).text

    assert "e+2" in text
    assert "e-10" in text


async def test_an_answer_has_the_shape_of_a_recorded_one() -> None:
    market = texts(recorded("200_coins_markets_ids_bitcoin_vs_currency_usd.json").body)[0]
    chart = texts(recorded("200_coins_bitcoin_market_chart_days_1_vs_currency_usd.json").body)
    coin = texts(recorded("200_coins_list.json.gz").body)[0]
    async with asking() as client:
        [made] = exact(await client.get("/api/v3/coins/markets", params={"vs_currency": "usd", "ids": "bitcoin"}))
        charted = exact(
            await client.get("/api/v3/coins/bitcoin/market_chart", params={"vs_currency": "usd", "days": "1"})
        )
        listed = exact(await client.get("/api/v3/coins/list"))

    assert list(made) == list(market)
    assert charted.keys() == chart.keys()
    assert {len(points) for points in charted.values()} <= {287, 288, 289, 290}
    assert listed[0].keys() == coin.keys()


async def test_markets_come_in_pages_by_rank() -> None:
    async with asking() as client:
        first = await client.get("/api/v3/coins/markets", params={"vs_currency": "usd", "per_page": "3"})
        last = await client.get("/api/v3/coins/markets", params={"vs_currency": "usd", "per_page": "3", "page": "3"})

    assert [row["id"] for row in exact(first)] == ["dust", "bitcoin", "ethereum"]
    assert (first.headers["total"], first.headers["per-page"]) == ("7", "3")
    assert 'rel="next"' in first.headers["link"]
    assert "link" not in last.headers
    assert [row["market_cap"] for row in exact(last)] == [None]


async def test_inactive_coins_are_in_a_list_of_their_own() -> None:
    async with asking() as client:
        active = exact(await client.get("/api/v3/coins/list"))
        inactive = exact(await client.get("/api/v3/coins/list", params={"status": "inactive"}))

    assert [coin["id"] for coin in inactive] == ["dead-coin"]
    assert "dead-coin" not in {coin["id"] for coin in active}


@pytest.mark.parametrize(
    ("start", "end", "shortest", "longest"),
    [
        (timedelta(days=1), timedelta(), timedelta(seconds=20), timedelta(minutes=10)),
        (timedelta(days=9), timedelta(days=8), timedelta(minutes=5), timedelta(minutes=115)),
        (timedelta(days=90), timedelta(), timedelta(minutes=5), timedelta(minutes=115)),
        (timedelta(days=200), timedelta(days=20), timedelta(days=1), timedelta(days=1)),
    ],
)
async def test_points_are_as_far_apart_as_the_range_is_long(
    start: timedelta, end: timedelta, shortest: timedelta, longest: timedelta
) -> None:
    asked = {"vs_currency": "usd", "from": f"{(NOW - start).timestamp():.0f}", "to": f"{(NOW - end).timestamp():.0f}"}
    async with asking() as client:
        found = exact(await client.get("/api/v3/coins/ethereum/market_chart/range", params=asked))

    times = [point[0] for point in found["prices"]]
    apart = [timedelta(milliseconds=later - earlier) for earlier, later in pairwise(times[:-1])]
    assert min(apart) >= shortest
    assert max(apart) <= longest
    assert (times[-1] == int(NOW.timestamp() * 1000)) is (end == timedelta())
    assert [point[0] for point in found["market_caps"]] == times


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        (PRICE, 422, "Missing parameter ids"),
        (f"{PRICE}?ids=bitcoin", 422, "Missing parameter vs_currencies"),
        ("/api/v3/coins/markets", 422, "Missing parameter vs_currency"),
        ("/api/v3/coins/markets?vs_currency=xyz", 422, "Invalid vs_currency"),
        ("/api/v3/coins/bitcoin/market_chart", 422, "Missing parameter days"),
        ("/api/v3/coins/bitcoin/market_chart?vs_currency=usd&days=x", 422, "Invalid days"),
        ("/api/v3/coins/nothing/market_chart?vs_currency=usd&days=1", 404, "coin not found"),
        ("/api/v3/coins/bitcoin/market_chart/range?vs_currency=usd&from=1&to=2", 401, "10012"),
        ("/api/v3/nothing", 404, "Incorrect path"),
    ],
)
async def test_what_cannot_be_answered_is_refused_in_its_words(path: str, status: int, said: str) -> None:
    async with asking() as client:
        response = await client.get(path)

    assert response.status_code == status
    assert said in response.text


async def test_who_asks_too_often_is_refused_until_the_minute_is_over() -> None:
    clock = FrozenClock(NOW + timedelta(seconds=50))
    async with asking(clock, SimulatorOptions(requests_per_minute=2)) as client:
        statuses = [(await client.get("/api/v3/ping")).status_code for _ in range(3)]
        refused = await client.get("/api/v3/ping")
        clock.moment += timedelta(seconds=10)
        again = await client.get("/api/v3/ping")

    assert (statuses, again.status_code) == ([200, 200, 429], 200)
    assert refused.headers["retry-after"] == "10"
    assert refused.json()["status"]["error_code"] == 429


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        ("rate_limited", 429, "error_code"),
        ("banned", 403, "Error 1020"),
        ("server_error", 503, "Internal Server Error"),
        ("html", 200, "<!DOCTYPE html>"),
        ("malformed", 200, '[{"a":1'),
    ],
)
async def test_faults_strike_on_request(fault: str, status: int, said: str) -> None:
    async with asking() as client:
        ordered = await client.post("/simulator/faults", json={"fault": fault, "path": "simple"})
        other = await client.get("/api/v3/ping")
        struck = await client.get(PRICE)

    assert (ordered.status_code, other.status_code) == (201, 200)
    assert (struck.status_code, said in struck.text) == (status, True)


async def test_faults_of_streams_and_archives_are_none_of_its_own() -> None:
    async with asking() as client:
        assert (await client.post("/simulator/faults", json={"fault": "disconnect"})).status_code == 422


async def test_the_same_seed_says_the_same_whatever_is_simulated() -> None:
    clock = FrozenClock(NOW)
    texts_said = set()
    for wanted in (Simulated(3), Simulated(3, symbols=["bitcoin", "dust"])):
        transport = httpx.ASGITransport(SIMULATOR.application(wanted, clock))
        async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as client:
            texts_said.add((await client.get(PRICE, params={"ids": "dust", "vs_currencies": "usd"})).text)

    assert len(texts_said) == 1
