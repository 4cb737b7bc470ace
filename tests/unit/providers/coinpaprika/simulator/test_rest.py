"""The simulated CoinPaprika answers as the real one does, odd as it is, and fails on request."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from candlewick.providers.coinpaprika.simulator import SimulatorOptions
from markets import FrozenClock
from unit.providers.coinpaprika.simulator.served import asking
from unit.providers.coinpaprika.wire import NOW, recorded

TICKER = "/v1/tickers/btc-bitcoin"
AGO = {days: f"{(NOW - timedelta(days=days)).timestamp():.0f}" for days in (1, 30, 400)}


def exact(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    return json.loads(response.content, parse_float=Decimal)


async def test_a_ticker_has_the_shape_of_the_recorded_one() -> None:
    said = json.loads(recorded("200_tickers_btc-bitcoin.json")[1].body)
    async with asking() as client:
        made = exact(await client.get(TICKER))

    assert list(made) == list(said)
    assert list(made["quotes"]["USD"]) == list(said["quotes"]["USD"])


async def test_tickers_are_of_all_active_coins_in_up_to_three_currencies() -> None:
    async with asking() as client:
        found = exact(await client.get("/v1/tickers", params={"quotes": "USD,BTC,EUR"}))
        refused = await client.get("/v1/tickers", params={"quotes": "USD,BTC,EUR,USD"})

    assert len(found) == 7
    assert all(row["quotes"].keys() == {"USD", "BTC", "EUR"} for row in found)
    assert (refused.status_code, "at most 3" in refused.text) == (400, True)


async def test_missing_values_are_returned_as_empty_string() -> None:
    async with asking() as client:
        found = exact(await client.get("/v1/tickers/nsp-unknown-supply"))

    assert (found["beta_value"], found["rank"], found["quotes"]["USD"]["market_cap"]) == ("", 0, "")


async def test_coins_have_ranks_and_the_inactive_ones_are_among_them() -> None:
    async with asking() as client:
        found = exact(await client.get("/v1/coins"))

    assert {coin["id"]: coin["rank"] for coin in found} == {
        "dst-dust": 1, "btc-bitcoin": 2, "eth-ethereum": 3, "xrp-xrp": 4, "uni-uniswap": 5, "uni-unicorn": 6,
        "nsp-unknown-supply": 0, "ded-dead": 0,
    }  # fmt: skip
    assert [coin["id"] for coin in found if not coin["is_active"]] == ["ded-dead"]


async def test_the_current_day_is_unfinished() -> None:
    clock = FrozenClock(NOW)
    asked = {"start": AGO[30], "interval": "1d"}
    async with asking(clock) as client:
        first = exact(await client.get(f"{TICKER}/historical", params=asked))
        clock.moment += timedelta(hours=1)
        second = exact(await client.get(f"{TICKER}/historical", params=asked))

    assert len(first) == len(second) == 30
    assert first[:-1] == second[:-1]
    assert first[-1]["timestamp"] == second[-1]["timestamp"] == "2026-11-24T00:00:00Z"
    assert first[-1]["price"] != second[-1]["price"]


@pytest.mark.parametrize("start", ["2026-11-22", "2026-11-22T00:00:00Z", "1795305600"])
async def test_a_time_is_written_in_three_ways(start: str) -> None:
    async with asking() as client:
        asked = {"start": start, "interval": "1d", "limit": "2"}
        found = exact(await client.get(f"{TICKER}/historical", params=asked))

    assert [point["timestamp"] for point in found] == ["2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"]


@pytest.mark.parametrize(
    ("start", "interval", "free", "paid"), [(1, "1h", 200, 200), (30, "1h", 402, 200), (400, "1d", 402, 200)]
)
async def test_the_plan_decides_how_far_the_past_reaches(start: int, interval: str, free: int, paid: int) -> None:
    asked = {"start": AGO[start], "interval": interval}
    async with asking() as client:
        without = await client.get(f"{TICKER}/historical", params=asked)
        with_key = await client.get(f"{TICKER}/historical", params=asked, headers={"Authorization": "key"})

    assert (without.status_code, with_key.status_code) == (free, paid)
    assert ("is not allowed in this plan" in without.text) is (free == 402)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/v1/tickers/nothing", 404, "id not found"),
        (f"{TICKER}/historical", 400, "missing start"),
        (f"{TICKER}/historical?start=soon", 400, "invalid start"),
        (f"{TICKER}/historical?start=1&interval=1y", 400, "invalid interval"),
        (f"{TICKER}/historical?start=1&quote=eur", 400, "invalid quote"),
        ("/v1/tickers?quotes=XYZ", 400, "invalid quotes"),
        ("/v1/nothing", 404, "not found"),
        ("/nothing", 404, "not found"),
    ],
)
async def test_what_cannot_be_answered_is_refused_in_its_words(path: str, status: int, said: str) -> None:
    async with asking() as client:
        response = await client.get(path)

    assert (response.status_code, response.json()["error"]) == (status, said)


async def test_a_trailing_slash_is_redirected() -> None:
    async with asking() as client:
        response = await client.get(f"{TICKER}/?quotes=USD")

    assert response.status_code == 301
    assert response.headers["location"].endswith(f"{TICKER}?quotes=USD")


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        ("rate_limited", 429, "too many requests"),
        ("banned", 403, "forbidden"),
        ("server_error", 503, "internal server error"),
        ("html", 200, "<!DOCTYPE html>"),
        ("malformed", 200, '[{"a":1'),
    ],
)
async def test_faults_strike_on_request(fault: str, status: int, said: str) -> None:
    async with asking() as client:
        await client.post("/simulator/faults", json={"fault": fault, "path": "tickers"})
        other = await client.get("/v1/coins")
        struck = await client.get(TICKER)

    assert (other.status_code, struck.status_code, said in struck.text) == (200, status, True)


async def test_who_asks_too_often_is_refused() -> None:
    async with asking(options=SimulatorOptions(requests_per_minute=1)) as client:
        statuses = [(await client.get("/v1/coins")).status_code for _ in range(2)]

    assert statuses == [200, 429]


async def test_a_wrong_clock_is_shown_in_every_time() -> None:
    async with asking() as client:
        right = exact(await client.get(TICKER))["last_updated"]
        await client.post("/simulator/faults", json={"fault": "skewed_clock", "seconds": 3600, "count": None})
        wrong = exact(await client.get(TICKER))["last_updated"]

    assert right[:11] == wrong[:11]
    assert int(wrong[11:13]) - int(right[11:13]) == 1
