"""The steps of jobs: who works on which. Everybody locks in one order: job, lease, step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import asyncpg
import orjson

from candlewick.domain.errors import LeaseLost
from candlewick.domain.job import JobId, JobKind, Lease, Step, StepProgress, StepRef, WorkQueue
from candlewick.domain.raw import DeadLetter, LetterKind
from candlewick.storage import leases
from candlewick.storage.dead_letters import keep_letters, storable_text
from candlewick.storage.engine import Driver

# Jobs take turns: first those with the fewest running steps, of these the one that was served longest ago, or never.
_DUE: Final = """
SELECT job.id, step.number, step.attempt
FROM job
CROSS JOIN LATERAL (
    SELECT count(*) AS running FROM job_step WHERE job_id = job.id AND status = 'RUNNING' AND queue = $1
) AS taken
CROSS JOIN LATERAL (
    SELECT number, attempt, row_number() OVER (ORDER BY due_at, number) AS place
    FROM (
        SELECT number, attempt, due_at FROM job_step
        WHERE job_id = job.id AND status = 'PENDING' AND queue = $1 AND due_at <= now()
        ORDER BY due_at, number
        LIMIT $2
    ) AS next_ones
) AS step
WHERE job.status IN ('QUEUED', 'RUNNING')
ORDER BY taken.running + step.place, job.served_at NULLS FIRST, job.id
LIMIT $2
"""

_LOCK_JOB: Final = "SELECT kind, status FROM job WHERE id = $1 FOR NO KEY UPDATE"
_PENDING: Final = """
SELECT subject, arguments::text, failures, part, stored, repeated, dead FROM job_step
WHERE job_id = $1 AND number = $2 AND attempt = $3 AND status = 'PENDING' AND due_at <= clock_timestamp()
"""
_BEGIN: Final = """
WITH job AS (
    UPDATE job SET status = 'RUNNING', started_at = coalesce(started_at, clock_timestamp()),
                   served_at = clock_timestamp()
    WHERE id = $1
)
UPDATE job_step SET status = 'RUNNING' WHERE job_id = $1 AND number = $2
"""

_REPORT: Final = (
    "UPDATE job_step SET part = $3, stored = $4, repeated = $5, dead = $6 WHERE job_id = $1 AND number = $2"
)
_DONE: Final = """
WITH letter AS (
    UPDATE dead_letter SET resolved_at = clock_timestamp() WHERE job_id = $1 AND step = $2 AND resolved_at IS NULL
)
UPDATE job_step SET status = 'DONE', error = NULL WHERE job_id = $1 AND number = $2
"""
_PUT_OFF: Final = """
UPDATE job_step SET status = 'PENDING', attempt = attempt + 1, due_at = clock_timestamp() + $3::interval,
                    error = $4, failures = failures + $5::int
WHERE job_id = $1 AND number = $2
"""
_FAIL: Final = """
UPDATE job_step SET status = 'FAILED', error = $3, failures = failures + 1
FROM job
WHERE job.id = $1 AND job_id = $1 AND number = $2
RETURNING job_id, number, kind, subject, job_step.arguments::text, error
"""

# A step that is put off meanwhile is seen as running or as pending, never as neither.
_FINISH: Final = """
UPDATE job SET finished_at = clock_timestamp(), status = CASE
    WHEN EXISTS (SELECT FROM job_step WHERE job_id = id AND error IS NOT NULL AND status = 'FAILED') THEN 'FAILED'
    ELSE 'SUCCEEDED' END
WHERE id = ANY($1) AND status IN ('QUEUED', 'RUNNING')
  AND NOT EXISTS (SELECT FROM job_step WHERE job_id = id AND status = 'PENDING')
  AND NOT EXISTS (SELECT FROM job_step WHERE job_id = id AND status = 'RUNNING')
