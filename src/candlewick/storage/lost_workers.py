"""Steps whose worker is gone: given to others, or given up."""

from __future__ import annotations

from typing import Final

from candlewick.domain.job import MOST_ATTEMPTS
from candlewick.storage.engine import Driver
from candlewick.storage.job_steps import bury

_AT_A_TIME: Final = 500
_ORPHANS: Final = f"""
SELECT step.job_id, step.number
FROM job_step AS step
LEFT JOIN lease ON lease.name = 'job/' || step.job_id || '/' || step.number
WHERE step.status = 'RUNNING' AND (lease.name IS NULL OR lease.expires_at < clock_timestamp())
LIMIT {_AT_A_TIME}
"""
_LOCK_JOBS: Final = "SELECT id FROM job WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"

# A lease whose holder has a transaction under way is left for the next time: others need not wait for it to end.
_TAKE_AWAY: Final = """
WITH expired AS (
    SELECT lease.name
    FROM unnest($1::bigint[], $2::int[]) AS step (job_id, number)
    JOIN lease ON lease.name = 'job/' || step.job_id || '/' || step.number
    WHERE step.job_id = ANY($3) AND lease.expires_at < clock_timestamp()
    FOR UPDATE OF lease SKIP LOCKED
)
DELETE FROM lease USING expired WHERE lease.name = expired.name
"""
_RELEASE: Final = f"""
UPDATE job_step AS step
SET status = CASE WHEN lost + 1 < {MOST_ATTEMPTS} THEN 'PENDING' ELSE 'FAILED' END,
    lost = lost + 1, attempt = attempt + 1, due_at = clock_timestamp(),
    error = format('its worker was gone before it was done, for time %s of at most {MOST_ATTEMPTS}', lost + 1)
FROM unnest($1::bigint[], $2::int[]) AS orphan (job_id, number), job
WHERE step.job_id = orphan.job_id AND step.number = orphan.number AND step.job_id = ANY($3)
  AND step.status = 'RUNNING' AND job.id = step.job_id
  AND NOT EXISTS (SELECT FROM lease WHERE lease.name = 'job/' || step.job_id || '/' || step.number)
RETURNING step.job_id, step.number, step.status, kind, subject, step.arguments::text, error
"""


async def take_back(driver: Driver) -> None:
    """Make steps due whose lease ran out: their workers can write no more. Those that ended too many fail for good.

    In a transaction. Several may do this at once: each takes what the others do not have.
    """
    orphans = await driver.fetch(_ORPHANS)
    if not orphans:
        return
    places = [[row["job_id"] for row in orphans], [row["number"] for row in orphans]]
    jobs = [row["id"] for row in await driver.fetch(_LOCK_JOBS, places[0])]
    await driver.execute(_TAKE_AWAY, *places, jobs)
    released = await driver.fetch(_RELEASE, *places, jobs)
    await bury(driver, [step for step in released if step["status"] == "FAILED"])
