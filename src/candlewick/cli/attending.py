"""Jobs that a command made, until they are done: workers do them, or the command itself if there are none."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import typer

from candlewick.cli.exit_codes import ExitCode
from candlewick.cli.jobs import COLUMNS, fields, row
from candlewick.cli.output import write_json, write_table
from candlewick.domain.errors import CandlewickError
from candlewick.domain.job import Job, JobId, JobStatus, WorkQueue
from candlewick.waiting import paused

if TYPE_CHECKING:
    from candlewick.settings import Settings
    from candlewick.wiring import Addresses, Services

LOOK: Final = timedelta(milliseconds=500)
"""How often the job's progress is read while a person waits."""
LOOK_FOR_WORKERS: Final = timedelta(seconds=5)


def show_outcome(job: Job, *, detached: bool, as_json: bool) -> None:
    """Write how it stands with the job, and end the command with the code that says so."""
    if as_json:
        write_json(fields(job))
    else:
        write_table(COLUMNS, [row(job)])
    if not detached and job.status is not JobStatus.SUCCEEDED:
        unfinished = (
            f"job {job.id} is not finished: workers go on with it, `candlewick jobs show {job.id}` tells how far"
        )
        typer.echo(f"candlewick: {(job.error or job.status) if job.status.finished else unfinished}", err=True)
        raise typer.Exit(ExitCode.FAILED)


async def do_job(
    settings: Settings,
    where: Addresses,
    command: str,
    submit: Callable[[Services], Awaitable[Job]],
    *,
    detach: bool,
    watched: bool,
    queue: WorkQueue = WorkQueue.IO,
) -> Job:
    """Make a job, and wait for its end unless it is detached."""
    from candlewick.wiring import open_services

    async with open_services(settings, where, command) as services:
        job = await submit(services)
        return job if detach else await _finish(settings, where, services, job.id, watched=watched, queue=queue)


async def _finish(
    settings: Settings, where: Addresses, services: Services, job_id: JobId, *, watched: bool, queue: WorkQueue
) -> Job:
    """Wait for the job's end, and be the worker if there is none. Ctrl-C leaves it as it is then."""
    from candlewick.cli.stopping import stop_requested

    async with stop_requested() as stop, asyncio.TaskGroup() as group:
        group.create_task(_help_if_alone(settings, where, services, queue, stop))
        watching = group.create_task(_watch(services, job_id, watched=watched))
        stopped = group.create_task(stop.wait())
        await asyncio.wait({watching, stopped}, return_when=asyncio.FIRST_COMPLETED)
        watching.cancel()
        stop.set()
    job = watching.result() if not watching.cancelled() else await services.jobs.job(job_id)
    assert job is not None  # noqa: S101  (it was made here)
    return job


async def _help_if_alone(
    settings: Settings, where: Addresses, services: Services, queue: WorkQueue, stop: asyncio.Event
) -> None:
    """Be a worker as soon as no other looks into the queue."""
    from candlewick.jobs.queue import anyone_serves
    from candlewick.jobs.worker import run_worker
    from candlewick.settings import Duty

    while not stop.is_set():
        if not await anyone_serves(services.redis, queue):
            assert where.redis is not None  # noqa: S101  (the services are open)
            duties = settings.worker.model_copy(update={"duties": f"{Duty(queue)},{Duty.SETTLE}"})
            await run_worker(services, where.redis, settings.model_copy(update={"worker": duties}), stop)
            return
        await paused(stop, LOOK_FOR_WORKERS)


async def _watch(services: Services, job_id: JobId, *, watched: bool) -> Job:
    """Wait for the job's end, with a bar while a person watches."""
    from candlewick.cli.progress import job_bar

    with job_bar(visible=watched and sys.stderr.isatty()) as show:
        while True:
            job = await _read(services, job_id)
            if job is not None:
                show(job)
                if job.status.finished:
                    return job
            await asyncio.sleep(LOOK.total_seconds())


async def _read(services: Services, job_id: JobId) -> Job | None:
    """The job; None while the database is away, which the workers wait for as well."""
    try:
        return await services.jobs.job(job_id)
    except CandlewickError as error:
        if not error.retryable:
            raise
        return None
