"""`candlewick backfill`: the past of some instruments, fetched by workers, or here if there are none."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

import typer

from candlewick.cli.attending import do_job, show_outcome
from candlewick.cli.instruments import key_of
from candlewick.cli.invocation import begun, run
from candlewick.cli.output import AsJson
from candlewick.domain.errors import EmptyWindow
from candlewick.domain.job import BackfillRequest
from candlewick.domain.market import DataKind, InstrumentKey
from candlewick.domain.time import Window

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
        job = run(
            do_job(
                settings,
                where,
                "backfill",
                lambda services: services.backfills.submit(request, idempotency_key=key, requested_by="cli"),
                detach=detach,
                watched=not as_json,
            )
        )
    show_outcome(job, detached=detach, as_json=as_json)
