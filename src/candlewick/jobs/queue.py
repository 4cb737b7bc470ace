"""The queue in Redis: how arq reaches it, how it runs jobs, how anyone sees whether a worker is alive."""

from __future__ import annotations

import asyncio
import signal
import socket
from dataclasses import replace
from datetime import UTC
from typing import Any, Final

import structlog
from arq.connections import RedisSettings
from arq.worker import Worker
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from candlewick.jobs.schedule import schedule
from candlewick.jobs.serializer import dump_job, load_job
from candlewick.jobs.tasks import TASKS
from candlewick.telemetry import TRACE_ID
from candlewick.wiring import Stores

QUEUE: Final = "candlewick:jobs"
HEALTH_SECONDS: Final = 15
JOB_TIMEOUT: Final = 60
"""A job whose worker was killed runs again this long (and 10 s) later: short, and longer for a task that says so."""


def redis_settings(url: str) -> RedisSettings:
    """With the default settings a restart of Redis that takes 2 s ends the worker."""
    return replace(
        RedisSettings.from_dsn(url),
        conn_timeout=5,
        retry=Retry(ExponentialBackoff(cap=1, base=0.05), 12),
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
    )


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


def make_worker(stores: Stores, redis_url: str, *, max_jobs: int) -> QueueWorker:
    """A worker that has not started yet. It leaves signals alone and retries nothing but what asks for it."""
    return QueueWorker(
        functions=TASKS,
        cron_jobs=schedule(),
        queue_name=QUEUE,
        redis_settings=redis_settings(redis_url),
        ctx={"stores": stores},
        handle_signals=False,
        max_jobs=max_jobs,
        job_timeout=JOB_TIMEOUT,
        job_serializer=dump_job,
        job_deserializer=load_job,
        on_job_start=_trace_job,
        health_check_interval=HEALTH_SECONDS,
        health_check_key=health_key(),
        timezone=UTC,
    )


async def _trace_job(ctx: dict[Any, Any]) -> None:
    """Each job is a task with variables of its own, so nothing has to be taken back."""
    structlog.contextvars.bind_contextvars(**{TRACE_ID: ctx["job_id"]}, job_try=ctx["job_try"])


def health_key() -> str:
    """Where this machine's worker says that it is alive; the key is gone soon after its last breath."""
    return f"candlewick:worker:{socket.gethostname()}"


async def worker_is_alive(redis: Redis) -> bool:
    """Whether a worker of this machine looked at the queue lately."""
    return bool(await redis.exists(health_key()))
