"""The worker process: settles candles, and runs the queue's jobs, until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta

import structlog
from redis.exceptions import RedisError

from candlewick.jobs.queue import QueueWorker, make_worker
from candlewick.jobs.refresher import Pace, keep_settling
from candlewick.settings import WorkerSettings
from candlewick.waiting import paused
from candlewick.wiring import Stores

log = structlog.get_logger(__name__)

RECONNECT_PAUSE = timedelta(seconds=2)


async def run_worker(stores: Stores, redis_url: str, settings: WorkerSettings, stop: asyncio.Event) -> None:
    """Work until `stop`; then finish what is running, for at most `settings.stop_timeout`.

    Neither duty waits for the other: with Redis away candles are still settled, with the database away jobs still
    come in (and fail, each by itself).
    """
    log.info("worker_started", edition=stores.database.capabilities.edition)
    duties = [
        keep_settling(stores.candles, Pace(settings.refresh_every, settings.refresh_after), stop),
        serve_queue(stores, redis_url, settings, stop),
    ]
    async with asyncio.TaskGroup() as group:
        for duty in duties:
            group.create_task(_within_grace(duty, stop, settings.stop_timeout))
    log.info("worker_stopped")


async def _within_grace(duty: Coroutine[None, None, None], stop: asyncio.Event, grace: timedelta) -> None:
    """Run the duty; after `stop` it may take `grace` more, then it is cancelled: what it did not commit is undone."""
    task = asyncio.create_task(duty)
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        done, _ = await asyncio.wait({task}, timeout=grace.total_seconds())
        if not done:
            log.warning("worker_cancelled_its_work", after_seconds=grace.total_seconds())
            task.cancel()
            await asyncio.wait({task})
    finally:
        stopped.cancel()
        task.cancel()
    if not task.cancelled():
        task.result()


async def serve_queue(stores: Stores, redis_url: str, settings: WorkerSettings, stop: asyncio.Event) -> None:
    """Run jobs until `stop`. When Redis is away for longer than arq has patience, begin again."""
    while not stop.is_set():
        worker = make_worker(stores, redis_url, max_jobs=settings.max_jobs)
        running = asyncio.create_task(worker.async_run())
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                await _finish_jobs(worker, settings.stop_timeout)
            else:
                running.result()
        except (RedisError, OSError) as error:
            log.warning("queue_unavailable", reason=str(error), retry_seconds=RECONNECT_PAUSE.total_seconds())
        finally:
            stopped.cancel()
            await _close(worker, running)
        await paused(stop, RECONNECT_PAUSE)


async def _finish_jobs(worker: QueueWorker, grace: timedelta) -> None:
    """Take no more jobs and let those finish that run; the rest is cancelled by closing and will run again."""
    worker.allow_pick_jobs = False
    if worker.tasks:
        await asyncio.wait(set(worker.tasks.values()), timeout=grace.total_seconds() * 0.8)


async def _close(worker: QueueWorker, running: asyncio.Task[None]) -> None:
    running.cancel()
    await asyncio.wait({running})  # first: it would take connections again that closing gives back
    try:
        await worker.close()
    except (RedisError, OSError) as error:
        log.debug("queue_not_closed", reason=str(error))
