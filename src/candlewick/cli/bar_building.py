"""`candlewick build-bars`: event bars of stored trades, built by workers, or here if there are none."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated

import typer

from candlewick.cli.attending import do_job, show_outcome
from candlewick.cli.backfilling import moment_of
from candlewick.cli.instruments import key_of
from candlewick.cli.invocation import begun, run
from candlewick.cli.output import AsJson
from candlewick.domain.bar import BarMeasure, BarRule, EventBarSpec, Expectation
from candlewick.domain.bar_series import BuildBarsRequest
from candlewick.domain.errors import EmptyWindow, InvalidBarSpec
from candlewick.domain.job import WorkQueue
from candlewick.domain.market import InstrumentKey


class MeasureName(StrEnum):
    """What is counted, as one types it."""

    TICK = "tick"
    VOLUME = "volume"
    VALUE = "value"


class RuleName(StrEnum):
    """When a bar is full, as one types it."""

    THRESHOLD = "threshold"
    IMBALANCE = "imbalance"
    RUNS = "runs"


def number_of(text: str) -> Decimal:
    """An exact number."""
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise typer.BadParameter(f"{text!r} is no number: write 100 or 0.5") from error


def build_bars(
    ctx: typer.Context,
    instruments: Annotated[
        list[InstrumentKey], typer.Argument(metavar="VENUE:BASE-QUOTE…", parser=key_of, help="Whose bars.")
    ],
    *,
    measure: Annotated[MeasureName, typer.Option(help="What of a trade is counted.")],
    threshold: Annotated[
        Decimal,
        typer.Option(metavar="NUMBER", parser=number_of, help="How much fills a bar: trades, base or quote units."),
    ],
    rule: Annotated[RuleName, typer.Option(help="When a bar is full.")] = RuleName.THRESHOLD,
    split: Annotated[bool, typer.Option("--split", help="Cut trades that overfill a bar.")] = False,
    span: Annotated[
        int | None,
        typer.Option(help="Let the threshold of imbalance or runs bars follow the market, by means over so many bars."),
    ] = None,
    fewest: Annotated[int, typer.Option(help="Trades that a bar is expected to have at the least, with --span.")] = 10,
    most: Annotated[int, typer.Option(help="And at the most.")] = 100_000,
    start: Annotated[
        datetime | None,
        typer.Option("--from", metavar="TIME", parser=moment_of, help="Where the first bar begins (UTC)."),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option("--to", metavar="TIME", parser=moment_of, help="Where they end; without it they are carried on."),
    ] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew if such bars are here.")] = False,
    key: Annotated[
        str | None, typer.Option("--key", help="Of a job that is made once, however often this is called.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Only make the job; workers do it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build event bars of the trades that are here.

    Each instrument's are built in the order of its trades, several instruments side by side. From then on workers carry
    them on as trades come, late ones included; the API serves them with `candles(spec: {event: …})`. Doing it again
    goes on where the bars end.

    \b
    Examples:
      candlewick build-bars binance:BTC-USDT --measure volume --threshold 100
      candlewick build-bars binance:BTC-USDT binance:ETH-USDT --measure tick --threshold 500 --from 2024-08
      candlewick build-bars kraken:BTC-USD --measure value --threshold 1000000 --rule imbalance --span 20
    """
    from candlewick.wiring import addresses

    try:
        expectation = None if span is None else Expectation(span, fewest, most)
        spec = EventBarSpec(BarMeasure(measure.upper()), threshold, BarRule(rule.upper()), split, expectation)
        request = BuildBarsRequest(tuple(dict.fromkeys(instruments)), spec, start, end, restart)
    except (InvalidBarSpec, EmptyWindow) as error:
        raise typer.BadParameter(str(error)) from error
    with begun(ctx) as settings, addresses(settings) as where:
        job = run(
            do_job(
                settings,
                where,
                "build-bars",
                lambda services: services.bar_building.submit(request, idempotency_key=key, requested_by="cli"),
                detach=detach,
                watched=not as_json,
                queue=WorkQueue.CPU,
            )
        )
    show_outcome(job, detached=detach, as_json=as_json)
