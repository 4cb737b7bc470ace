"""What may be put into the queues. Each is thin: it takes what it needs from the context and calls a use case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final, assert_never

import structlog

from candlewick.domain.job import JobKind, Step
from candlewick.domain.time import Window
from candlewick.jobs.dispatch import step_ref
from candlewick.jobs.steps import StepRunner
from candlewick.pipeline.discovery import discover, discovery_of
from candlewick.pipeline.history import Report
from candlewick.ports import Outcome
from candlewick.wiring import Services

log = structlog.get_logger(__name__)

CHANGES_KEPT: Final = timedelta(days=1)
"""How long it is remembered when values of kept indicators changed: who follows them looks all the time."""
SERIES_KEPT: Final = timedelta(days=7)
"""How long a series stays that nobody keeps any more: the settings may change back."""

type TaskContext = dict[Any, Any]
"""What arq hands to each task: our `services`, beside its own `job_id` and `job_try`."""


type Task = Callable[[TaskContext], Awaitable[int]]


async def run_step(ctx: TaskContext, job_id: int, number: int, attempt: int, queue: str) -> str:
    """Do a step of a job, unless another worker has it."""
    services: Services = ctx["services"]
    work = dict.fromkeys(JobKind, partial(_work, services))
    return await StepRunner(services.jobs, services.leases, work).run(step_ref(job_id, number, attempt, queue))


async def _work(services: Services, step: Step, report: Report) -> Outcome:  # noqa: PLR0911 (one for each kind)
    match step.kind:
        case JobKind.BACKFILL:
            return await services.backfills.run(step, report)
        case JobKind.DISCOVER:
            return await _discover(services, step, report)
        case JobKind.REPAIR:
            return await services.repairs.run(step, report)
        case JobKind.REPLAY:
            return await services.replays.jobs.run(step, report)
        case JobKind.VERIFY:
            return await services.verification.step(step, report)
        case JobKind.IMPORT:
            return await services.imports.run(step, report)
        case JobKind.INGEST:
            return await services.ingests.run(step, report)
        case JobKind.BUILD_BARS:
            return await services.bar_building.run(step, report)
        case JobKind.BACKTEST:
            return await services.backtesting.step(step, report)
        case _:
            assert_never(step.kind)


async def _discover(services: Services, step: Step, report: Report) -> Outcome:
    source = step.arguments["source"]
    watched = [each.key for each in await services.watching.all() if each.key.venue == source]
    listed = await discover(services.sources[source], services.import_stores, watched)
    outcome = Outcome(stored=listed.added + listed.changed, repeated=listed.unchanged)
    report(outcome, 1.0)
    return outcome


async def submit_discoveries(ctx: TaskContext) -> int:
    """Make a job of asking each watched venue for its list, unless the last such job is not through yet."""
    services: Services = ctx["services"]
    venues = await services.watched_venues()
    for venue in venues:
        await services.jobs.submit(discovery_of(venue, "schedule"))
    return len(venues)


async def submit_repairs(ctx: TaskContext) -> int:
    """Make a job for each instrument that has gaps to repair now, unless the last such job is not through yet."""
    services: Services = ctx["services"]
    return await services.repairs.submit()


async def keep_calendars(ctx: TaskContext) -> int:
    """Take over the calendars of venues that have sessions, unless they are known far enough ahead."""
    services: Services = ctx["services"]
    return await services.calendar_keeping.refresh()


async def submit_verification(ctx: TaskContext) -> int:
    """Make a job of comparing yesterday's candles of what is watched with the venues' own; how many they are."""
    services: Services = ctx["services"]
    midnight = services.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    yesterday = Window(midnight - timedelta(days=1), midnight)
    job = await services.verification.submit(await services.watching.keys(), yesterday, requested_by="schedule")
    return job.progress.steps


async def report_dirt(ctx: TaskContext) -> int:
    """Log how much of the candle tree waits to be settled: reads fold that much from minutes."""
    services: Services = ctx["services"]
    minutes = await services.candles.dirty_minutes()
    log.info("candle_tree_dirt", minutes=minutes)
    return minutes


async def prune_payloads(ctx: TaskContext) -> int:
    """Delete what sources said so long ago that nobody will read it again."""
    services: Services = ctx["services"]
    deleted = await services.raw.prune(services.clock.now() - services.raw_kept_for)
    log.info("payloads_pruned", deleted=deleted)
    return deleted


async def prune_indicators(ctx: TaskContext) -> int:
    """Delete series of indicators that nobody keeps any more."""
    services: Services = ctx["services"]
    deleted = await services.kept.prune(CHANGES_KEPT, SERIES_KEPT)
    log.info("kept_indicators_pruned", deleted=deleted)
    return deleted


TASKS: list[Any] = [
    run_step,
    submit_discoveries,
    submit_repairs,
    submit_verification,
    keep_calendars,
    report_dirt,
    prune_payloads,
    prune_indicators,
]