"""


def lease_name(job_id: JobId, number: int) -> str:
    """What the lease of a step is called."""
    return f"job/{job_id}/{number}"


def step_of(lease: Lease) -> tuple[int, int]:
    """Job and number of the step that the lease is for.

    Raises:
        LeaseLost: it is no step's.
    """
    match lease.name.split("/"):
        case ["job", job_id, number] if job_id.isdecimal() and number.isdecimal():
            return int(job_id), int(number)
        case _:
            raise LeaseLost(lease.name)


async def list_due(driver: Driver, queue: WorkQueue, limit: int) -> Sequence[StepRef]:
    """Steps that wait for a worker, no job before its turn."""
    rows = await driver.fetch(_DUE, queue, limit)
    return [StepRef(JobId(row["id"]), row["number"], row["attempt"], queue) for row in rows]


async def claim(driver: Driver, ref: StepRef, holder: str, duration: timedelta) -> Step | None:
    """Begin the step if it still waits in this attempt. With its job locked, nobody else can begin it meanwhile."""
    job = await driver.fetchrow(_LOCK_JOB, ref.job_id)
    step = await driver.fetchrow(_PENDING, ref.job_id, ref.number, ref.attempt)
    if job is None or step is None:
        return None
    lease = await leases.take(driver, lease_name(ref.job_id, ref.number), holder, duration)
    if lease is None:
        return None
    await driver.execute(_BEGIN, ref.job_id, ref.number)
    return Step(
        ref=ref,
        kind=JobKind(job["kind"]),
        subject=step["subject"],
        arguments=orjson.loads(step["arguments"]),
        lease=lease,
        failures=step["failures"],
        progress=StepProgress(step["part"], step["stored"], step["repeated"], step["dead"]),
    )


async def report(driver: Driver, lease: Lease, progress: StepProgress) -> None:
    """What the step did so far, in place of what it reported before."""
    place = step_of(lease)
    await leases.hold(driver, lease)
    await driver.execute(_REPORT, *place, progress.part, progress.stored, progress.repeated, progress.dead)


async def complete(driver: Driver, lease: Lease, progress: StepProgress) -> None:
    """The step is done, and with its last one the job."""
    place = await _end(driver, lease)
    await driver.execute(_REPORT, *place, progress.part, progress.stored, progress.repeated, progress.dead)
    await driver.execute(_DONE, *place)
    await finish(driver, [place[0]])


async def put_off(driver: Driver, lease: Lease, reason: str, wait: timedelta, *, failed: bool) -> None:
    """The step waits for its next attempt."""
    place = step_of(lease)
    await leases.end(driver, lease)
    await driver.execute(_PUT_OFF, *place, wait, storable_text(reason), failed)


async def fail(driver: Driver, lease: Lease, reason: str) -> None:
    """The step failed for good."""
    place = await _end(driver, lease)
    await bury(driver, await driver.fetch(_FAIL, *place, storable_text(reason)))


async def bury(driver: Driver, failed: Sequence[asyncpg.Record]) -> None:
    """Keep failed steps (job_id, number, kind, subject, arguments, error) as dead letters; end jobs that are over."""
    if not failed:
        return
    await keep_letters(
        driver,
        [
            DeadLetter(
                source=step["kind"].lower(),
                subject=step["subject"],
                kind=LetterKind.JOB,
                reason=f"job {step['job_id']}, step {step['number']}: {step['error']}",
                payload=step["arguments"],
                job_id=step["job_id"],
                step=step["number"],
            )
            for step in failed
        ],
    )
    await finish(driver, [step["job_id"] for step in failed])


async def finish(driver: Driver, job_ids: Sequence[int]) -> None:
    """End the jobs whose steps are all through. They are locked, so that each of two last steps sees the other."""
    await driver.execute(_FINISH, job_ids)


async def _end(driver: Driver, lease: Lease) -> tuple[int, int]:
    """Lock the job, then give the step's lease back: nobody else writes for it from now on."""
    job_id, number = step_of(lease)
    await driver.fetchrow(_LOCK_JOB, job_id)
    await leases.end(driver, lease)
    return job_id, number
