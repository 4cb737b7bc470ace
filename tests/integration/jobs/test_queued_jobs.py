"""Jobs through the queue: from the database into Redis, to a worker and back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from arq.constants import in_progress_key_prefix
from redis.asyncio import Redis

from candlewick.bus.status import RedisStatusBoard
from candlewick.domain.errors import SourceUnavailable
from candlewick.domain.job import Job, JobId, JobKind, JobStatus, NewJob, NewStep, Step, StepRef, WorkQueue
from candlewick.jobs import dispatch as dispatching
from candlewick.jobs import steps
from candlewick.jobs.dispatch import dispatch, queue_name
from candlewick.jobs.queue import arq_redis
from candlewick.jobs.tasks import submit_discoveries
from candlewick.jobs.worker import run_worker
from candlewick.pipeline.history import Report
from candlewick.ports import Outcome
from candlewick.settings import Duty, Settings, WorkerSettings
from candlewick.storage.engine import Database
from candlewick.storage.jobs import Jobs
from candlewick.storage.leases import StoredLeases
from candlewick.wiring import Services
from integration.jobs.conftest import Valkey
from working import HANGS


class Work:
    """The work of a backfill's step: what a test says."""

    def __init__(self) -> None:
        self.done: list[tuple[JobId, int]] = []
        self.failures: dict[int, int] = {}
        self.go = asyncio.Event()
        self.go.set()

    async def submit(self) -> int:
        """There are no gaps to repair."""
        return 0

    async def carry_on(self) -> int:
        """There are no bars to carry on."""
        return 0

    async def run(self, step: Step, report: Report) -> Outcome:
        await self.go.wait()
        if self.failures.get(step.ref.number, 0):
            self.failures[step.ref.number] -= 1
            raise SourceUnavailable("test", "away")
        self.done.append((step.ref.job_id, step.ref.number))
        report(Outcome(stored=10), 1.0)
        return Outcome(stored=10)


class Scene:
    """A database, a Redis, and a worker if one is asked for."""

    def __init__(self, database: Database, valkey: Valkey) -> None:
        self.jobs, self.work, self.url = Jobs(database), Work(), valkey.url
        self.parts = SimpleNamespace(
            database=database, jobs=self.jobs, leases=StoredLeases(database), backfills=self.work, sources={},
            repairs=self.work, ingests=self.work, replays=SimpleNamespace(jobs=self.work),
            watched_venues=self._nothing_is_watched, candles=None, bar_building=self.work,
        )  # fmt: skip

    async def _nothing_is_watched(self) -> list[str]:
        return []

    async def submit(self, count: int, queue: WorkQueue = WorkQueue.IO) -> JobId:
        made = [NewStep(f"step {number}", {"number": number}, queue) for number in range(count)]
        return (await self.jobs.submit(NewJob(JobKind.BACKFILL, {}, made))).id

    @asynccontextmanager
    async def working(self, duties: str = "io") -> AsyncIterator[None]:
        stop = asyncio.Event()
        settings = Settings(worker=WorkerSettings(duties=duties, stop_timeout=timedelta(seconds=2)))
        async with Redis.from_url(self.url) as redis:
            board = RedisStatusBoard(redis)
            services = cast("Services", SimpleNamespace(**vars(self.parts), redis=redis, status_board=board))
            worker = asyncio.create_task(run_worker(services, self.url, settings, stop))
            try:
                yield
            finally:
                stop.set()
                await worker

    async def until(self, job_id: JobId, true: Callable[[Job], bool]) -> Job:
        async with asyncio.timeout(HANGS):
            while True:
                job = await self.jobs.job(job_id)
                assert job is not None
                if true(job):
                    return job
                await asyncio.sleep(0.1)

    def done(self, job_id: JobId) -> list[int]:
        """The job's steps that were done; other tests leave jobs here that are worked on too."""
        return sorted(number for job, number in self.work.done if job == job_id)

    async def ended(self, job_id: JobId) -> Job:
        return await self.until(job_id, lambda job: job.status.finished)


