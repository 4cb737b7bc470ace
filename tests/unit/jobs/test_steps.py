"""One step of a job: done, tried again, given up, or taken over."""

# ruff: noqa: ARG002  (a fake takes what its port takes)

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from candlewick.domain.errors import (
    DatabaseFull,
    DatabaseUnavailable,
    LeaseLost,
    MalformedPayload,
    RateLimited,
    SourceRefused,
    SourceResting,
    SourceUnavailable,
)
from candlewick.domain.job import JobId, JobKind, Lease, Step, StepProgress, StepRef
from candlewick.jobs import holding
from candlewick.jobs.steps import MOST_FAILURES, StepRunner, backoff
from candlewick.pipeline.history import Report
from candlewick.ports import Outcome

REF = StepRef(JobId(4), 2, 1)
STEP = Step(REF, JobKind.BACKFILL, "a day", {}, Lease("job/4/2", 9), progress=StepProgress(0.5, stored=10))


class FakeJobs:
    """A JobStore and Leases of one step."""

    def __init__(self, step: Step | None = STEP) -> None:
        self.step = step
        self.calls: list[tuple[Any, ...]] = []
        self.lost = False
        self.away = False
        self.full = False

    async def claim(self, ref: StepRef, holder: str, duration: timedelta) -> Step | None:
        if self.full:
            raise DatabaseFull("No space left on device")
        return self.step

    async def report(self, lease: Lease, progress: StepProgress) -> None:
        self._check(lease)
        self.calls.append(("report", progress))

    async def complete(self, lease: Lease, progress: StepProgress) -> None:
        self._check(lease)
        self.calls.append(("complete", progress))

    async def put_off(self, lease: Lease, reason: str, wait: timedelta, *, failed: bool) -> None:
        self._check(lease)
        self.calls.append(("put_off", reason, wait, failed))

    async def fail(self, lease: Lease, reason: str) -> None:
        self._check(lease)
        self.calls.append(("fail", reason))

    async def renew(self, lease: Lease, duration: timedelta) -> bool:
        return not self.lost

    def _check(self, lease: Lease) -> None:
        if self.away:
            raise DatabaseUnavailable("db", "gone")
        if self.lost:
            raise LeaseLost(lease.name)


def runner(jobs: FakeJobs, work: Callable[[Step, Report], Any]) -> StepRunner:
    anything: Any = jobs
    return StepRunner(anything, anything, {JobKind.BACKFILL: work})


async def run(jobs: FakeJobs, error: BaseException | None = None) -> str:
    async def work(step: Step, report: Report) -> Outcome:
        if error is not None:
            raise error
        report(Outcome(stored=3), 0.7)
        return Outcome(stored=5, repeated=2, dead=1)

    return await runner(jobs, work).run(REF)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "BEAT", timedelta(milliseconds=5))


async def test_what_a_step_did_is_added_to_what_it_had_done_before() -> None:
    jobs = FakeJobs()

    assert await run(jobs) == "done"
    assert jobs.calls[-1] == ("complete", StepProgress(1.0, stored=15, repeated=2, dead=1))


async def test_a_step_that_another_worker_has_is_left_alone() -> None:
    jobs = FakeJobs(None)

    assert (await run(jobs), jobs.calls) == ("taken", [])


async def test_a_source_that_is_away_counts_and_is_tried_again() -> None:
    jobs = FakeJobs()

    assert await run(jobs, SourceUnavailable("binance", "cut")) == "put off"
    name, reason, wait, failed = jobs.calls[-1]
    assert (name, failed) == ("put_off", True)
    assert "cut" in reason
    assert timedelta(0) < wait <= timedelta(seconds=2)


async def test_a_database_that_is_away_does_not_count() -> None:
    jobs = FakeJobs(replace(STEP, failures=MOST_FAILURES))

    assert await run(jobs, DatabaseUnavailable("db", "gone")) == "put off"
    assert jobs.calls[-1][-1] is False


async def test_a_step_that_cannot_be_claimed_is_left_for_later() -> None:
    jobs = FakeJobs()
    jobs.full = True

    assert (await run(jobs), jobs.calls) == ("not recorded", [])


async def test_a_step_whose_end_cannot_be_recorded_is_left_to_its_lease() -> None:
    jobs = FakeJobs()

    async def work(step: Step, report: Report) -> Outcome:
        jobs.away = True
        return Outcome(stored=5)

    assert await runner(jobs, work).run(REF) == "not recorded"


