"""Reading jobs: each with its progress and what is wrong, in one statement however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg
import orjson

from candlewick.domain.job import Job, JobFilter, JobId, JobKind, JobProgress, JobStatus
from candlewick.storage.engine import Driver

# A job's error is its first failed step's; until it ends, also that of a step which waits for another try.
_JOBS: Final = """
SELECT job.id, job.kind, job.status, job.arguments::text, job.created_at, job.started_at, job.finished_at,
       job.idempotency_key, job.requested_by, progress.*, (
           SELECT step.subject || ': ' || step.error FROM job_step AS step
           WHERE step.job_id = job.id AND step.error IS NOT NULL AND step.status IN ('FAILED', 'PENDING')
           ORDER BY step.status = 'FAILED' DESC, step.number
           LIMIT 1
       ) AS error
FROM ({chosen}) AS job
CROSS JOIN LATERAL (
    SELECT count(*) AS steps,
           count(*) FILTER (WHERE status = 'DONE') AS done,
           count(*) FILTER (WHERE status = 'FAILED') AS failed,
           count(*) FILTER (WHERE status = 'RUNNING') AS running,
           coalesce(sum(CASE WHEN status = 'DONE' THEN 1 ELSE part END) / count(*), 1) AS part,
           coalesce(sum(stored), 0)::bigint AS stored,
           coalesce(sum(repeated), 0)::bigint AS repeated,
           coalesce(sum(dead), 0)::bigint AS dead
    FROM job_step
    WHERE job_id = job.id
) AS progress
ORDER BY job.id DESC
"""
_ONE: Final = _JOBS.format(chosen="SELECT * FROM job WHERE id = $1")
_PAGE: Final = """
    SELECT * FROM job
    WHERE ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR status = $2) AND id < $3 AND id > $4
    ORDER BY id {direction}
    LIMIT $5"""
_NEWEST: Final = _JOBS.format(chosen=_PAGE.format(direction="DESC"))
_OLDEST: Final = _JOBS.format(chosen=_PAGE.format(direction="ASC"))
LARGEST_ID: Final = JobId(2**63 - 1)


async def find_job(driver: Driver, job_id: JobId) -> Job | None:
    """The job as it is now."""
    row = await driver.fetchrow(_ONE, job_id) if job_id <= LARGEST_ID else None
    return None if row is None else _job(row)


async def list_jobs(
    driver: Driver, where: JobFilter, limit: int, between: tuple[JobId | None, JobId | None], *, oldest: bool
) -> Sequence[Job]:
    """Newest first, the newest or the oldest of those between two: older than the one, newer than the other."""
    newer, older = between
    below = LARGEST_ID if newer is None else min(newer, LARGEST_ID)
    above = JobId(-1) if older is None else older
    rows = await driver.fetch(_OLDEST if oldest else _NEWEST, where.kind, where.status, below, above, limit)
    return [_job(row) for row in rows]


def _job(row: asyncpg.Record) -> Job:
    return Job(
        id=JobId(row["id"]),
        kind=JobKind(row["kind"]),
        status=JobStatus(row["status"]),
        arguments=orjson.loads(row["arguments"]),
        progress=JobProgress(
            steps=row["steps"],
            done=row["done"],
            failed=row["failed"],
            running=row["running"],
            part=float(row["part"]),
            stored=row["stored"],
            repeated=row["repeated"],
            dead=row["dead"],
        ),
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        error=row["error"],
        idempotency_key=row["idempotency_key"],
        requested_by=row["requested_by"],
    )
