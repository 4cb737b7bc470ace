"""`candlewick replay`: what is kept of sources, read again into the same rows."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from candlewick.cli.backfilling import moment_of
from candlewick.cli.instruments import key_of
from candlewick.cli.invocation import begun, run
from candlewick.cli.jobs import COLUMNS, fields, row
from candlewick.cli.output import AsJson, write_json, write_table
from candlewick.domain.errors import EmptyWindow
from candlewick.domain.job import Job
from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import EPOCH, Window

if TYPE_CHECKING:
    from candlewick.domain.raw import KeptPayload
    from candlewick.pipeline.redelivery import Replayed
    from candlewick.pipeline.replay import ReplayRequest
    from candlewick.settings import Settings
    from candlewick.wiring import Addresses

Sources = Annotated[
    list[str] | None, typer.Option("--source", metavar="CODE", help="Only of this source; may be repeated.")
]
Instruments = Annotated[
    list[InstrumentKey] | None,
    typer.Option(
        "--instrument", metavar="VENUE:BASE-QUOTE", parser=key_of, help="Only rows of this one; may be repeated."
    ),
]
From = Annotated[
    datetime | None,
    typer.Option("--from", metavar="TIME", parser=moment_of, help="Only what was received from then on."),
]
To = Annotated[
    datetime | None, typer.Option("--to", metavar="TIME", parser=moment_of, help="Only what was received before.")
]


def replay(
    ctx: typer.Context,
    sources: Sources = None,
    instruments: Instruments = None,
    start: From = None,
    end: To = None,
    detach: Annotated[bool, typer.Option("--detach", help="Only make a job of it; workers do it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read what is kept of sources again, into the same rows.

    Answers, messages of streams and archive files, in the order in which they came. What is here already is counted as
    repeated, what is missing is stored, with the time at which it was received. Nobody is asked for anything.

    Left out is what was not wanted of a payload when it came, what an archive file corrected since, and rows of
    instruments that are not known. rows = stored + repeated + dead + refused + left out.

    \b
    Examples:
      candlewick replay
      candlewick replay --source binance --from 2024-08-08 --to 2024-08-09
      candlewick replay --instrument binance:BTC-USDT --detach
    """
    from candlewick.pipeline.replay import ReplayRequest
    from candlewick.wiring import addresses

    request = ReplayRequest(tuple(sources or ()), _window(start, end), tuple(instruments or ()))
    with begun(ctx) as settings, addresses(settings, redis=False) as where:
        if detach:
            job = run(_submit(settings, where, request))
            write_json(fields(job)) if as_json else write_table(COLUMNS, [row(job)])
            return
        done = run(_replay(settings, where, request, watched=not as_json and sys.stderr.isatty()))
    if as_json:
        write_json(_fields(done))
    else:
        write_table(tuple(_fields(done)), [tuple(f"{number:,}" for number in _fields(done).values())])


def _window(start: datetime | None, end: datetime | None) -> Window | None:
    if start is None and end is None:
        return None
    try:
        return Window(start or EPOCH, end or datetime.max.replace(tzinfo=UTC))
    except EmptyWindow as error:
        raise typer.BadParameter(str(error), param_hint="--from") from error


async def _replay(settings: Settings, where: Addresses, request: ReplayRequest, *, watched: bool) -> Replayed:
    from candlewick.cli.progress import progress_bars
    from candlewick.wiring import open_replays, open_stores

    async with open_stores(settings, where, "replay") as stores, open_replays(settings, stores) as replays:
        with progress_bars(visible=watched) as bars:
            bar = bars.add_task("payloads", total=None)

            def tell(done: Replayed, _: KeptPayload | None) -> None:
                bars.update(bar, completed=done.payloads)

            return await replays.replay.run(request, tell)


async def _submit(settings: Settings, where: Addresses, request: ReplayRequest) -> Job:
    from candlewick.wiring import open_replays, open_stores

    async with open_stores(settings, where, "replay") as stores, open_replays(settings, stores) as replays:
        return await replays.jobs.submit(request, requested_by="cli")


def _fields(done: Replayed) -> dict[str, Any]:
    return {
        "payloads": done.payloads,
        "files": done.files,
        "rows": done.rows,
        **asdict(done.outcome),
        "left_out": done.left_out,
    }
