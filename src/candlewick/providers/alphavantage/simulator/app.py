"""The simulator as an application: everything built and put together."""

from __future__ import annotations

from typing import Final

from starlette.applications import Starlette

from candlewick.ports import Clock
from candlewick.providers.alphavantage.simulator.markets import Prices
from candlewick.providers.alphavantage.simulator.options import SimulatorOptions
from candlewick.providers.alphavantage.simulator.refusal import AlphaVantageWording, Refusal, refused
from candlewick.providers.alphavantage.simulator.rest import Rest
from candlewick.providers.simulation.app import Simulation
from candlewick.providers.simulation.coins import NoStreams
from candlewick.providers.simulation.faults import OF_REQUESTS, Fault

FAULTS: Final = OF_REQUESTS | {Fault.SKEWED_CLOCK}
"""There are no trades, no streams and no archives."""


def create_simulator(clock: Clock, options: SimulatorOptions | None = None) -> Starlette:
    """A server that is at `clock` now. Everything under /simulator is ours: faults."""
    limits = options or SimulatorOptions()
    parts = Simulation[None].of([], clock, limits, lambda _: NoStreams())
    return parts.application(
        Rest(Prices(limits.seed, parts.exchange.now), limits).routes(),
        AlphaVantageWording(),
        exception_handlers={Refusal: refused},
        offered=FAULTS,
    )
