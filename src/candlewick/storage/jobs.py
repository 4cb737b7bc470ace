"""Jobs: intent, steps, progress and result, in one place that survives everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import asyncpg
import orjson

from candlewick.domain.errors import (
    JobConflict,
    JobFinished,
    JobNotFailed,
    JobSuperseded,
    TooManySteps,
    TransactionConflict,
    UnknownJob,
)
from candlewick.domain.job import (
    MOST_STEPS,
    Job,
    JobFilter,
    JobId,
    JobStatus,
    Lease,
    NewJob,
    Step,
    StepProgress,
    StepRef,
    WorkQueue,
)
from candlewick.domain.page import Page
from candlewick.storage import job_steps, lost_workers
from candlewick.storage.engine import Database, Driver
from candlewick.storage.job_reads import LARGEST_ID, find_job, list_jobs

_MAKE: Final = """
INSERT INTO job (kind, arguments, idempotency_key, exclusive, requested_by)
VALUES ($1, $2::text::jsonb, $3, $4, $5)
ON CONFLICT DO NOTHING
RETURNING id
"""
_MAKE_STEPS: Final = """
INSERT INTO job_step (job_id, number, subject, arguments, queue)
SELECT $1, number, subject, arguments::jsonb, queue
FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS step (subject, arguments, queue, number)
"""
_BY_KEY: Final = "SELECT id, kind = $2 AND arguments = $3::text::jsonb AS same FROM job WHERE idempotency_key = $1"
_UNFINISHED: Final = "SELECT id FROM job WHERE exclusive = $1 AND status IN ('QUEUED', 'RUNNING')"
_RACES: Final = 5
"""How often the job that stands in the way may end before we look at it."""

_LOCK: Final = "SELECT status, exclusive FROM job WHERE id = $1 FOR NO KEY UPDATE"
_END_LEASES: Final = """
DELETE FROM lease
USING job_step AS step
WHERE step.job_id = $1 AND step.status = 'RUNNING' AND lease.name = 'job/' || step.job_id || '/' || step.number
"""
_CANCEL: Final = """
WITH steps AS (
    UPDATE job_step SET status = 'CANCELLED' WHERE job_id = $1 AND status IN ('PENDING', 'RUNNING')
)
UPDATE job SET status = 'CANCELLED', finished_at = clock_timestamp() WHERE id = $1
"""
_RETRY_STEPS: Final = """
UPDATE job_step SET status = 'PENDING', attempt = attempt + 1, failures = 0, lost = 0, due_at = clock_timestamp(),
                    error = NULL
