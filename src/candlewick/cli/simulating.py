"""`candlewick simulate`: a Binance that is made up, to try Candlewick against."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from candlewick.cli.invocation import begun, run
from candlewick.cli.output import say
from candlewick.cli.processes import WithParent
from candlewick.domain.errors import PortInUse, ServiceError, SettingsError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from candlewick.providers.binance.simulator import NumberedMarket

_STOP_SECONDS = 1
DEMO_WEIGHT = 2_000_000


class SimulatedMarket(StrEnum):
    """Whose symbols are served."""

    BINANCE = "binance"
    DEMO = "demo"


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
    market: Annotated[SimulatedMarket, typer.Option(hidden=True, help="Whose symbols to serve.")] = (
        SimulatedMarket.BINANCE
    ),
    with_parent: WithParent = False,
) -> None:
    """Serve made-up trades as Binance would.

    REST, websocket streams and archive files in Binance's formats, and faults on request: for tests and demos, not
    for others to reach. Prints the settings that point Candlewick at it. It stops at Ctrl-C and SIGTERM.

    \b
    Examples:
      candlewick simulate
      candlewick simulate --port 9200 --seed 7 --symbols BTCUSDT,ETHUSDT
      candlewick simulate --symbols BTCUSDT --rate 500
    """
    from candlewick.clock import SystemClock
    from candlewick.providers.binance.simulator import SimulatorOptions, create_simulator

    with begun(ctx):
        made = _market(market, seed, rate, symbols)
        options = SimulatorOptions(seed=seed)
        if market is SimulatedMarket.DEMO:  # a day of it comes within seconds
            options = replace(options, weight_per_minute=DEMO_WEIGHT)
        app = create_simulator([made], SystemClock(), options)
        with _bound(host, port) as listener:
            run(_serve(app, host, listener, market, with_parent=with_parent))


def _market(market: SimulatedMarket, seed: int, rate: int | None, symbols: str | None) -> NumberedMarket:
    from candlewick.providers.binance.simulator.markets import CHARACTERS, lively_market, steady_market
    from candlewick.providers.demo.market import demo_market

    if market is SimulatedMarket.DEMO:
        if rate is not None or symbols is not None:
            raise typer.BadParameter("the demo market has its own symbols and rates", param_hint="--market")
        return demo_market(seed)
    names = [name.strip() for name in (symbols or ",".join(CHARACTERS)).split(",") if name.strip()]
    unknown = [name for name in names if name not in CHARACTERS]
    if unknown or not names:
        known = ", ".join(CHARACTERS)
        raise typer.BadParameter(
            f"{', '.join(unknown) or 'none'} cannot be simulated; there are {known}", param_hint="--symbols"
        )
    return lively_market(seed, names) if rate is None else steady_market(seed, rate, names)


def _bound(host: str, port: int) -> socket.socket:
    from candlewick.cli.listening import bind

    try:
        return bind(host, port)
    except PortInUse as exc:
        raise SimulatorPortInUse(host, port) from exc
    except SettingsError as exc:
        raise typer.BadParameter(f"{host!r} with port {port} cannot be listened on", param_hint="--host") from exc


async def _serve(
    app: ASGIApp, host: str, listener: socket.socket, market: SimulatedMarket, *, with_parent: bool
) -> None:
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
        _announce(host, listener, market)
        stopped = group.create_task(stop.wait())
        await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        stopped.cancel()


def _announce(host: str, listener: socket.socket, market: SimulatedMarket) -> None:
    """Say where it is, what it is, and how to use it."""
    from candlewick.cli.listening import url_of
    from candlewick.settings import HttpSettings

    base = url_of(HttpSettings(host=host, port=listener.getsockname()[1])).rstrip("/")
    if market is SimulatedMarket.DEMO:  # nobody points anything at it by hand
        say(f"simulating the demo market at {base}")
        return
    say("All prices are made up: nothing here is real. To point Candlewick at it:")
    say(f"  CANDLEWICK_SOURCES__BINANCE__REST_URL={base}")
    say(f"  CANDLEWICK_SOURCES__BINANCE__ARCHIVE_URL={base}")
    say(f"  CANDLEWICK_SOURCES__BINANCE__STREAM_URL={base.replace('http', 'ws', 1)}")
    say(f"simulating Binance at {base}")
