"""One step of a job, from its claim to its end: what is stored of it, what is tried again, what is given up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import uniform
from typing import Final

import structlog

from candlewick.domain.errors import (
    CandlewickError,
    LeaseLost,
    RateLimited,
    ServiceError,
    SourceResting,
    SourceUnavailable,
    TimedOut,
)
from candlewick.domain.job import JobKind, Step, StepProgress, StepRef
from candlewick.jobs.holding import HOLDER, LEASE, while_held
from candlewick.pipeline.history import Report
from candlewick.ports import JobStore, Leases, Outcome

log = structlog.get_logger(__name__)

MOST_FAILURES: Final = 8
"""After so many failures that seemed worth a retry, a step is given up."""
FIRST_WAIT: Final = timedelta(seconds=2)
LONGEST_WAIT: Final = timedelta(minutes=5)
LONGEST_WAIT_FOR_OURS: Final = timedelta(seconds=10)
"""However often the step failed before: a service of ours that is back is to be used."""

Work = Callable[[Step, Report], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class StepRunner:
    """Runs steps of the kinds that it has work for."""

    jobs: JobStore
    leases: Leases
    work: Mapping[JobKind, Work]

    async def run(self, ref: StepRef) -> str:
        """Claim the step and do it; in a word, what became of it. Another worker may have it: then nothing happens."""
        with structlog.contextvars.bound_contextvars(job=ref.job_id, step_number=ref.number):
            try:
                step = await self.jobs.claim(ref, HOLDER, LEASE)
                if step is None:
                    return "taken"
                with structlog.contextvars.bound_contextvars(step=step.subject):
                    return await self._do(step)
            except LeaseLost:
                log.warning("step_lost")
                return "lost"
            except ServiceError as error:  # it is due again: at once, or when its lease has run out
                log.warning("step_not_recorded", reason=str(error))
                return "not recorded"

    async def _do(self, step: Step) -> str:
        reached = _Reached(step.progress)

        async def renew() -> bool:
            await self.jobs.report(step.lease, reached.progress)
            return await self.leases.renew(step.lease, LEASE)

        try:
            outcome = await while_held(step.lease, renew, self._work(step, reached))
        except asyncio.CancelledError:
            await asyncio.shield(self._put_off(step, reached, "its worker stopped", timedelta(), failed=False))
            raise
        except LeaseLost:
            raise
        except CandlewickError as error:
            return await self._failed(step, reached, error)
        except TimeoutError:
            return await self._failed(step, reached, TimedOut(step.subject))
        except Exception as error:
            log.exception("step_broke")
            await self.jobs.fail(
                step.lease, f"unexpected {type(error).__name__}; the log has it under job {step.ref.job_id}"
            )
            return "failed"
        reached(outcome, 1.0)
        await self.jobs.complete(step.lease, reached.progress)
        log.debug("step_done", stored=outcome.stored, repeated=outcome.repeated, dead=outcome.dead)
        return "done"

    async def _work(self, step: Step, report: Report) -> Outcome:
        return await self.work[step.kind](step, report)

    async def _failed(self, step: Step, reached: _Reached, error: CandlewickError) -> str:
        """Try again if the error's class says so, and it does not count or has not happened too often."""
        counts = _counts(error)
        if not error.retryable or (counts and step.failures + 1 >= MOST_FAILURES):
            log.error("step_failed", reason=str(error))
            await self._write_down(step, reached)
            await self.jobs.fail(step.lease, str(error))
            return "failed"
        wait = backoff(max(step.failures, step.ref.attempt - 1), error)
        log.warning("step_put_off", reason=str(error), seconds=wait.total_seconds())
        await self._put_off(step, reached, str(error), wait, failed=counts)
        return "put off"

    async def _put_off(self, step: Step, reached: _Reached, reason: str, wait: timedelta, *, failed: bool) -> None:
        try:
            await self._write_down(step, reached)
            await self.jobs.put_off(step.lease, reason, wait, failed=failed)
        except CandlewickError as error:  # its lease runs out, and it is done again then
            log.warning("step_not_put_off", reason=str(error))

    async def _write_down(self, step: Step, reached: _Reached) -> None:
        """What was stored since the last heartbeat counts too: the next attempt adds to what is written down."""
        if reached.progress != step.progress:
            await self.jobs.report(step.lease, reached.progress)


class _Reached:
    """The newest report of a step, for the next heartbeat to write down."""

    def __init__(self, progress: StepProgress) -> None:
        self._before = progress
        self.progress = progress

    def __call__(self, outcome: Outcome, part: float) -> None:
        self.progress = StepProgress(
            part=part,
            stored=self._before.stored + outcome.stored,
            repeated=outcome.repeated,
            dead=outcome.dead,
        )


def backoff(tries: int, error: CandlewickError) -> timedelta:
    """How long to wait: twice as long each time, with full jitter, and as long as the source asked for."""
    longest = min(FIRST_WAIT * 2 ** min(tries, 16), LONGEST_WAIT_FOR_OURS if _is_ours(error) else LONGEST_WAIT)
    wait: timedelta = longest * uniform(0.5, 1)  # noqa: S311
    asked = error.retry_after if isinstance(error, SourceUnavailable) else None
    return max(wait, timedelta(seconds=asked)) if asked else wait


def _counts(error: CandlewickError) -> bool:
    """Whether it counts against the step: not if a service of ours is away, nor if the source was not asked at all."""
    return not _is_ours(error) and not isinstance(error, RateLimited | SourceResting)


def _is_ours(error: CandlewickError) -> bool:
    """Whether it is a service of ours that did not do its part."""
    return isinstance(error, ServiceError) and not isinstance(error, SourceUnavailable | TimedOut)
