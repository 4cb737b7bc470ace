"""`candlewick simulate`: a venue that is made up, to try Candlewick against."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from candlewick.cli.invocation import begun, run
from candlewick.cli.output import say
from candlewick.cli.processes import WithParent
from candlewick.domain.errors import PortInUse, ServiceError, SettingsError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from candlewick.providers.provider import Simulator

_STOP_SECONDS = 1


class SimulatorPortInUse(ServiceError):
    """Another program listens where the simulator should."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"port {port} of {host} is in use: stop what listens there, or give another with --port")
        self.host, self.port = host, port


def simulate(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 for any that is free.")] = 9100,
    seed: Annotated[int, typer.Option(min=0, help="Another number, other prices; the same number, the same.")] = 1,
    rate: Annotated[
        int | None,
        typer.Option(min=1, max=1_000_000, metavar="TRADES", help="Trades a second of each symbol, evenly; for load."),
    ] = None,
    symbols: Annotated[
        str | None, typer.Option(metavar="SYMBOL,…", help="Only these, for example BTCUSDT,ETHUSDT.")
    ] = None,
    market: Annotated[str, typer.Option(metavar="VENUE", help="The venue to simulate, by its code.")] = "binance",
    with_parent: WithParent = False,
) -> None:
    """Serve made-up trades as a venue would.

    REST, websocket streams and archive files in the venue's formats, and faults on request: for tests and demos, not
    for others to reach. Prints the settings that point Candlewick at it. It stops at Ctrl-C and SIGTERM.

    \b
    Examples:
      candlewick simulate
      candlewick simulate --port 9200 --seed 7 --symbols BTCUSDT,ETHUSDT
      candlewick simulate --symbols BTCUSDT --rate 500
    """
    from candlewick.clock import SystemClock
    from candlewick.domain.errors import InvalidInput
    from candlewick.providers.provider import Simulated

    with begun(ctx):
        simulator = _simulator(market)
        try:
            app = simulator.application(Simulated(seed, rate, _names(symbols)), SystemClock())
        except InvalidInput as exc:
            raise typer.BadParameter(str(exc)) from exc
        with _bound(host, port) as listener:
            announce = partial(_announce, host, listener, market, simulator)
            run(_serve(app, listener, announce, with_parent=with_parent))


def _simulator(market: str) -> Simulator:
    from candlewick.providers.registry import providers

    offered = {provider.code: provider.simulator for provider in providers() if provider.simulator}
    if market not in offered:
        raise typer.BadParameter(
            f"{market!r} cannot be simulated; there are {', '.join(offered)}", param_hint="--market"
        )
    return offered[market]()


def _names(symbols: str | None) -> list[str] | None:
    return None if symbols is None else [name.strip() for name in symbols.split(",") if name.strip()]


def _bound(host: str, port: int) -> socket.socket:
    from candlewick.cli.listening import bind

    try:
        return bind(host, port)
    except PortInUse as exc:
        raise SimulatorPortInUse(host, port) from exc
    except SettingsError as exc:
        raise typer.BadParameter(f"{host!r} with port {port} cannot be listened on", param_hint="--host") from exc


async def _serve(app: ASGIApp, listener: socket.socket, announce: Callable[[], None], *, with_parent: bool) -> None:
    import uvicorn

    from candlewick.cli.listening import Server
    from candlewick.cli.stopping import stop_requested

    configuration = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
        ws="websockets-sansio",
        ws_ping_interval=20,
        ws_ping_timeout=60,
        ws_per_message_deflate=False,
    )
    server = Server(configuration)
    async with stop_requested(with_parent=with_parent) as stop, asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve(sockets=[listener]))
        listener.listen()  # uvicorn does so later, and whoever reads the announcement connects at once
        announce()
        stopped = group.create_task(stop.wait())
        await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        stopped.cancel()


def _announce(host: str, listener: socket.socket, market: str, simulator: Simulator) -> None:
    """Say where it is, what it is, and how to use it."""
    from candlewick.cli.listening import url_of
    from candlewick.settings import HttpSettings

    base = url_of(HttpSettings(host=host, port=listener.getsockname()[1])).rstrip("/")
    if simulator.settings:
        say("All prices are made up: nothing here is real. To point Candlewick at it:")
    for name, scheme in simulator.settings.items():
        say(f"  CANDLEWICK_SOURCES__{market.upper()}__{name}={base.replace('http', scheme, 1)}")
    say(f"simulating {simulator.title} at {base}")
