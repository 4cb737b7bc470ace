"""The contract of the job store's steps: one worker each, none forgotten, none of a lost worker's writes."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from candlewick.domain.errors import LeaseLost
from candlewick.domain.job import MOST_ATTEMPTS, JobStatus, Lease, NewStep, StepProgress, WorkQueue
from candlewick.domain.market import Side, Trade
from candlewick.ports import Outcome
from candlewick.storage import leases
from candlewick.storage.engine import Database
from candlewick.storage.jobs import Jobs
from candlewick.storage.leases import StoredLeases
from candlewick.storage.trades import Trades
from markets import delivery, new_instrument
from working import EVERYTHING, HANGS, HOUR, RUN_OUT, begun, blocked, due_of, new_job

NOON = datetime(2024, 8, 8, 12, tzinfo=UTC)


async def cancel_all(database: Database) -> None:
    """Leave nothing that is due: other tests left jobs behind."""
    async with database.driver() as driver:
        for row in await driver.fetch("SELECT id FROM job WHERE status IN ('QUEUED', 'RUNNING')"):
            await Jobs(database).cancel(row["id"])


async def test_of_many_workers_one_begins_a_step(database: Database) -> None:
    job = await Jobs(database).submit(new_job())
    [ref] = await due_of(database, job)
    claims = [Jobs(database).claim(ref, f"worker {n}", HOUR) for n in range(8)]
    [step] = [step for step in await asyncio.gather(*claims) if step is not None]
    assert (step.subject, step.arguments, step.failures) == ("test:A-B part 1", {"number": 1}, 0)
    assert await due_of(database, job) == []


async def test_steps_go_to_the_workers_of_their_queue(database: Database) -> None:
    steps = [NewStep("fetch", {}, WorkQueue.IO), NewStep("compute", {}, WorkQueue.CPU)]
    job = await Jobs(database).submit(replace(new_job(), steps=steps))
    found = {
        queue: [ref.number for ref in await Jobs(database).due(queue, EVERYTHING) if ref.job_id == job.id]
        for queue in WorkQueue
    }
    assert found == {WorkQueue.IO: [1], WorkQueue.CPU: [2]}


async def test_a_lost_workers_step_is_due_again_and_its_lease_is_worth_nothing(database: Database) -> None:
    job = await Jobs(database).submit(new_job())
    lost = await begun(database, job, RUN_OUT)
    [again] = await due_of(database, job)
    assert again == replace(lost.ref, attempt=lost.ref.attempt + 1)
    for late in (Jobs(database).report, Jobs(database).complete):
        with pytest.raises(LeaseLost):
            await late(lost.lease, StepProgress(1.0, stored=9))
    instrument = await new_instrument(database)
    trade = Trade(1, Decimal(1), Decimal(1), Side.BUY, NOON)
    with pytest.raises(LeaseLost):
        await Trades(database).insert(replace(delivery(instrument, [trade]), lease=lost.lease))
    assert (await begun(database, job)).progress == StepProgress()


async def test_a_late_end_of_a_lost_worker_changes_nothing(database: Database) -> None:
    job = await Jobs(database).submit(new_job())
    lost = await begun(database, job, RUN_OUT)
    step = await begun(database, job)
    with pytest.raises(LeaseLost):
        await Jobs(database).fail(lost.lease, "too late")
    with pytest.raises(LeaseLost):
        await Jobs(database).put_off(lost.lease, "too late", HOUR, failed=True)
    await Jobs(database).complete(step.lease, StepProgress(1.0))
    found = await Jobs(database).job(job.id)
    assert found is not None
    assert found.status is JobStatus.SUCCEEDED


async def test_an_old_entry_of_the_queue_begins_nothing(database: Database) -> None:
    job = await Jobs(database).submit(new_job())
    lost = await begun(database, job, RUN_OUT)
    await due_of(database, job)
    assert await Jobs(database).claim(lost.ref, "worker", HOUR) is None


async def test_a_step_whose_lease_vanished_is_due_again(database: Database) -> None:
    job = await Jobs(database).submit(new_job())
    step = await begun(database, job)
    await StoredLeases(database).release(step.lease)
    assert len(await due_of(database, job)) == 1


async def test_a_worker_that_renews_its_lease_keeps_its_step(database: Database) -> None:
    job = await Jobs(database).submit(new_job())
    step = await begun(database, job, RUN_OUT)
    assert await StoredLeases(database).renew(step.lease, HOUR)
    assert await due_of(database, job) == []


async def test_a_step_is_not_taken_from_a_worker_in_the_middle_of_a_commit_nor_is_that_waited_for(
    database: Database,
) -> None:
    job = await Jobs(database).submit(new_job())
    step = await begun(database, job, RUN_OUT)
    async with database.transaction() as driver:
        await leases.hold(driver, step.lease)
        assert await asyncio.wait_for(due_of(database, job), HANGS) == []
    assert len(await due_of(database, job)) == 1


async def test_cancelling_waits_for_what_a_worker_is_committing(database: Database) -> None:
    job = await Jobs(database).submit(new_job())
    step = await begun(database, job)
    async with database.transaction() as driver:
        await leases.hold(driver, step.lease)
        cancelling = await blocked(database, Jobs(database).cancel(job.id))
    assert (await cancelling).status is JobStatus.CANCELLED
    with pytest.raises(LeaseLost):
        await Jobs(database).report(step.lease, StepProgress(0.5))


async def test_several_workers_that_look_at_once_take_a_lost_step_back_once(database: Database) -> None:
    job = await Jobs(database).submit(new_job(20))
    for ref in await due_of(database, job):
        assert await Jobs(database).claim(ref, "worker", RUN_OUT)
    await asyncio.gather(*(Jobs(database).due(WorkQueue.IO, 1) for _ in range(6)))
    assert [ref.attempt for ref in await due_of(database, job)] == [2] * 20


async def test_a_step_that_ended_too_many_workers_fails_for_good(database: Database) -> None:
    job = await Jobs(database).submit(new_job())
    for _ in range(MOST_ATTEMPTS):
        await begun(database, job, RUN_OUT)
    assert await due_of(database, job) == []
    found = await Jobs(database).job(job.id)
    assert found is not None
    assert found.status is JobStatus.FAILED
    assert found.error is not None
    async with database.driver() as driver:
        kinds = await driver.fetch("SELECT kind FROM dead_letter WHERE reason LIKE $1", f"job {job.id}, step 1: %")
    assert [row["kind"] for row in kinds] == ["JOB"]


async def test_steps_that_were_put_off_are_not_counted_as_lost_workers(database: Database) -> None:
    job = await Jobs(database).submit(new_job())
    for _ in range(MOST_ATTEMPTS):
        step = await begun(database, job)
        await Jobs(database).put_off(step.lease, "the database was away", RUN_OUT, failed=False)
    await begun(database, job, RUN_OUT)
    assert len(await due_of(database, job)) == 1


async def test_jobs_take_turns_however_large_the_first_one_is(database: Database) -> None:
    await cancel_all(database)
    made = [await Jobs(database).submit(new_job(steps)) for steps in (50, 2, 50)]
    first = await Jobs(database).due(WorkQueue.IO, 6)
    assert Counter(ref.job_id for ref in first) == {job.id: 2 for job in made}
    assert [ref.job_id for ref in first[:3]] == [job.id for job in made]


async def test_a_single_worker_serves_all_jobs_in_turn(database: Database) -> None:
    await cancel_all(database)
    made = [await Jobs(database).submit(new_job(5)) for _ in range(2)]
    served = []
    for _ in range(4):
        [ref] = await Jobs(database).due(WorkQueue.IO, 1)
        step = await Jobs(database).claim(ref, "worker", HOUR)
        assert step is not None
        await Jobs(database).complete(step.lease, StepProgress(1.0))
        served.append(ref.job_id)
    assert served == [made[0].id, made[1].id] * 2


async def test_a_job_that_keeps_many_workers_busy_waits_for_the_others(database: Database) -> None:
    await cancel_all(database)
    busy = await Jobs(database).submit(new_job(10))
    for _ in range(4):
        await begun(database, busy)
    other = await Jobs(database).submit(new_job(10))
    refs = await Jobs(database).due(WorkQueue.IO, 4)
    assert [ref.job_id for ref in refs] == [other.id] * 4


async def test_a_lease_that_is_no_steps_reports_nothing(database: Database) -> None:
    lease = await StoredLeases(database).acquire("feed/binance", "worker", HOUR)
    assert lease is not None
    for wrong in (lease, Lease("job/x/1", 1)):
        with pytest.raises(LeaseLost):
            await Jobs(database).report(wrong, StepProgress())


async def test_a_worker_that_works_with_its_lease_stores_its_rows(database: Database) -> None:
    job = await Jobs(database).submit(new_job())
    step = await begun(database, job)
    instrument = await new_instrument(database)
    trade = Trade(1, Decimal(1), Decimal(1), Side.BUY, NOON)
    stored = await Trades(database).insert(replace(delivery(instrument, [trade]), lease=step.lease))
    assert stored == Outcome(stored=1)
