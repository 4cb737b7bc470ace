"""A simulated Binance for tests: on a clock that stands still, or behind a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import uvicorn
from starlette.applications import Starlette

from candlewick.domain.market import AssetClass, InstrumentKey, InstrumentStatus, Tape
from candlewick.ports import Clock, Listing
from candlewick.providers.binance.simulator import SimulatorOptions, create_simulator
from candlewick.providers.market_model import MarketModel, Traded
from candlewick.providers.simulation.exchange import NumberedMarket
from candlewick.providers.steady_market import SteadilyTraded, SteadyMarket

NOW = datetime(2025, 3, 5, 14, 30, 17, 250_000, tzinfo=UTC)
DAY = datetime(2025, 3, 4, tzinfo=UTC)
OPTIONS = SimulatorOptions()


def listing(base: str, quote: str = "USDT", status: InstrumentStatus = InstrumentStatus.TRADING) -> Listing:
    key = InstrumentKey("binance", base, quote)
    return Listing(key, base + quote, Tape.TRADES, AssetClass.CRYPTO, AssetClass.CRYPTO, "Binance", status)


def small_market(seed: int = 5) -> MarketModel:
    """Few trades a day, so that whole days are cheap: BTCUSDT and, not trading any more, OLDUSDT."""
    shape = Traded(
        listing("BTC"), Decimal(61_000), Decimal("0.01"), Decimal("0.00001"),
        trades_a_day=4_000, daily_volatility=0.03, typical_lots=400,
    )  # fmt: skip
    old = replace(shape, listing=listing("OLD", status=InstrumentStatus.DELISTED), trades_a_day=500)
    return MarketModel("binance", [shape, old], seed)


def load_market(rate: int = 100, bases: Sequence[str] = ("BTC",)) -> SteadyMarket:
    """So many trades a second of each symbol."""
    traded = [
        SteadilyTraded(listing(base), Decimal(61_000), Decimal("0.01"), Decimal("0.00001"), 400) for base in bases
    ]
    return SteadyMarket("binance", traded, rate=rate, seed=5)


@asynccontextmanager
async def asking(
    market: NumberedMarket, clock: Clock, options: SimulatorOptions = OPTIONS
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a simulator that needs no socket. It has no streams."""
    app = create_simulator([market], clock, options)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://simulator", timeout=30) as client,
    ):
        yield client


class _Server(uvicorn.Server):
    """Signals are for the tests' own process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[str]:
    """The application behind a socket of this machine: `127.0.0.1:PORT`."""
    configuration = uvicorn.Config(
        app, log_config=None, access_log=False, ws="websockets-sansio", ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = _Server(configuration)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running
