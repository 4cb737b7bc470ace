"""The worker process: its duties side by side, until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from datetime import timedelta
from typing import Final

import structlog
from redis.exceptions import RedisError

from candlewick.domain.job import WorkQueue
from candlewick.jobs.answering import Answering, keep_answering, prepared
from candlewick.jobs.bars import keep_carrying_on
from candlewick.jobs.dispatch import keep_dispatching
from candlewick.jobs.keeping import Keeping, keep_indicators
from candlewick.jobs.polls import Polling, keep_polling
from candlewick.jobs.queue import QueueWorker, arq_redis, keep_breathing, make_worker
from candlewick.jobs.refresher import SLOWEST, keep_settling
from candlewick.jobs.relay import keep_relaying
from candlewick.jobs.reporting import keep_reporting
from candlewick.jobs.rounds import Pace
from candlewick.jobs.streams import StreamBook, Streaming, keep_streaming
from candlewick.settings import Duty, Settings, WorkerSettings
from candlewick.waiting import paused
from candlewick.wiring import Services

log = structlog.get_logger(__name__)

RECONNECT_PAUSE = timedelta(seconds=2)
QUEUES: Final = {Duty.IO: WorkQueue.IO, Duty.CPU: WorkQueue.CPU}


async def run_worker(services: Services, redis_url: str, settings: Settings, stop: asyncio.Event) -> None:
    """Do the duties of `settings.worker` until `stop`; then finish what is running, for at most its `stop_timeout`.

    No duty waits for another: with Redis away candles are still settled and trades still stored; with the database
    away everything waits for it.
    """
    duties = settings.worker.duty_list
    log.info("worker_started", edition=services.database.capabilities.edition, duties=duties)
    async with asyncio.TaskGroup() as group:
        for work in [keep_breathing(services.redis, stop), *_works(services, redis_url, settings, stop)]:
            group.create_task(_within_grace(work, stop, settings.worker.stop_timeout))
    log.info("worker_stopped")


def _works(
    services: Services, redis_url: str, settings: Settings, stop: asyncio.Event
) -> Iterator[Coroutine[None, None, None]]:
    """The duties as coroutines, none of which has begun."""
    duties, book = settings.worker.duty_list, StreamBook()
    yield keep_reporting(services.status_board, services.sources, stop, book.statuses)
    queues = [queue for duty, queue in QUEUES.items() if duty in duties]
    if Duty.SETTLE in duties:
        pace = Pace(settings.worker.refresh_every, SLOWEST)
        yield keep_settling(services.candles, settings.worker.refresh_after, pace, stop)
    if Duty.RELAY in duties:
        yield keep_relaying(services.commit_log, services.bus, stop)
    if Duty.LIVE in duties:
        yield keep_streaming(_streaming(services, settings), book, stop)
        yield keep_polling(_polling(services), stop)
    if Duty.KEEP in duties:
        yield keep_indicators(_keeping(services, settings), stop)
    if Duty.INDICATORS in duties:
        yield keep_answering(_answering(services, settings), stop)
    if Duty.CPU in duties:
        yield keep_carrying_on(services.bar_building, services.leases, stop)
    if queues:
        yield dispatching(services, redis_url, queues, settings.worker.max_jobs, stop)
    for queue in queues:
        yield serve_queue(services, redis_url, queue, settings.worker, stop)


def _streaming(services: Services, settings: Settings) -> Streaming:
    return Streaming(
        fixed=settings.live.instruments,
        watch_list=services.watch_list,
        instruments=services.instruments,
        feeds=services.live_feeds(),
        jobs=services.jobs,
        leases=services.leases,
    )


def _keeping(services: Services, settings: Settings) -> Keeping:
    return Keeping(
        rules=settings.indicators.rules,
        watched=services.watching.keys,
        instruments=services.instruments,
        store=services.kept,
        candles=services.candles,
        commits=services.commit_log,
        leases=services.leases,
        clock=services.clock,
        allowed_lateness=settings.storage.allowed_lateness,
    )


def _answering(services: Services, settings: Settings) -> Answering:
    given = settings.indicators
    return Answering(services.questions, prepared(services.candles, given.history), given.lanes, given.kept_for)


def _polling(services: Services) -> Polling:
    return Polling(
        watched=services.watching.keys,
        sources=services.sources,
        every=services.poll_every,
        stores=services.import_stores,
        jobs=services.jobs,
        leases=services.leases,
        clock=services.clock,
    )


async def dispatching(
    services: Services, redis_url: str, queues: Sequence[WorkQueue], slots: int, stop: asyncio.Event
) -> None:
    """Put due steps into the queues until `stop`, over a connection of its own."""
    async with arq_redis(redis_url) as redis:
        await keep_dispatching(services.jobs, redis, queues, slots, stop)


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


async def serve_queue(
    services: Services, redis_url: str, queue: WorkQueue, settings: WorkerSettings, stop: asyncio.Event
) -> None:
    """Do what is in the queue until `stop`. When Redis is away for longer than arq has patience, begin again."""
    while not stop.is_set():
        worker = make_worker(services, redis_url, queue, max_jobs=settings.max_jobs)
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
