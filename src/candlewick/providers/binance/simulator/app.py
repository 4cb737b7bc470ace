"""The simulator as an application: everything built and put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware

from candlewick.ports import Clock
from candlewick.providers.binance.simulator.admin import Admin
from candlewick.providers.binance.simulator.archive import Archive
from candlewick.providers.binance.simulator.emitter import Emitter
from candlewick.providers.binance.simulator.exchange import Exchange, NumberedMarket
from candlewick.providers.binance.simulator.faults import Faults
from candlewick.providers.binance.simulator.injection import Struck
from candlewick.providers.binance.simulator.ledger import Ledger
from candlewick.providers.binance.simulator.limiting import Weighed
from candlewick.providers.binance.simulator.options import SimulatorOptions
from candlewick.providers.binance.simulator.refusal import Refusal
from candlewick.providers.binance.simulator.rest import Rest, refused
from candlewick.providers.binance.simulator.shelf import Shelf
from candlewick.providers.binance.simulator.streams import Streams
from candlewick.providers.binance.simulator.weights import Weights


def create_simulator(
    markets: Sequence[NumberedMarket], clock: Clock, options: SimulatorOptions | None = None
) -> Starlette:
    """A server of these markets, which are at `clock` now. Streams and archives need its lifespan.

    REST, archives and streams share one address, and are told apart by their paths. Everything under /simulator is
    ours: faults and the ledger.
    """
    options = options or SimulatorOptions()
    faults, ledger = Faults(options.seed), Ledger()
    exchange = Exchange(markets, clock, faults.gone, faults.skew)
    emitter = Emitter(exchange, faults, options)
    archive = Archive(exchange, faults, options)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with archive.opened():
            async with asyncio.TaskGroup() as group:
                emitting = group.create_task(emitter.run())
                yield
                emitting.cancel()

    return Starlette(
        routes=[
            *Rest(exchange, ledger, options.weight_per_minute).routes(),
            *Shelf(archive, faults, ledger).routes(),
            *Streams(emitter, faults, ledger, options).routes(),
            *Admin(exchange, faults, ledger, emitter).routes(),
        ],
        lifespan=lifespan,
        exception_handlers={Refusal: refused},
        middleware=[
            Middleware(Struck, faults=faults),
            Middleware(Weighed, weights=Weights(options, clock), weight_per_minute=options.weight_per_minute),
        ],
    )
