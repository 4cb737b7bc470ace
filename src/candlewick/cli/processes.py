"""`candlewick serve` and `candlewick worker`: the two processes that a deployment runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from candlewick.cli.exit_codes import ExitCode
from candlewick.cli.invocation import begun, run
from candlewick.cli.output import say

if TYPE_CHECKING:
    from candlewick.settings import Settings
    from candlewick.wiring import Addresses

Host = Annotated[str | None, typer.Option(help="The address to listen on, instead of the setting's.")]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="The port to listen on, instead of the setting's.")]
WithParent = Annotated[bool, typer.Option("--with-parent", hidden=True, help="Stop when stdin closes.")]


def serve(ctx: typer.Context, host: Host = None, port: Port = None, with_parent: WithParent = False) -> None:
    """Serve the API.

    It stops at Ctrl-C and SIGTERM, when requests in flight have ended. Beyond this machine, reading needs an API key
    unless CANDLEWICK_HTTP__ANONYMOUS says otherwise.

    \b
    Examples:
      candlewick serve
      candlewick serve --host 0.0.0.0 --port 80
    """
    from candlewick.cli.listening import bind
    from candlewick.cli.server import serve_api
    from candlewick.wiring import addresses

    with begun(ctx, http=given(host=host, port=port)) as settings:
        listener = bind(settings.http.host, settings.http.port)
        with listener, addresses(settings) as where:
            run(serve_api(settings, where, listener, with_parent=with_parent))


def given(**arguments: object) -> dict[str, object]:
    """The arguments that have a value: these win over the settings."""
    return {name: value for name, value in arguments.items() if value is not None}


def worker(
    ctx: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether a worker of this machine is alive; for health checks.")
    ] = False,
    only: Annotated[
        str | None,
        typer.Option(
            "--only",
            metavar="DUTIES",
            help="Of settle, io, cpu, live, relay, keep and indicators, with commas between.",
        ),
    ] = None,
    with_parent: WithParent = False,
) -> None:
    """Keep candles settled and indicators ready, run jobs, take trades live, tell what was committed, answer questions.

    Any number of workers share these duties, on any number of machines.

    It stops at Ctrl-C and SIGTERM, when the work in flight is done.

    \b
    Examples:
      candlewick worker
      candlewick worker --only live,relay
      candlewick worker --check && echo alive
    """
    from candlewick.wiring import addresses

    with begun(ctx, worker=given(duties=only)) as settings, addresses(settings) as where:
        if check:
            _check(where)
        else:
            run(_work(settings, where, with_parent=with_parent))


async def _work(settings: Settings, where: Addresses, *, with_parent: bool) -> None:
    from candlewick.cli.stopping import stop_requested
    from candlewick.jobs.worker import run_worker
    from candlewick.wiring import await_services

    async with (
        stop_requested(with_parent=with_parent) as stop,
        await_services(settings, where, "worker", stop) as services,
    ):
        assert where.redis is not None  # noqa: S101  (the services are open)
        await run_worker(services, where.redis, settings, stop)


def _check(where: Addresses) -> None:
    if not run(_is_alive(where)):
        typer.echo("candlewick: no worker of this machine is alive", err=True)
        raise typer.Exit(ExitCode.UNAVAILABLE)
    say("A worker of this machine is alive.")


async def _is_alive(where: Addresses) -> bool:
    from candlewick.jobs.queue import worker_is_alive
    from candlewick.wiring import open_redis

    assert where.redis is not None  # noqa: S101  (asked for)
    async with open_redis(where.redis) as redis:
        return await worker_is_alive(redis)
