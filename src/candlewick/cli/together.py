"""`candlewick up` and `candlewick demo`: all of it on this machine, in one command."""

from __future__ import annotations

from typing import Annotated

import typer

from candlewick.cli.invocation import begun, run
from candlewick.cli.output import say
from candlewick.cli.processes import Host, Port, given

MADE_UP = "All prices are made up by a market model: nothing here is real."


def up(ctx: typer.Context, host: Host = None, port: Port = None) -> None:
    """Run everything on this machine, without a feed.

    That is: database, Redis, migrations, server and worker. A database and a Redis that the settings name are used;
    otherwise private ones run in the data folder.
    Ctrl-C stops it all.

    \b
    Examples:
      candlewick up
      candlewick up --port 8080
    """
    from candlewick.cli.listening import bind
    from candlewick.cli.machine import run_machine
    from candlewick.wiring import addresses

    with begun(ctx, http=given(host=host, port=port)) as settings:
        bind(settings.http.host, settings.http.port).close()
        with addresses(settings) as where:
            run(run_machine(settings, where, debug=ctx.obj.debug))


def demo(
    ctx: typer.Context,
    host: Host = None,
    port: Port = None,
    seed: Annotated[int, typer.Option(help="Another number, another market; the same number, the same.")] = 1,
    days: Annotated[float, typer.Option(min=0, max=366, help="Days of history before now.")] = 1,
    seconds: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", min=0, help="Stop so long after being ready.")
    ] = None,
) -> None:
    """Run everything, fed with made-up trades.

    A simulator serves a market model as a venue would: a job fetches some history, then the trades are taken live.
    Prints `ready: URL` once the history is in and the server is ready. Ctrl-C stops it all; the data stays.

    \b
    Examples:
      candlewick demo
      candlewick demo --port 8080 --seed 7 --days 3
      candlewick demo --for 30        for a script
    """
    from candlewick.cli.demo_market import DemoMarket
    from candlewick.cli.listening import bind, free_port
    from candlewick.cli.machine import run_machine
    from candlewick.wiring import addresses

    market = DemoMarket(seed, days, free_port())
    with begun(ctx, http=given(host=host, port=port), **market.settings()) as settings:
        bind(settings.http.host, settings.http.port).close()
        say(MADE_UP)
        with addresses(settings) as where:
            run(run_machine(settings, where, market, seconds=seconds, debug=ctx.obj.debug))
