"""`candlewick backfill`: the past of some instruments, fetched by workers, or here if there are none."""

from __future__ import annotations

import asyncio
import re
import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from candlewick.cli.exit_codes import ExitCode
from candlewick.cli.instruments import key_of
from candlewick.cli.invocation import begun, run
from candlewick.cli.jobs import COLUMNS, fields, row
from candlewick.cli.output import AsJson, write_json, write_table
from candlewick.domain.errors import CandlewickError, EmptyWindow
from candlewick.domain.job import BackfillRequest, Job, JobId, JobStatus, WorkQueue
from candlewick.domain.market import DataKind, InstrumentKey
from candlewick.domain.time import Window
from candlewick.waiting import paused

if TYPE_CHECKING:
    from candlewick.settings import Settings
    from candlewick.wiring import Addresses, Services

LOOK: Final = timedelta(milliseconds=500)
"""How often the job's progress is read while a person waits."""
LOOK_FOR_WORKERS: Final = timedelta(seconds=5)
_DATE: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")


class KindName(StrEnum):
    """What is fetched, as one types it."""

    TRADES = "trades"
    CANDLES = "candles"
    QUOTES = "quotes"
    DAYS = "days"


def moment_of(text: str) -> datetime:
    """A year, a month, a day or a moment, in UTC: where it begins."""
    date = _DATE.fullmatch(text)
    try:
        if date:
            year, month, day = (int(part or 1) for part in date.groups())
            return datetime(year, month, day, tzinfo=UTC)
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(
            f"{text!r} is no time: {error}; write 2024, 2024-08, 2024-08-08 or …T12:00Z"
        ) from error


Instruments = Annotated[
    list[InstrumentKey],
    typer.Argument(metavar="VENUE:BASE-QUOTE…", parser=key_of, help="Whose past."),
]
From = Annotated[
    datetime,
    typer.Option("--from", metavar="TIME", parser=moment_of, help="2024, 2024-08, 2024-08-08 or a moment (UTC)."),
]
To = Annotated[
    datetime | None,
    typer.Option(
        "--to", metavar="TIME", parser=moment_of, help="The first moment that is not fetched; now without it."
    ),
]


def backfill(
    ctx: typer.Context,
    instruments: Instruments,
    start: From,
    end: To = None,
    kind: Annotated[
        KindName, typer.Option(help="Trades, the minute candles or days that the source publishes, or quotes.")
    ] = KindName.TRADES,
    key: Annotated[
        str | None, typer.Option("--key", help="Of a job that is made once, however often this is called.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Only make the job; workers do it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch the past: archives first, the rest page by page.

    It becomes a job in steps of a day or month, which workers do; if none is alive, this command does it. A job
    outlives its workers: what was stored stays, and doing it again stores nothing twice. Whole days come from the
    venue's archives, even if only a part of the day was asked for.

    \b
    Examples:
      candlewick backfill binance:BTC-USDT --from 2024-08-08 --to 2024-08-10
      candlewick backfill binance:BTC-USDT binance:ETH-USDT --from 2023 --to 2024-07 --kind candles
      candlewick backfill binance:BTC-USDT --from 2024-08 --detach --key nightly-2024-08
    """
    from candlewick.clock import SystemClock
    from candlewick.wiring import addresses

    try:
        window = Window(start, end or max(SystemClock().now(), start + timedelta(seconds=1)))
    except EmptyWindow as error:
        raise typer.BadParameter(str(error), param_hint="--from") from error
    wanted = tuple(dict.fromkeys(instruments))
    request = BackfillRequest(wanted, window, DataKind(kind.upper()), up_to_now=end is None)
    with begun(ctx) as settings, addresses(settings) as where:
        job = run(_backfill(settings, where, request, key, detach=detach, watched=not as_json))
    if as_json:
        write_json(fields(job))
    else:
        write_table(COLUMNS, [row(job)])
    if not detach and job.status is not JobStatus.SUCCEEDED:
        unfinished = (
            f"job {job.id} is not finished: workers go on with it, `candlewick jobs show {job.id}` tells how far"
        )
        typer.echo(f"candlewick: {(job.error or job.status) if job.status.finished else unfinished}", err=True)
        raise typer.Exit(ExitCode.FAILED)


async def _backfill(
    settings: Settings, where: Addresses, request: BackfillRequest, key: str | None, *, detach: bool, watched: bool
) -> Job:
    from candlewick.wiring import open_services

    async with open_services(settings, where, "backfill") as services:
        job = await services.backfills.submit(request, idempotency_key=key, requested_by="cli")
        if detach:
            return job
        return await _finish(settings, where, services, job.id, watched=watched)


async def _finish(settings: Settings, where: Addresses, services: Services, job_id: JobId, *, watched: bool) -> Job:
    """Wait for the job's end, and be the worker if there is none. Ctrl-C leaves it as it is then."""
    from candlewick.cli.stopping import stop_requested

    async with stop_requested() as stop, asyncio.TaskGroup() as group:
        group.create_task(_help_if_alone(settings, where, services, stop))
        watching = group.create_task(_watch(services, job_id, watched=watched))
        stopped = group.create_task(stop.wait())
        await asyncio.wait({watching, stopped}, return_when=asyncio.FIRST_COMPLETED)
        watching.cancel()
        stop.set()
    job = watching.result() if not watching.cancelled() else await services.jobs.job(job_id)
    assert job is not None  # noqa: S101  (it was made here)
    return job


async def _help_if_alone(settings: Settings, where: Addresses, services: Services, stop: asyncio.Event) -> None:
    """Be a worker as soon as no other looks into the queue."""
    from candlewick.jobs.queue import anyone_serves
    from candlewick.jobs.worker import run_worker
    from candlewick.settings import Duty

    while not stop.is_set():
        if not await anyone_serves(services.redis, WorkQueue.IO):
            assert where.redis is not None  # noqa: S101  (the services are open)
            duties = settings.worker.model_copy(update={"duties": f"{Duty.IO},{Duty.SETTLE}"})
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
