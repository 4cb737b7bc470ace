"""Who asks too much is told so: 429 with the seconds to wait, 418 for those who go on."""

from __future__ import annotations

from datetime import timedelta

import httpx

from candlewick.providers.binance.simulator import SimulatorOptions
from markets import FrozenClock
from simulated import NOW, asking, small_market

MARKET = small_market()
OPTIONS = SimulatorOptions(weight_per_minute=50, patience=2, ban=timedelta(minutes=2))


async def ask(client: httpx.AsyncClient, path: str = "trades?symbol=BTCUSDT&limit=1") -> httpx.Response:
    return await client.get(f"/api/v3/{path}")


async def test_each_answer_says_how_much_of_the_minute_is_used() -> None:
    async with asking(MARKET, FrozenClock(NOW)) as client:
        paths = ("ping", "exchangeInfo", "aggTrades?symbol=BTCUSDT", "klines?symbol=BTCUSDT&interval=1m", "trades")
        used = [(await ask(client, path)).headers["X-MBX-USED-WEIGHT-1M"] for path in paths]

    assert used == ["1", "21", "25", "27", "52"]


async def test_over_the_limit_is_429_until_the_minute_is_over() -> None:
    clock = FrozenClock(NOW)
    async with asking(MARKET, clock, OPTIONS) as client:
        statuses = [(await ask(client)).status_code for _ in range(3)]
        refused = await ask(client)
        clock.moment += timedelta(seconds=43)
        after = await ask(client)

    assert statuses == [200, 200, 429]
    assert refused.headers["Retry-After"] == "43"
    assert refused.json()["code"] == -1003
    assert (after.status_code, after.headers["X-MBX-USED-WEIGHT-1M"]) == (200, "25")


async def test_who_goes_on_asking_is_banned_beyond_the_minute() -> None:
    clock = FrozenClock(NOW)
    async with asking(MARKET, clock, OPTIONS) as client:
        statuses = [(await ask(client)).status_code for _ in range(5)]
        clock.moment += timedelta(seconds=100)
        banned = await ask(client, "ping")
        clock.moment += timedelta(seconds=20)
        free = await ask(client, "ping")

    assert statuses == [200, 200, 429, 429, 418]
    assert (banned.status_code, banned.headers["Retry-After"], free.status_code) == (418, "20", 200)
    assert "IP banned until" in banned.json()["msg"]


async def test_archives_and_the_ledger_weigh_nothing() -> None:
    async with asking(MARKET, FrozenClock(NOW), SimulatorOptions(weight_per_minute=1)) as client:
        await client.get("/data/spot/nothing.zip")
        await client.get("/simulator/ledger")

        assert (await ask(client, "ping")).status_code == 200
