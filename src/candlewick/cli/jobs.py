"""`candlewick jobs`: what workers do, did and could not do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from candlewick.cli.exit_codes import ExitCode
from candlewick.cli.invocation import begun, run
from candlewick.cli.output import AsJson, say, write_json, write_table
from candlewick.clock import SystemClock
from candlewick.domain.errors import UnknownJob
from candlewick.domain.job import Job, JobFilter, JobId, JobStatus

if TYPE_CHECKING:
    from candlewick.ports import JobStore

COLUMNS: Final = ("job", "kind", "status", "done", "stored", "created", "about")
"""Of a table of jobs: what `row` gives."""

jobs = typer.Typer(help="List, show, cancel and retry jobs.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(min=1, help="The job's number, as `candlewick jobs list` shows it.")]


class StatusName(StrEnum):
    """The states of a job as one types them."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@jobs.command("list")
def list_jobs(
    ctx: typer.Context,
    status: Annotated[StatusName | None, typer.Option(help="Only those.")] = None,
    first: Annotated[int, typer.Option(min=1, max=500, help="How many, the newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List jobs, the newest first.

    \b
    Examples:
      candlewick jobs list
      candlewick jobs list --status failed --json
    """
    where = JobFilter(status=JobStatus(status.upper()) if status else None)
    page = with_jobs(ctx, lambda store: store.jobs(where, first, None))
    if as_json:
        write_json([fields(job) for job in page.rows])
    elif page.rows:
        write_table(COLUMNS, [row(job) for job in page.rows])
    else:
        say("There are no such jobs. `candlewick backfill` makes one.")


@jobs.command("show")
def show(ctx: typer.Context, number: Number, as_json: AsJson = False) -> None:
    """Show one job: how far it got, how fast, and what went wrong.

    \b
    Examples:
      candlewick jobs show 7
      candlewick jobs show 7 --json
    """

    async def find(store: JobStore) -> Job:
        job = await store.job(JobId(number))
        if job is None:
            raise UnknownJob(number)
        return job

    job = with_jobs(ctx, find)
    if as_json:
        write_json(fields(job))
        return
    for name, value in fields(job).items():
        if value is not None:
            say(f"{name + ':':<12} {value}")
    if job.status is JobStatus.FAILED:
        raise typer.Exit(ExitCode.FAILED)


@jobs.command("cancel")
def cancel(ctx: typer.Context, number: Number) -> None:
    """Cancel a job: nothing of it is done from now on, what it stored stays.

    \b
    Examples:
      candlewick jobs cancel 7
    """
    with_jobs(ctx, lambda store: store.cancel(JobId(number)))
    say(f"Job {number} is cancelled.")


@jobs.command("retry")
def retry(ctx: typer.Context, number: Number) -> None:
    """Do what failed of a job again, or go on with a cancelled one.

    \b
    Examples:
      candlewick jobs retry 7
    """
    with_jobs(ctx, lambda store: store.retry(JobId(number)))
    say(f"Job {number} is queued again.")


def with_jobs[T](ctx: typer.Context, use: Callable[[JobStore], Awaitable[T]]) -> T:
    """Open the store, use it once, close it."""
    from candlewick.wiring import addresses, open_stores

    with begun(ctx) as settings, addresses(settings, redis=False) as where:

        async def once() -> T:
            async with open_stores(settings, where, "jobs") as stores:
                return await use(stores.jobs)

        return run(once())


def row(job: Job) -> tuple[object, ...]:
    """For a table."""
    progress = job.progress
    done = f"{progress.part:.0%} ({progress.done}/{progress.steps})"
    created = f"{job.created_at:%Y-%m-%d %H:%M:%S}"
    return (job.id, job.kind.lower(), job.status.lower(), done, f"{progress.stored:,}", created, about(job))


def about(job: Job) -> str:
    """What it is about, in short."""
    arguments = job.arguments
    names = arguments.get("instruments") or arguments.get("sources") or [arguments.get("source", "")]
    window = arguments.get("window")
    span = f" {window[0][:16]} to {window[1][:16] if window[1] else 'its making'}" if window else ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(str, names[:3])) + more + span


def fields(job: Job) -> dict[str, Any]:
    """For JSON, and line by line."""
    now = SystemClock().now()
    rate, left = job.rate(now), job.time_left(now)
    progress = job.progress
    return {
        "job": job.id,
        "kind": job.kind.lower(),
        "status": job.status.lower(),
        "about": about(job),
        "part": round(progress.part, 4),
        "steps": progress.steps,
        "done": progress.done,
        "failed": progress.failed,
        "running": progress.running,
        "stored": progress.stored,
        "repeated": progress.repeated,
        "dead": progress.dead,
        "rate": None if rate is None else round(rate, 1),
        "seconds_left": _seconds(left),
        "created": _moment(job.created_at),
        "started": _moment(job.started_at),
        "finished": _moment(job.finished_at),
        "requested_by": job.requested_by,
        "key": job.idempotency_key,
        "error": job.error,
    }


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else round(span.total_seconds())


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
