"""The worker outlives its services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from candlewick.bus.status import RedisStatusBoard
from candlewick.domain.errors import DatabaseUnavailable
from candlewick.domain.job import StepRef, WorkQueue
from candlewick.domain.service import DatabaseEdition
from candlewick.jobs.dispatch import queue_name
from candlewick.jobs.queue import health_key
from candlewick.jobs.serializer import dump_job
from candlewick.jobs.worker import run_worker
from candlewick.settings import Duty, Settings, WorkerSettings
from candlewick.wiring import Services
from integration.jobs.conftest import Valkey
from working import HANGS


class Candles:
    """Counts how often it was asked to settle; fails while the database is away."""

    def __init__(self) -> None:
        self.settled = 0
        self.asked_about_dirt = 0
        self.away = False
        self.missed = 0

    async def settle(self, older_than: timedelta) -> int:  # noqa: ARG002
        if self.away:
            self.missed += 1
            raise DatabaseUnavailable("db", "gone")
        self.settled += 1
        return 0

    async def dirty_minutes(self) -> int:
        self.asked_about_dirt += 1
        return 7

    async def were_asked_about_dirt(self) -> bool:
        return bool(self.asked_about_dirt)

    async def were_missed(self) -> bool:
        return self.missed > 1

    async def go_on(self) -> None:
        """Come back when they were settled some more times."""
        before = self.settled
        async with asyncio.timeout(HANGS):
            while self.settled < before + 3:  # noqa: ASYNC110  (a count has no event to wait for)
                await asyncio.sleep(0.02)


class NoJobs:
    """A JobStore without jobs."""

    async def due(self, queue: WorkQueue, limit: int) -> list[StepRef]:  # noqa: ARG002
        return []


async def nothing_is_watched() -> list[str]:
    return []


@asynccontextmanager
async def working(candles: Candles, url: str) -> AsyncIterator[None]:
    """A worker, told to stop at the end."""
    database = SimpleNamespace(capabilities=SimpleNamespace(edition=DatabaseEdition.POSTGRESQL))
    duties = WorkerSettings(
        refresh_every=timedelta(milliseconds=50),
        stop_timeout=timedelta(seconds=5),
        duties=f"{Duty.SETTLE},{Duty.IO}",
    )
    stop = asyncio.Event()
    async with asyncio.timeout(HANGS), Redis.from_url(url) as redis:
        parts = SimpleNamespace(
            candles=candles,
            database=database,
            redis=redis,
            jobs=NoJobs(),
            watched_venues=nothing_is_watched,
            leases=None,
            sources={},
            status_board=RedisStatusBoard(redis),
        )
        services = cast("Services", parts)
        worker = asyncio.create_task(run_worker(services, url, Settings(worker=duties), stop))
        try:
            yield
        finally:
            stop.set()
            await worker


async def until(condition: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(HANGS):
        while not await condition():  # noqa: ASYNC110  (another process has no event to wait for)
            await asyncio.sleep(0.05)


async def is_alive(url: str) -> bool:
    async with Redis.from_url(url) as redis:
        try:
            return bool(await redis.exists(health_key()))
        except (RedisError, OSError):
            return False


async def until_alive(url: str) -> None:
    await until(lambda: is_alive(url))


async def enqueue(url: str, function: str) -> None:
    """Put a job into the queue as arq does."""
    async with Redis.from_url(url) as redis:
        await redis.set("arq:job:one", dump_job({"t": None, "f": function, "a": [], "k": {}, "et": 0}))
        await redis.zadd(queue_name(WorkQueue.IO), {"one": 1})


async def test_candles_are_settled_and_jobs_run(valkey: Valkey) -> None:
    candles = Candles()
    async with working(candles, valkey.url):
        await until_alive(valkey.url)
        await enqueue(valkey.url, "report_dirt")
        await until(candles.were_asked_about_dirt)

    assert not await is_alive(valkey.url)


async def test_a_restart_of_redis_is_survived_and_candles_go_on_being_settled(valkey: Valkey) -> None:
    candles = Candles()
    async with working(candles, valkey.url):
        await until_alive(valkey.url)
        valkey.stop()
        await candles.go_on()
        valkey.start()
        await until_alive(valkey.url)
        await enqueue(valkey.url, "report_dirt")
        await until(candles.were_asked_about_dirt)


async def test_a_database_that_was_away_is_used_again(valkey: Valkey) -> None:
    candles = Candles()
    async with working(candles, valkey.url):
        candles.away = True
        await until(candles.were_missed)
        candles.away = False
        await candles.go_on()


async def test_the_worker_stops_while_redis_is_away(valkey: Valkey) -> None:
    candles = Candles()
    async with working(candles, valkey.url):
        await until_alive(valkey.url)
        valkey.stop()
        await asyncio.sleep(0.5)
