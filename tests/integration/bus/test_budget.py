"""One rate budget for all workers, in a real Redis."""

from __future__ import annotations

import asyncio
import subprocess
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from candlewick.bus.budget import RedisBudget
from candlewick.domain.errors import RateLimited
from candlewick.embedded.valkey import find_valkey
from candlewick.providers.http import ProviderHttp
from candlewick.providers.provider import evenly, within_a_day
from markets import FrozenClock

HOUR = timedelta(hours=1)
_NUMBERS = count()


class Stopped(Exception):
    """Ends a wait that would take a minute."""


class Pauses:
    """Notes the first pause and ends the wait."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        raise Stopped


@pytest.fixture
def name() -> str:
    return f"venue{next(_NUMBERS)}"


async def test_two_workers_share_what_there_is(redis: Redis, address: str, name: str) -> None:
    async with Redis.from_url(address) as other:
        one = RedisBudget(redis, name, 100, span=HOUR)
        two = RedisBudget(other, name, 100, span=HOUR, pause=Pauses())
        await one.spend(60)
        await two.spend(40)

        with pytest.raises(Stopped):
            await two.spend(1)


async def test_many_at_once_never_take_more_than_there_is(redis: Redis, name: str) -> None:
    budgets = [RedisBudget(redis, name, 100, span=HOUR, pause=Pauses()) for _ in range(40)]

    taken = await asyncio.gather(*(budget.spend(7) for budget in budgets), return_exceptions=True)

    assert [result for result in taken if result is None] == [None] * 14


async def test_budgets_of_other_names_are_others(redis: Redis, name: str) -> None:
    await RedisBudget(redis, name, 10, span=HOUR).spend(10)

    await RedisBudget(redis, f"{name}:archives", 10, span=HOUR, pause=Pauses()).spend(10)


async def test_a_full_minute_is_waited_for_in_short_steps(redis: Redis, name: str) -> None:
    pauses = Pauses()
    budget = RedisBudget(redis, name, 10, span=HOUR, pause=pauses)
    await budget.spend(10)

    with pytest.raises(Stopped):
        await budget.spend(1)

    assert 0 < pauses.taken[0] <= 5.1


async def test_room_comes_back_when_the_minute_is_over(redis: Redis, name: str) -> None:
    budget = RedisBudget(redis, name, 10, span=timedelta(milliseconds=240))
    await budget.spend(10)

    await budget.spend(10)

    assert await redis.hlen(f"candlewick:budget:{name}:used") == 1  # type: ignore[misc]


async def test_a_wait_can_be_cancelled(redis: Redis, name: str) -> None:
    budget = RedisBudget(redis, name, 10, span=HOUR)
    await budget.spend(10)
    waiting = asyncio.create_task(budget.spend(1))
    await asyncio.sleep(0.02)
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_what_others_used_counts_as_well(redis: Redis, name: str) -> None:
    budget = RedisBudget(redis, name, 100, span=HOUR, pause=Pauses())
    await budget.spend(5)
    await budget.learn(95)
    await budget.spend(5)

    with pytest.raises(Stopped):
        await budget.spend(1)


async def test_a_count_below_ours_gives_nothing_back(redis: Redis, name: str) -> None:
    budget = RedisBudget(redis, name, 100, span=HOUR, pause=Pauses())
    await budget.spend(95)
    await budget.learn(5)

    with pytest.raises(Stopped):
        await budget.spend(6)


async def test_a_pause_holds_for_every_worker(redis: Redis, address: str, name: str) -> None:
    async with Redis.from_url(address) as other:
        await RedisBudget(redis, name, 100).pause(30)

        with pytest.raises(Stopped):
            await RedisBudget(other, name, 100, pause=Pauses()).spend(1)


async def test_a_pause_ends(redis: Redis, name: str) -> None:
    budget = RedisBudget(redis, name, 100)
    await budget.pause(0.02)

    await budget.spend(1)


async def test_a_shorter_pause_does_not_end_a_longer_one(redis: Redis, name: str) -> None:
    budget = RedisBudget(redis, name, 100)
    await budget.pause(1000)
    await budget.pause(1)

    with pytest.raises(RateLimited):
        await budget.spend(1)


async def test_a_long_ban_is_told_rather_than_waited_for(redis: Redis, name: str) -> None:
    budget = RedisBudget(redis, name, 100)
    await budget.pause(7200)

    with pytest.raises(RateLimited) as caught:
        await budget.spend(1)

    assert caught.value.retry_after == pytest.approx(7200, abs=60)


async def test_a_redis_that_forgets_its_scripts_is_taught_again(redis: Redis, name: str) -> None:
    budget = RedisBudget(redis, name, 100)
    await budget.spend(1)
    await redis.script_flush()

    await budget.spend(1)

    weights = await redis.hvals(f"candlewick:budget:{name}:used")  # type: ignore[misc]
    assert sum(int(weight) for weight in weights) == 2


async def test_everything_in_redis_is_forgotten_in_time(redis: Redis, name: str) -> None:
    budget = RedisBudget(redis, name, 100)
    await budget.spend(1)
    await budget.pause(5)

    assert await redis.pttl(f"candlewick:budget:{name}:used") > 0
    assert await redis.pttl(f"candlewick:budget:{name}:paused") > 0


async def test_a_limit_that_one_client_meets_stops_the_other(redis: Redis, address: str, name: str) -> None:
    requests: list[httpx.Request] = []

    def limit(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(429, headers={"Retry-After": "300"})

    async with Redis.from_url(address) as other:
        for connection in (redis, other):
            budget = RedisBudget(connection, name, 100)
            transport = httpx.MockTransport(limit)
            http = ProviderHttp("binance", "https://venue.example", budget, FrozenClock(), transport=transport)
            with pytest.raises(RateLimited):
                await http.get("/x")

    assert len(requests) == 1


async def test_the_header_of_one_client_s_answer_holds_the_other_back(redis: Redis, address: str, name: str) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=[], headers={"X-Used": "100"}))
    http = ProviderHttp(
        "binance",
        "https://venue.example",
        RedisBudget(redis, name, 100, span=HOUR),
        FrozenClock(),
        transport=transport,
        used_weight=lambda headers: int(headers["x-used"]),
    )
    await http.get("/x")

    async with Redis.from_url(address) as other:
        with pytest.raises(Stopped):
            await RedisBudget(other, name, 100, span=HOUR, pause=Pauses()).spend(1)


async def test_a_restarted_redis_is_waited_for(tmp_path: Path) -> None:
    options = ["--port", "0", "--unixsocket", f"{tmp_path}/s", "--dir", str(tmp_path), "--save", ""]
    async with Redis.from_url(f"unix://{tmp_path}/s") as client:
        spending = asyncio.create_task(RedisBudget(client, "venue", 100).spend(1))
        await asyncio.sleep(0.02)
        process = await asyncio.create_subprocess_exec(find_valkey(), *options, stdout=subprocess.DEVNULL)
        try:
            await spending
        finally:
            process.kill()
            await process.wait()


async def test_a_full_day_is_not_waited_for(redis: Redis, name: str) -> None:
    budget = RedisBudget(redis, f"{name}:day", 25, span=24 * HOUR, pause=Pauses())
    await budget.spend(25)

    with pytest.raises(RateLimited, match="all 25 of its requests are used for now") as caught:
        await budget.spend(1)

    assert caught.value.retry_after is not None
    assert 22 * 3600 < caught.value.retry_after <= 26 * 3600


async def test_a_day_and_a_second_bound_the_same_requests(redis: Redis, name: str) -> None:
    budgets = partial(RedisBudget, redis)
    day = within_a_day(budgets, name, 2, evenly(budgets, name, 600))
    await day.spend(1)
    await day.spend(1)
    with pytest.raises(RateLimited, match=f"{name}:day"):
        await day.spend(1)
    await day.pause(3600)
    with pytest.raises(RateLimited, match="told us to keep away"):
        await day.spend(1)
