"""The simulator as an application: everything built and put together."""

from __future__ import annotations

from typing import Final

from starlette.applications import Starlette

from candlewick.ports import Clock
from candlewick.providers.ecb.simulator.files import Files
from candlewick.providers.ecb.simulator.frankfurter import Frankfurter
from candlewick.providers.ecb.simulator.rates import Rates
from candlewick.providers.ecb.simulator.refusal import EcbWording, Refusal, refused
from candlewick.providers.simulation.app import Simulation
from candlewick.providers.simulation.coins import NoStreams
from candlewick.providers.simulation.faults import OF_REQUESTS, Fault
from candlewick.providers.simulation.options import SimulationOptions

FAULTS: Final = OF_REQUESTS | {Fault.SKEWED_CLOCK}
"""There are no trades, no streams and no checksums."""


def create_simulator(seed: int, clock: Clock) -> Starlette:
    """The bank and Frankfurter on one server, at `clock` now. Everything under /simulator is ours: faults."""
    parts = Simulation[None].of([], clock, SimulationOptions(seed=seed), lambda _: NoStreams())
    rates = Rates(seed, parts.exchange.now)
    return parts.application(
        [*Files(rates).routes(), *Frankfurter(rates).routes()],
        EcbWording(),
        exception_handlers={Refusal: refused, 404: refused},
        offered=FAULTS,
    )