WHERE job_id = $1 AND status IN ('FAILED', 'CANCELLED')
"""
_LOCK_STEP: Final = "SELECT status FROM job_step WHERE job_id = $1 AND number = $2 FOR NO KEY UPDATE"
_RETRY_STEP: Final = _RETRY_STEPS + "AND number = $2"
_RETRY: Final = "UPDATE job SET status = 'QUEUED', finished_at = NULL WHERE id = $1"


class Jobs:
    """The JobStore on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def submit(self, new: NewJob) -> Job:
        """See `JobStore.submit`.

        Raises:
            TooManySteps: there are more than `MOST_STEPS`.
        """
        if len(new.steps) > MOST_STEPS:
            raise TooManySteps(len(new.steps), MOST_STEPS)
        for _ in range(_RACES):
            async with self._database.transaction() as driver:
                job_id = await _make(driver, new) or await _standing(driver, new)
                if job_id is not None:
                    return await _found(driver, job_id)
        raise TransactionConflict(f"jobs named {new.exclusive!r} end as fast as they are submitted")

    async def job(self, job_id: JobId) -> Job | None:
        """See `JobStore.job`."""
        async with self._database.driver() as driver:
            return await find_job(driver, job_id)

    async def jobs(
        self,
        where: JobFilter,
        first: int,
        after: JobId | None,
        before: JobId | None = None,
        *,
        backwards: bool = False,
    ) -> Page[Job]:
        """See `JobStore.jobs`. `backwards`: the last so many, which are the oldest, instead."""
        async with self._database.driver() as driver:
            found = await list_jobs(driver, where, first + 1, (after, before), oldest=backwards)
        return Page(found[-first:] if backwards else found[:first], more=len(found) > first)

    async def cancel(self, job_id: JobId) -> Job:
        """See `JobStore.cancel`. Waits for what its workers are just committing."""
        async with self._database.transaction() as driver:
            status, _ = await _lock(driver, job_id)
            if status.finished:
                raise JobFinished(job_id, status)
            await driver.execute(_END_LEASES, job_id)
            await driver.execute(_CANCEL, job_id)
            return await _found(driver, job_id)

    async def retry(self, job_id: JobId) -> Job:
        """See `JobStore.retry`."""
        async with self._database.transaction() as driver:
            status, exclusive = await _lock(driver, job_id)
            if status not in {JobStatus.FAILED, JobStatus.CANCELLED}:
                raise JobNotFailed(job_id, status)
            await _queue(driver, job_id, exclusive)
            await driver.execute(_RETRY_STEPS, job_id)
            return await _found(driver, job_id)

    async def retry_step(self, job_id: JobId, number: int) -> Job:
        """See `JobStore.retry_step`. The rest of a cancelled job stays cancelled."""
        async with self._database.transaction() as driver:
            status, exclusive = await _lock(driver, job_id)
            step = await driver.fetchval(_LOCK_STEP, job_id, number)
            if step is None:
                raise UnknownJob(job_id)
            if step not in {"FAILED", "CANCELLED"}:
                raise JobNotFailed(job_id, step)
            if status.finished:
                await _queue(driver, job_id, exclusive)
            await driver.execute(_RETRY_STEP, job_id, number)
            return await _found(driver, job_id)

    async def due(self, queue: WorkQueue, limit: int) -> Sequence[StepRef]:
        """See `JobStore.due`."""
        async with self._database.transaction() as driver:
            await lost_workers.take_back(driver)
        async with self._database.driver() as driver:
            return await job_steps.list_due(driver, queue, limit)

    async def claim(self, ref: StepRef, holder: str, duration: timedelta) -> Step | None:
        """See `JobStore.claim`."""
        async with self._database.transaction() as driver:
            return await job_steps.claim(driver, ref, holder, duration)

    async def report(self, lease: Lease, progress: StepProgress) -> None:
        """See `JobStore.report`."""
        async with self._database.transaction() as driver:
            await job_steps.report(driver, lease, progress)

    async def complete(self, lease: Lease, progress: StepProgress) -> None:
        """See `JobStore.complete`."""
        async with self._database.transaction() as driver:
            await job_steps.complete(driver, lease, progress)

    async def put_off(self, lease: Lease, reason: str, wait: timedelta, *, failed: bool) -> None:
        """See `JobStore.put_off`."""
        async with self._database.transaction() as driver:
            await job_steps.put_off(driver, lease, reason, wait, failed=failed)

    async def fail(self, lease: Lease, reason: str) -> None:
        """See `JobStore.fail`."""
        async with self._database.transaction() as driver:
            await job_steps.fail(driver, lease, reason)


async def _make(driver: Driver, new: NewJob) -> JobId | None:
    """Insert the job with its steps; None if another stands in the way. Waits for one that is just being made."""
    arguments = _json(new.arguments)
    job_id = await driver.fetchval(_MAKE, new.kind, arguments, new.idempotency_key, new.exclusive, new.requested_by)
    if job_id is None:
        return None
    subjects = [step.subject for step in new.steps]
    queues = [step.queue for step in new.steps]
    await driver.execute(_MAKE_STEPS, job_id, subjects, [_json(step.arguments) for step in new.steps], queues)
    if not new.steps:
        await job_steps.finish(driver, [job_id])
    return JobId(job_id)


async def _standing(driver: Driver, new: NewJob) -> JobId | None:
    """The job that stands in the way of the new one; None if it ended meanwhile.

    Raises:
        JobConflict: it has the same idempotency key and was something else.
    """
    if new.idempotency_key is not None:
        same = await driver.fetchrow(_BY_KEY, new.idempotency_key, new.kind, _json(new.arguments))
        if same is not None and not same["same"]:
            raise JobConflict(new.idempotency_key, same["id"])
        if same is not None:
            return JobId(same["id"])
    found = await driver.fetchval(_UNFINISHED, new.exclusive)
    return None if found is None else JobId(found)


async def _lock(driver: Driver, job_id: JobId) -> tuple[JobStatus, str | None]:
    """Status and exclusive name of the job, which nobody else changes from now on."""
    row = await driver.fetchrow(_LOCK, job_id) if job_id <= LARGEST_ID else None
    if row is None:
        raise UnknownJob(job_id)
    return JobStatus(row["status"]), row["exclusive"]


async def _queue(driver: Driver, job_id: JobId, exclusive: str | None) -> None:
    """The finished job is unfinished again. Raises JobSuperseded."""
    try:
        await driver.execute(_RETRY, job_id)
    except asyncpg.UniqueViolationError as exc:
        raise JobSuperseded(job_id, exclusive or "") from exc


async def _found(driver: Driver, job_id: JobId) -> Job:
    job = await find_job(driver, job_id)
    assert job is not None
    return job


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(value)).decode()
