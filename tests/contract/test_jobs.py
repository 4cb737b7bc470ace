"""The contract of the job store: what was asked for, once; how far it got; how it ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import orjson
import pytest

from candlewick.domain.errors import (
    JobConflict,
    JobFinished,
    JobNotFailed,
    JobSuperseded,
    LeaseLost,
    TooManySteps,
    UnknownJob,
)
from candlewick.domain.job import MOST_STEPS, Job, JobFilter, JobId, JobKind, JobStatus, NewJob, StepProgress
from candlewick.storage.engine import Database
from candlewick.storage.jobs import Jobs
from working import HOUR, begun, due_of, new_job, unique

NOW = timedelta()


async def current(database: Database, job: Job) -> Job:
    found = await Jobs(database).job(job.id)
    assert found is not None
    return found


async def test_a_job_is_kept_as_it_was_asked_for(database: Database) -> None:
    key = unique("key")
    made = await Jobs(database).submit(new_job(3, key=key, of=["test:A-B"], exact=1))
    assert await Jobs(database).job(made.id) == made
    assert (made.kind, made.status, made.idempotency_key) == (JobKind.BACKFILL, JobStatus.QUEUED, key)
    assert (made.arguments, made.requested_by) == ({"of": ["test:A-B"], "exact": 1}, "test")
    assert (made.progress.steps, made.progress.part, made.started_at, made.error) == (3, 0, None, None)


@pytest.mark.parametrize("number", [0, -1, 2**63 - 1, 2**80])
async def test_a_job_that_does_not_exist_is_none_and_cannot_be_changed(database: Database, number: int) -> None:
    assert await Jobs(database).job(JobId(number)) is None
    for change in (Jobs(database).cancel, Jobs(database).retry):
        with pytest.raises(UnknownJob, match=f"no job {number}"):
            await change(JobId(number))


async def test_the_same_request_under_the_same_key_is_the_same_job(database: Database) -> None:
    key = unique("key")
    asked = [Jobs(database).submit(new_job(key=key, a=1, b=[2])) for _ in range(6)]
    assert len({job.id for job in await asyncio.gather(*asked)}) == 1
    assert (await Jobs(database).submit(new_job(key=key, b=[2], a=1))).progress.steps == 1


async def test_another_request_under_the_same_key_is_refused(database: Database) -> None:
    key = unique("key")
    first = await Jobs(database).submit(new_job(key=key, a=1))
    with pytest.raises(JobConflict, match=f"{key}' was used for job {first.id} with other arguments"):
        await Jobs(database).submit(new_job(key=key, a=2))


async def test_of_jobs_with_one_exclusive_name_only_one_is_unfinished(database: Database) -> None:
    name = unique("exclusive")
    asked = [Jobs(database).submit(new_job(exclusive=name, turn=n)) for n in range(6)]
    [job_id] = {job.id for job in await asyncio.gather(*asked)}
    await Jobs(database).cancel(job_id)
    assert (await Jobs(database).submit(new_job(exclusive=name))).id != job_id


async def test_a_job_is_not_tried_again_beside_one_of_the_same_exclusive_name(database: Database) -> None:
    name = unique("exclusive")
    former = await Jobs(database).submit(new_job(exclusive=name))
    await Jobs(database).cancel(former.id)
    await Jobs(database).submit(new_job(exclusive=name))
    with pytest.raises(JobSuperseded, match="wait for that one, or cancel it"):
        await Jobs(database).retry(former.id)
    assert (await current(database, former)).status is JobStatus.CANCELLED


async def test_a_job_without_steps_is_done(database: Database) -> None:
    job = await Jobs(database).submit(new_job(0))
    assert (job.status, job.progress.part) == (JobStatus.SUCCEEDED, 1.0)


async def test_a_job_has_a_bounded_number_of_steps(database: Database) -> None:
    made = await Jobs(database).submit(new_job(MOST_STEPS))
    assert made.progress.steps == MOST_STEPS
    await Jobs(database).cancel(made.id)
    with pytest.raises(TooManySteps, match=f"a job may have {MOST_STEPS}"):
        await Jobs(database).submit(new_job(MOST_STEPS + 1))


async def test_jobs_are_listed_newest_first_page_by_page(database: Database) -> None:
    made = [await Jobs(database).submit(NewJob(JobKind.DISCOVER, {}, [])) for _ in range(3)]
    where = JobFilter(JobKind.DISCOVER, JobStatus.SUCCEEDED)
    page = await Jobs(database).jobs(where, 2, None)
    rest = await Jobs(database).jobs(where, 1, page.rows[-1].id)
    assert [job.id for job in (*page.rows, *rest.rows)] == [job.id for job in reversed(made)]
    assert page.more
    assert all(job.kind is JobKind.DISCOVER for job in (*page.rows, *rest.rows))


async def test_progress_adds_up_over_all_steps(database: Database) -> None:
    job = await Jobs(database).submit(new_job(4))
    first, second = await begun(database, job), await begun(database, job)
    await Jobs(database).complete(first.lease, StepProgress(1.0, stored=10, repeated=2, dead=1))
    await Jobs(database).report(second.lease, StepProgress(0.25, stored=3))
    await Jobs(database).report(second.lease, StepProgress(0.5, stored=5))
    found = await current(database, job)
    progress = found.progress
    assert (progress.steps, progress.done, progress.failed, progress.running) == (4, 1, 0, 1)
    assert (progress.part, progress.stored, progress.repeated, progress.dead) == (0.375, 15, 2, 1)
    assert (found.status, found.finished_at) == (JobStatus.RUNNING, None)
    assert found.started_at is not None


async def test_the_last_step_ends_the_job(database: Database) -> None:
    job = await Jobs(database).submit(new_job(2))
    for status in (JobStatus.RUNNING, JobStatus.SUCCEEDED):
        await Jobs(database).complete((await begun(database, job)).lease, StepProgress(1.0))
        assert (await current(database, job)).status is status
    found = await current(database, job)
    assert found.finished_at is not None
    assert found.error is None


async def test_two_last_steps_that_end_at_once_end_the_job(database: Database) -> None:
    for _ in range(10):
        job = await Jobs(database).submit(new_job(2))
        steps = [await begun(database, job) for _ in range(2)]
        await asyncio.gather(
            Jobs(database).complete(steps[0].lease, StepProgress(1.0)), Jobs(database).fail(steps[1].lease, "no")
        )
        found = await current(database, job)
        assert (found.status, found.progress.done, found.progress.failed) == (JobStatus.FAILED, 1, 1)


async def test_a_failed_step_is_a_dead_letter_and_fails_the_job_when_the_others_are_through(database: Database) -> None:
    job = await Jobs(database).submit(new_job(2))
    broken, other = await begun(database, job), await begun(database, job)
    await Jobs(database).fail(broken.lease, "the venue says no\x00")
    assert (await current(database, job)).status is JobStatus.RUNNING
    await Jobs(database).complete(other.lease, StepProgress(1.0))
    found = await current(database, job)
    assert (found.status, found.error) == (JobStatus.FAILED, "test:A-B part 1: the venue says no\\0")
    async with database.driver() as driver:
        letter = await driver.fetchrow(
            "SELECT source, subject, kind, payload FROM dead_letter WHERE reason = $1",
            f"job {job.id}, step 1: the venue says no\\0",
        )
    assert letter is not None
    assert tuple(letter)[:3] == ("backfill", "test:A-B part 1", "JOB")
    assert orjson.loads(letter["payload"]) == {"number": 1}


async def test_a_step_that_is_put_off_says_why_and_goes_on_from_where_it_got(database: Database) -> None:
    job = await Jobs(database).submit(new_job())
    step = await begun(database, job)
    await Jobs(database).report(step.lease, StepProgress(0.5, stored=5))
    await Jobs(database).put_off(step.lease, "too many requests", HOUR, failed=True)
    waiting = await current(database, job)
    assert (waiting.status, waiting.error) == (JobStatus.RUNNING, "test:A-B part 1: too many requests")
    assert await due_of(database, job) == []
    async with database.driver() as driver:
        await driver.execute("UPDATE job_step SET due_at = now() WHERE job_id = $1", job.id)
    again = await begun(database, job)
    assert (again.failures, again.progress) == (1, StepProgress(0.5, stored=5))
    assert again.ref.attempt == step.ref.attempt + 1
    assert (await current(database, job)).error is None


async def test_a_worker_that_stops_does_not_count_against_its_step(database: Database) -> None:
    job = await Jobs(database).submit(new_job())
    await Jobs(database).put_off((await begun(database, job)).lease, "its worker stopped", NOW, failed=False)
    assert (await begun(database, job)).failures == 0


async def test_cancelling_fences_the_workers_and_keeps_what_was_done(database: Database) -> None:
    job = await Jobs(database).submit(new_job(3))
    done, running = await begun(database, job), await begun(database, job)
    await Jobs(database).complete(done.lease, StepProgress(1.0, stored=3))
    cancelled = await Jobs(database).cancel(job.id)
    assert (cancelled.status, cancelled.progress.stored) == (JobStatus.CANCELLED, 3)
    assert cancelled.finished_at is not None
    with pytest.raises(LeaseLost):
        await Jobs(database).complete(running.lease, StepProgress(1.0, stored=4))
    assert await due_of(database, job) == []
    assert await current(database, job) == cancelled


@pytest.mark.parametrize("steps", [0, 1])
async def test_what_is_over_cannot_be_cancelled(database: Database, steps: int) -> None:
    job = await Jobs(database).submit(new_job(steps))
    if steps:
        await Jobs(database).cancel(job.id)
    with pytest.raises(JobFinished, match=r"is over \((succeeded|cancelled)\)"):
        await Jobs(database).cancel(job.id)


async def test_a_step_that_was_claimed_from_a_cancelled_job_is_not_begun(database: Database) -> None:
    job = await Jobs(database).submit(new_job())
    [ref] = await due_of(database, job)
    await Jobs(database).cancel(job.id)
    assert await Jobs(database).claim(ref, "worker", HOUR) is None


async def test_trying_again_does_what_failed_and_only_that(database: Database) -> None:
    job = await Jobs(database).submit(new_job(2))
    done, broken = await begun(database, job), await begun(database, job)
    await Jobs(database).complete(done.lease, StepProgress(1.0))
    await Jobs(database).report(broken.lease, StepProgress(0.5, stored=7))
    await Jobs(database).fail(broken.lease, "no")
    queued = await Jobs(database).retry(job.id)
    assert (queued.status, queued.finished_at, queued.error) == (JobStatus.QUEUED, None, None)
    again = await begun(database, job)
    assert (again.ref.number, again.failures, again.progress.stored) == (broken.ref.number, 0, 7)
    assert again.ref.attempt > broken.ref.attempt
    await Jobs(database).complete(again.lease, StepProgress(1.0))
    assert (await current(database, job)).status is JobStatus.SUCCEEDED


async def test_a_cancelled_job_can_be_tried_again(database: Database) -> None:
    job = await Jobs(database).submit(new_job(2))
    await Jobs(database).cancel(job.id)
    await Jobs(database).retry(job.id)
    assert len(await due_of(database, job)) == 2


async def test_what_did_not_fail_is_not_tried_again(database: Database) -> None:
    job = await Jobs(database).submit(new_job())
    with pytest.raises(JobNotFailed, match=f"job {job.id} is queued"):
        await Jobs(database).retry(job.id)
