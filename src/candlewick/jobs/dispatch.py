"""Due steps from the database into the queues. Redis may lose them: then they are due still, and come again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix, job_key_prefix, retry_key_prefix

from candlewick.domain.job import JobId, StepRef, WorkQueue
from candlewick.jobs.rounds import Pace, keep_at
from candlewick.ports import JobStore

EVERY: Final = timedelta(seconds=1)
AT_ONCE: Final = 8
"""For each step that a worker does at a time, so many lie in its queue: the rest waits its turn in the database."""
CLAIMED_BY: Final = timedelta(seconds=15)
"""A worker that took a step from the queue has claimed it by then, or it died before it could."""
STEP_TIMEOUT: Final = timedelta(days=7)
"""What arq grants a step. That its worker lives is another question: its lease says so every few seconds."""
ARQ_GRACE: Final = timedelta(seconds=10)
"""What arq adds to a time-out before it takes a worker for dead."""


def queue_name(queue: WorkQueue) -> str:
    """Its name in Redis."""
    return f"candlewick:jobs:{queue}"


async def keep_dispatching(
    jobs: JobStore, redis: ArqRedis, queues: Sequence[WorkQueue], slots: int, stop: asyncio.Event
) -> None:
    """Enqueue what is due until `stop`. Every worker does it: the same step is enqueued once all the same."""

    async def enqueue_due() -> None:
        for queue in queues:
            await dispatch(jobs, redis, queue, slots * AT_ONCE)

    await keep_at("dispatch", enqueue_due, Pace(EVERY), stop)


async def dispatch(jobs: JobStore, redis: ArqRedis, queue: WorkQueue, limit: int) -> int:
    """Enqueue what is due now; how many steps were not in the queue before."""
    added = 0
    for ref in await jobs.due(queue, limit):
        if ref.attempt > 1:
            await _forget(redis, replace(ref, attempt=ref.attempt - 1))
        if await _is_orphaned(redis, ref):
            await _forget(redis, ref)
        added += await _enqueue(redis, ref)
    return added


async def _enqueue(redis: ArqRedis, ref: StepRef) -> bool:
    """Whether it was not there yet."""
    arguments = (ref.job_id, ref.number, ref.attempt, ref.queue.value)
    name, queue = _name(ref), queue_name(ref.queue)
    return await redis.enqueue_job("run_step", *arguments, _job_id=name, _queue_name=queue) is not None


async def _is_orphaned(redis: ArqRedis, ref: StepRef) -> bool:
    """Whether somebody took it from the queue some time ago and never claimed it, since it is still due."""
    left = int(await redis.pttl(in_progress_key_prefix + _name(ref)))
    taken_ago = (STEP_TIMEOUT + ARQ_GRACE).total_seconds() * 1000 - left
    return left > 0 and taken_ago > CLAIMED_BY.total_seconds() * 1000


def step_ref(job_id: int, number: int, attempt: int, queue: str) -> StepRef:
    """What `dispatch` put into the queue."""
    return StepRef(JobId(job_id), number, attempt, WorkQueue(queue))


def _name(ref: StepRef) -> str:
    return f"{ref.job_id}/{ref.number}/{ref.attempt}"


async def _forget(redis: ArqRedis, ref: StepRef) -> None:
    """Take a former attempt out of the queue. arq would keep one whose worker was killed in front of all others."""
    name = _name(ref)
    async with redis.pipeline(transaction=True) as pipe:
        pipe.zrem(queue_name(ref.queue), name)
        pipe.delete(job_key_prefix + name, in_progress_key_prefix + name, retry_key_prefix + name)
        await pipe.execute()
