"""Jobs, leases and waiting writers for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from itertools import count
from typing import Any

from candlewick.domain.job import Job, JobKind, NewJob, NewStep, Step, StepRef, WorkQueue
from candlewick.storage.engine import Database
from candlewick.storage.jobs import Jobs

HOUR = timedelta(hours=1)
RUN_OUT = timedelta(seconds=-1)
"""How long a lease lasts that is over at once."""
EVERYTHING = 10_000
HANGS = 120.0
"""Seconds after which a test holds something for hung: a busy machine takes long over real work."""
_NUMBER = count(1)
_BLOCKED = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0
"""


def unique(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}-{next(_NUMBER)}"


def new_job(steps: int = 1, *, key: str | None = None, exclusive: str | None = None, **arguments: Any) -> NewJob:
    """A job of so many steps."""
    parts = [NewStep(f"test:A-B part {number}", {"number": number}) for number in range(1, steps + 1)]
    return NewJob(JobKind.BACKFILL, arguments or {"of": "a test"}, parts, key, exclusive, "test")


async def due_of(database: Database, job: Job) -> list[StepRef]:
    """The job's steps that are due, whatever other tests left behind."""
    return [ref for ref in await Jobs(database).due(WorkQueue.IO, EVERYTHING) if ref.job_id == job.id]


async def begun(database: Database, job: Job, duration: timedelta = HOUR) -> Step:
    """The job's next step, claimed by a worker."""
    ref = (await due_of(database, job))[0]
    step = await Jobs(database).claim(ref, "worker", duration)
    assert step is not None
    return step


async def blocked[Result](database: Database, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
    """Start the work and come back once a statement of it waits for somebody's lock."""
    task = asyncio.ensure_future(work)
    async with database.driver() as driver:
        while not await driver.fetchval(_BLOCKED):
            assert not task.done(), "it waited for nobody"
            await asyncio.sleep(0.01)
    return task