@pytest.fixture
def scene(database: Database, valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(steps, "FIRST_WAIT", timedelta(milliseconds=10))
    return Scene(database, valkey)


async def test_all_steps_are_done_once_and_their_rows_counted(scene: Scene) -> None:
    async with scene.working():
        job = await scene.ended(await scene.submit(12))

    assert scene.done(job.id) == list(range(1, 13))
    assert (job.status, job.progress.done, job.progress.stored) == (JobStatus.SUCCEEDED, 12, 120)


async def test_a_step_that_fails_for_a_while_is_done_in_the_end(scene: Scene) -> None:
    scene.work.failures = {2: 3}
    async with scene.working():
        job = await scene.ended(await scene.submit(3))

    assert job.status is JobStatus.SUCCEEDED


async def test_a_redis_that_forgets_everything_loses_nothing(scene: Scene) -> None:
    scene.work.go.clear()
    async with scene.working(), Redis.from_url(scene.url) as redis:
        job_id = await scene.submit(20)
        await scene.until(job_id, lambda job: job.status is JobStatus.RUNNING)
        await redis.flushall()
        scene.work.go.set()
        job = await scene.ended(job_id)

    assert (job.status, job.progress.stored) == (JobStatus.SUCCEEDED, 200)


async def test_a_step_of_a_worker_that_died_is_done_by_another(scene: Scene) -> None:
    job_id = await scene.submit(1)
    (ref,) = [each for each in await scene.jobs.due(WorkQueue.IO, 100) if each.job_id == job_id]
    assert await scene.jobs.claim(ref, "a worker that dies now", timedelta(seconds=1))

    async with scene.working():
        job = await scene.ended(job_id)

    assert (job.status, scene.done(job_id)) == (JobStatus.SUCCEEDED, [1])


async def test_a_worker_that_stops_gives_its_steps_back_at_once(scene: Scene) -> None:
    scene.work.go.clear()
    async with scene.working():
        job_id = await scene.submit(1)
        await scene.until(job_id, lambda job: job.status is JobStatus.RUNNING)

    refs = [each for each in await scene.jobs.due(WorkQueue.IO, 1000) if each.job_id == job_id]
    assert [ref.number for ref in refs] == [1]
    await scene.jobs.cancel(job_id)


async def test_a_worker_pinned_to_a_queue_leaves_the_other_alone(scene: Scene) -> None:
    waiting = await scene.submit(1, WorkQueue.CPU)
    async with scene.working(Duty.IO):
        await scene.ended(await scene.submit(1))
        job = await scene.jobs.job(waiting)
    assert job is not None
    assert job.status is JobStatus.QUEUED

    async with scene.working(Duty.CPU):
        assert (await scene.ended(waiting)).status is JobStatus.SUCCEEDED


async def test_a_step_lies_in_the_queue_once_and_its_former_attempts_do_not(scene: Scene) -> None:
    job_id = await scene.submit(1)
    async with arq_redis(scene.url) as redis:
        await dispatch(scene.jobs, redis, WorkQueue.IO, 100)
        again = await dispatch(scene.jobs, redis, WorkQueue.IO, 100)
        (ref,) = [each for each in await scene.jobs.due(WorkQueue.IO, 100) if each.job_id == job_id]
        step = await scene.jobs.claim(ref, "test", timedelta(seconds=30))
        assert step is not None
        await scene.jobs.put_off(step.lease, "away", timedelta(), failed=True)
        await dispatch(scene.jobs, redis, WorkQueue.IO, 100)
        queued = [name.decode() for name in await redis.zrange(queue_name(WorkQueue.IO), 0, -1)]

    assert again == 0
    assert [name for name in queued if name.startswith(f"{job_id}/")] == [f"{job_id}/1/{ref.attempt + 1}"]
    await scene.jobs.cancel(job_id)


async def test_a_step_whose_worker_died_before_it_claimed_it_is_done(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "CLAIMED_BY", timedelta(seconds=1))
    job_id = await scene.submit(1)
    async with arq_redis(scene.url) as redis:
        await dispatch(scene.jobs, redis, WorkQueue.IO, 100)
        as_if_just_taken = dispatching.STEP_TIMEOUT + dispatching.ARQ_GRACE
        await redis.psetex(f"{in_progress_key_prefix}{job_id}/1/1", as_if_just_taken, b"1")

    async with scene.working():
        job = await scene.ended(job_id)

    assert job.status is JobStatus.SUCCEEDED


async def test_a_scheduled_job_never_overlaps_itself(scene: Scene) -> None:
    async def watched_venues() -> list[str]:
        return ["test venue"]

    context: dict[Any, Any] = {"services": SimpleNamespace(jobs=scene.jobs, watched_venues=watched_venues)}
    await submit_discoveries(context)
    await submit_discoveries(context)

    (ref,) = [each for each in await scene.jobs.due(WorkQueue.IO, 1000) if await is_discovery(scene.jobs, each)]
    await scene.jobs.cancel(ref.job_id)


async def is_discovery(jobs: Jobs, ref: StepRef) -> bool:
    job = await jobs.job(ref.job_id)
    return job is not None and job.kind is JobKind.DISCOVER and job.arguments == {"source": "test venue"}
