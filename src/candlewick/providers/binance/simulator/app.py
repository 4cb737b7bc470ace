"""The simulator as an application: everything built and put together."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware

from candlewick.ports import Clock
from candlewick.providers.binance.simulator.archive import Archive
from candlewick.providers.binance.simulator.limiting import Weighed
from candlewick.providers.binance.simulator.options import SimulatorOptions
from candlewick.providers.binance.simulator.parcels import BinanceFeed
from candlewick.providers.binance.simulator.refusal import BinanceWording, Refusal
from candlewick.providers.binance.simulator.rest import Rest, refused
from candlewick.providers.binance.simulator.shelf import Shelf
from candlewick.providers.binance.simulator.streams import Streams
from candlewick.providers.binance.simulator.weights import Weights
from candlewick.providers.simulation.app import Simulation
from candlewick.providers.simulation.exchange import NotListed, NumberedMarket


def create_simulator(
    markets: Sequence[NumberedMarket], clock: Clock, options: SimulatorOptions | None = None
) -> Starlette:
    """A server of these markets, which are at `clock` now. Streams and archives need its lifespan.

    REST, archives and streams share one address, and are told apart by their paths. Everything under /simulator is
    ours: faults and the ledger.
    """
    limits = options or SimulatorOptions()
    parts = Simulation.of(markets, clock, limits, lambda exchange: BinanceFeed(exchange, limits))
    archive = Archive(parts.exchange, parts.faults, limits)
    return parts.application(
        [
            *Rest(parts.exchange, parts.ledger, limits.weight_per_minute).routes(),
            *Shelf(archive, parts.faults, parts.ledger).routes(),
            *Streams(parts.sockets).routes(),
        ],
        BinanceWording(),
        exception_handlers={Refusal: refused, NotListed: refused},
        middleware=[
            Middleware(Weighed, weights=Weights(limits, clock), weight_per_minute=limits.weight_per_minute),
        ],
        opened=archive.opened,
    )
