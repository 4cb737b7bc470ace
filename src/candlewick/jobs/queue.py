"""The queue in Redis: how arq reaches it, how it runs jobs, how anyone sees whether a worker is alive."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any, Final

import structlog
from arq.connections import ArqRedis, RedisSettings
from arq.worker import Worker
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from candlewick.domain.job import WorkQueue
from candlewick.jobs.dispatch import STEP_TIMEOUT, queue_name
from candlewick.jobs.schedule import schedule
from candlewick.jobs.serializer import dump_job, load_job
from candlewick.jobs.tasks import TASKS
from candlewick.telemetry import TRACE_ID
from candlewick.waiting import paused
from candlewick.wiring import Services

log = structlog.get_logger(__name__)

WORKER: Final = "candlewick:worker:"
HEALTH_SECONDS: Final = 15
POLL_SECONDS: Final = 0.2


def redis_settings(url: str) -> RedisSettings:
    """With the default settings a restart of Redis that takes 2 s ends the worker."""
    return replace(
        RedisSettings.from_dsn(url),
        conn_timeout=5,
        retry=Retry(ExponentialBackoff(cap=1, base=0.05), 12),
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
    )


@asynccontextmanager
async def arq_redis(url: str) -> AsyncIterator[ArqRedis]:
    """A connection to put jobs in with. Nothing is asked of Redis yet: it may be away."""
    settings = redis_settings(url)
    redis = ArqRedis.from_url(
        url, retry=settings.retry, retry_on_error=settings.retry_on_error, socket_timeout=5, socket_connect_timeout=5
    )
    redis.job_serializer, redis.job_deserializer = dump_job, load_job
    try:
        yield redis
    finally:
        await redis.aclose()


class QueueWorker(Worker):
    """arq's worker, closed in a way that redis-py has not deprecated, and also when Redis is away."""

    async def close(self) -> None:
        """Cancel what still runs (it will run again), say that we are gone, give the connections back."""
        self.handle_sig(signal.SIGUSR1)
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        if self._pool is None:
            return
        try:
            await self._pool.delete(self.health_check_key)
        finally:
            await self._pool.aclose(close_connection_pool=True)
            self._pool = None


def make_worker(services: Services, redis_url: str, queue: WorkQueue, *, max_jobs: int) -> QueueWorker:
    """A worker that has not started yet. It leaves signals alone and retries nothing: that is decided by the steps."""
    return QueueWorker(
        functions=TASKS,
        cron_jobs=schedule() if queue is WorkQueue.IO else None,
        queue_name=queue_name(queue),
        redis_settings=redis_settings(redis_url),
        ctx={"services": services},
        poll_delay=POLL_SECONDS,
        keep_result=0,
        handle_signals=False,
        max_jobs=max_jobs,
        job_timeout=STEP_TIMEOUT.total_seconds(),
        job_serializer=dump_job,
        job_deserializer=load_job,
        on_job_start=_trace_job,
        health_check_interval=HEALTH_SECONDS,
        health_check_key=f"{health_key()}:{queue}",
        timezone=UTC,
    )


async def _trace_job(ctx: dict[Any, Any]) -> None:
    """Each job is a task with variables of its own, so nothing has to be taken back."""
    structlog.contextvars.bind_contextvars(**{TRACE_ID: ctx["job_id"]}, job_try=ctx["job_try"])


async def keep_breathing(redis: Redis, stop: asyncio.Event) -> None:
    """Say that this worker is alive until `stop`."""
    while not stop.is_set():
        try:
            await redis.set(health_key(), "alive", ex=HEALTH_SECONDS * 2)
        except (RedisError, OSError) as error:
            log.debug("breath_lost", reason=str(error))
        await paused(stop, timedelta(seconds=HEALTH_SECONDS / 3))
    with suppress(RedisError, OSError):  # it is forgotten soon, if Redis is away just now
        await redis.delete(health_key())


def health_key() -> str:
    """Where this machine's worker says that it is alive; the key is gone soon after its last breath."""
    return f"{WORKER}{socket.gethostname()}"


async def anyone_serves(redis: Redis, queue: WorkQueue) -> bool:
    """Whether a worker of any machine looked into the queue lately."""
    async for _ in redis.scan_iter(match=f"{WORKER}*:{queue}", count=1000):
        return True
    return False


async def worker_is_alive(redis: Redis) -> bool:
    """Whether a worker of this machine reached Redis lately."""
    return bool(await redis.exists(health_key()))
