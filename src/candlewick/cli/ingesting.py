"""`candlewick ingest`: a source asked now, by workers, or here if there are none."""

from __future__ import annotations

from typing import Annotated

import typer

from candlewick.cli.attending import do_job, show_outcome
from candlewick.cli.instruments import key_of
from candlewick.cli.invocation import begun, run
from candlewick.cli.output import AsJson
from candlewick.domain.job import IngestRequest
from candlewick.domain.market import InstrumentKey


def ingest(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(help="The source's code, as `candlewick sources` shows it, or `all`.")],
    limit: Annotated[
        int | None, typer.Option(min=1, max=5000, help="So many of the largest, by market cap or volume.")
    ] = None,
    instruments: Annotated[
        list[InstrumentKey] | None,
        typer.Option("--instrument", metavar="VENUE:BASE-QUOTE", parser=key_of, help="This one; may be repeated."),
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Only make the job; workers do it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask a source now, whatever the schedule says.

    For quotes of its largest instruments, or of those that are named; of these also the trades of the last hour and the
    last days, where it has them. Without either it is what is watched, or the largest 100. Instruments that are not
    known are discovered first. It becomes a job with steps for each source; one source that fails stops no other.

    \b
    Examples:
      candlewick ingest coingecko --limit 250
      candlewick ingest kraken --instrument kraken:EUR-USD --instrument kraken:BTC-USD
      candlewick ingest all
    """
    from candlewick.wiring import addresses

    request = IngestRequest(None if source == "all" else source, limit, tuple(dict.fromkeys(instruments or ())))
    with begun(ctx) as settings, addresses(settings) as where:
        job = run(
            do_job(
                settings,
                where,
                "ingest",
                lambda services: services.ingests.submit(request, requested_by="cli"),
                detach=detach,
                watched=not as_json,
            )
        )
    show_outcome(job, detached=detach, as_json=as_json)
