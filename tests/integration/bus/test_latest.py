"""Newest prices behind a real Redis: read once for all who ask, and without Redis too."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import count

import pytest
from redis.asyncio import Redis

from candlewick.bus.latest import CachedLatest
from candlewick.domain.errors import DatabaseUnavailable
from candlewick.domain.market import InstrumentId
from candlewick.domain.quote import QuoteRow
from unit.graphql.fakes import a_quote

A_LONG_TIME = timedelta(minutes=5)
_NUMBERS = count(1_000)


class SlowStore:
    """Takes a moment for each read, and remembers them."""

    def __init__(self, seconds: float = 0.1) -> None:
        self.seconds = seconds
        self.reads: list[tuple[InstrumentId, ...]] = []
        self.prices: dict[InstrumentId, QuoteRow] = {}
        self.failure: Exception | None = None

    async def latest(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, QuoteRow]:
        self.reads.append(tuple(instrument_ids))
        await asyncio.sleep(self.seconds)
        if self.failure is not None:
            raise self.failure
        return {key: self.prices[key] for key in instrument_ids if key in self.prices}


@pytest.fixture
def key() -> InstrumentId:
    return InstrumentId(next(_NUMBERS))


@pytest.fixture
def store(key: InstrumentId) -> SlowStore:
    store = SlowStore()
    store.prices[key] = a_quote(7, market_cap="1.42", source="coingecko")
    return store


async def test_what_comes_out_of_the_cache_is_what_went_in(redis: Redis, store: SlowStore, key: InstrumentId) -> None:
    cache = CachedLatest(redis, store, A_LONG_TIME)
    first = await cache.latest([key])
    assert await cache.latest([key]) == first == {key: store.prices[key]}
    assert len(store.reads) == 1


async def test_a_hundred_who_ask_at_once_are_one_read(redis: Redis, store: SlowStore, key: InstrumentId) -> None:
    cache = CachedLatest(redis, store, A_LONG_TIME)
    answers = await asyncio.gather(*(cache.latest([key]) for _ in range(100)))
    assert all(answer == {key: store.prices[key]} for answer in answers)
    assert len(store.reads) == 1


async def test_processes_that_ask_at_once_share_a_read(
    redis: Redis, address: str, store: SlowStore, key: InstrumentId
) -> None:
    async with Redis.from_url(address) as other:
        caches = [CachedLatest(redis, store, A_LONG_TIME), CachedLatest(other, store, A_LONG_TIME)]
        answers = await asyncio.gather(*(cache.latest([key]) for cache in caches))
    assert answers[0] == answers[1] == {key: store.prices[key]}
    assert len(store.reads) == 1


async def test_who_waits_for_a_process_that_died_reads_for_himself(
    redis: Redis, store: SlowStore, key: InstrumentId
) -> None:
    await redis.set(f"candlewick:latest:{key}:reading", "dead", px=60_000)
    assert await CachedLatest(redis, store, A_LONG_TIME).latest([key]) == {key: store.prices[key]}


async def test_that_there_is_no_price_is_remembered_too(redis: Redis, store: SlowStore) -> None:
    nothing = InstrumentId(next(_NUMBERS))
    cache = CachedLatest(redis, store, A_LONG_TIME)
    assert await cache.latest([nothing]) == await cache.latest([nothing]) == {}
    assert len(store.reads) == 1


async def test_only_what_is_missing_is_read(redis: Redis, store: SlowStore, key: InstrumentId) -> None:
    cache, another = CachedLatest(redis, store, A_LONG_TIME), InstrumentId(next(_NUMBERS))
    await cache.latest([key])
    store.prices[another] = a_quote(8)
    assert set(await cache.latest([key, another])) == {key, another}
    assert store.reads == [(key,), (another,)]


async def test_a_price_is_read_again_when_its_time_is_over(redis: Redis, store: SlowStore, key: InstrumentId) -> None:
    cache = CachedLatest(redis, store, timedelta(milliseconds=1))
    await cache.latest([key])
    await asyncio.sleep(0.02)
    store.prices[key] = a_quote(9)
    assert (await cache.latest([key]))[key].price == "109.50"


async def test_a_read_that_fails_is_everybody_s_error_and_leaves_nothing_behind(
    redis: Redis, store: SlowStore, key: InstrumentId
) -> None:
    cache = CachedLatest(redis, store, A_LONG_TIME)
    store.failure = DatabaseUnavailable("here", "away")
    answers = await asyncio.gather(*(cache.latest([key]) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [DatabaseUnavailable] * 3
    store.failure = None
    assert key in await cache.latest([key])


async def test_one_who_leaves_takes_the_answer_from_nobody(redis: Redis, store: SlowStore, key: InstrumentId) -> None:
    cache = CachedLatest(redis, store, A_LONG_TIME)
    leaving = asyncio.create_task(cache.latest([key]))
    staying = asyncio.create_task(cache.latest([key]))
    await asyncio.sleep(0.02)
    leaving.cancel()
    assert await staying == {key: store.prices[key]}


async def test_without_redis_prices_come_from_the_database(store: SlowStore, key: InstrumentId) -> None:
    async with Redis.from_url("unix:///nowhere/at/all") as away:
        assert await CachedLatest(away, store).latest([key]) == {key: store.prices[key]}
