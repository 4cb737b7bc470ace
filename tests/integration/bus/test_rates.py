"""How often clients may ask, counted in a real Redis."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import count

import pytest
from redis.asyncio import Redis

from candlewick.bus import rates as module
from candlewick.bus.rates import RedisRates
from candlewick.domain.rate import Bucket, Rate
from working import HANGS

HOUR = timedelta(hours=1)
_NUMBERS = count()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis is asked for as long as a busy machine takes to answer."""
    monkeypatch.setattr(module, "_PATIENCE", HANGS)


@pytest.fixture
def subject() -> str:
    return f"somebody{next(_NUMBERS)}"


def of(subject: str, requests: int, span: timedelta = HOUR) -> Bucket:
    return Bucket("address", subject, Rate(requests, span))


async def test_servers_count_together(redis: Redis, address: str, subject: str) -> None:
    async with Redis.from_url(address) as other:
        servers = [RedisRates(redis), RedisRates(other)]
        found = [(await servers[number % 2].spend([of(subject, 10)]))[0] for number in range(11)]

    assert [each.remaining for each in found[:10]] == list(range(9, -1, -1))
    assert [each.wait > 0 for each in found] == [False] * 10 + [True]
    assert found[10].wait == pytest.approx(360, abs=30)


async def test_many_at_once_never_take_more_than_there_is(redis: Redis, subject: str) -> None:
    rates = RedisRates(redis)
    found = await asyncio.gather(*(rates.spend([of(subject, 50)]) for _ in range(80)))
    assert sum(each[0].wait == 0 for each in found) == 50


async def test_a_request_is_counted_everywhere_or_nowhere(redis: Redis, subject: str) -> None:
    rates = RedisRates(redis)
    small, large = of(f"{subject}small", 1), of(f"{subject}large", 10)
    assert not any(each.wait for each in await rates.spend([small, large]))
    for _ in range(3):
        assert (await rates.spend([small, large]))[0].wait > 0
    (alone,) = await rates.spend([large])
    assert alone.remaining == 8


async def test_a_bucket_that_is_full_again_is_forgotten(redis: Redis, subject: str) -> None:
    rates = RedisRates(redis)
    await rates.spend([of(subject, 1_000_000, timedelta(seconds=1))])
    async with asyncio.timeout(HANGS):
        while await redis.keys(f"candlewick:rate:*{subject}"):  # noqa: ASYNC110  (nobody tells of a key's end)
            await asyncio.sleep(0.01)


async def test_without_redis_a_server_counts_for_itself_and_asks_again_later() -> None:
    seconds = 100.0
    nobody: Redis = Redis.from_url("unix:///nowhere/s")
    rates = RedisRates(nobody, lambda: seconds)
    found = [(await rates.spend([of("somebody", 2)]))[0].wait > 0 for _ in range(3)]
    assert found == [False, False, True]
    assert rates._away_until > seconds
    await nobody.aclose()