async def test_after_too_many_failures_it_is_given_up() -> None:
    jobs = FakeJobs(replace(STEP, failures=MOST_FAILURES - 1))

    assert await run(jobs, SourceUnavailable("binance", "cut")) == "failed"
    assert jobs.calls[-1][0] == "fail"


@pytest.mark.parametrize(
    "error", [SourceRefused("binance", 400, "Invalid symbol."), MalformedPayload("binance", "/trades", "no list")]
)
async def test_what_a_retry_cannot_mend_fails_at_once_with_its_reason(error: Exception) -> None:
    jobs = FakeJobs()

    assert await run(jobs, error) == "failed"
    assert [call for call in jobs.calls if call[0] != "report"] == [("fail", str(error))]


async def test_a_fault_of_ours_fails_the_step_and_leaves_its_traceback_to_the_log() -> None:
    jobs = FakeJobs()

    assert await run(jobs, ZeroDivisionError("secret details")) == "failed"
    assert "secret" not in jobs.calls[-1][1]


async def test_a_worker_that_stops_gives_its_step_back() -> None:
    jobs, begun = FakeJobs(), asyncio.Event()

    async def endless(step: Step, report: Report) -> Outcome:
        begun.set()
        await asyncio.Event().wait()
        return Outcome()

    task = asyncio.create_task(runner(jobs, endless).run(REF))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert jobs.calls[-1] == ("put_off", "its worker stopped", timedelta(), False)


async def test_a_step_that_was_taken_over_ends_and_writes_nothing() -> None:
    jobs, ended = FakeJobs(), asyncio.Event()

    async def endless(step: Step, report: Report) -> Outcome:
        jobs.lost = True
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return Outcome()

    assert await runner(jobs, endless).run(REF) == "lost"
    assert ended.is_set()
    assert not [call for call in jobs.calls if call[0] != "report"]


async def test_a_database_that_is_away_during_a_heartbeat_does_not_end_the_step() -> None:
    jobs, seen = FakeJobs(), asyncio.Event()

    async def patient(step: Step, report: Report) -> Outcome:
        jobs.away = True
        await asyncio.sleep(0.05)
        jobs.away = False
        seen.set()
        return Outcome(stored=1)

    assert await runner(jobs, patient).run(REF) == "done"
    assert seen.is_set()


async def test_progress_is_written_down_while_the_step_goes_on() -> None:
    jobs = FakeJobs()

    async def slow(step: Step, report: Report) -> Outcome:
        report(Outcome(stored=3), 0.7)
        while not jobs.calls:  # noqa: ASYNC110  (the heartbeat is a task of its own)
            await asyncio.sleep(0.001)
        return Outcome(stored=5)

    await runner(jobs, slow).run(REF)

    assert jobs.calls[0] == ("report", StepProgress(0.7, stored=13))


@pytest.mark.parametrize("error", [RateLimited("binance", "too many", 1), SourceResting("binance", "it failed", 1)])
async def test_a_source_that_was_not_asked_does_not_count(error: Exception) -> None:
    jobs = FakeJobs(replace(STEP, failures=MOST_FAILURES))

    assert await run(jobs, error) == "put off"
    assert jobs.calls[-1][-1] is False


async def test_what_took_too_long_is_tried_again_and_counts() -> None:
    jobs = FakeJobs()

    assert await run(jobs, TimeoutError()) == "put off"
    assert jobs.calls[-1][-1] is True


async def test_waits_grow_with_the_attempts_too() -> None:
    jobs = FakeJobs(replace(STEP, ref=replace(REF, attempt=12)))

    await run(jobs, DatabaseUnavailable("db", "gone"))

    assert timedelta(seconds=5) <= jobs.calls[-1][2] <= timedelta(seconds=10)


def test_waits_double_up_to_a_bound_and_are_spread() -> None:
    error = SourceUnavailable("binance", "cut")

    waits = [backoff(failures, error) for failures in range(12)]

    assert timedelta(seconds=1) <= waits[0] <= timedelta(seconds=2)
    assert timedelta(seconds=8) <= waits[3] <= timedelta(seconds=16)
    assert max(waits) <= timedelta(minutes=5)
    assert len({backoff(5, error) for _ in range(20)}) > 1


def test_a_source_is_not_asked_before_it_said() -> None:
    assert backoff(0, RateLimited("binance", "too many", retry_after=90)) >= timedelta(seconds=90)


def test_a_service_of_ours_is_not_waited_for_long_whatever_failed_before() -> None:
    assert max(backoff(failures, DatabaseUnavailable("db", "gone")) for failures in range(12)) <= timedelta(seconds=10)
