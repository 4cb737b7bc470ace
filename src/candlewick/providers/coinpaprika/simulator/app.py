"""The simulator as an application: everything built and put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware

from candlewick.ports import Clock
from candlewick.providers.coinpaprika.simulator.coins import BITCOIN, COINS
from candlewick.providers.coinpaprika.simulator.options import SimulatorOptions
from candlewick.providers.coinpaprika.simulator.refusal import CoinPaprikaWording, Refusal, limited, refused
from candlewick.providers.coinpaprika.simulator.rest import Rest
from candlewick.providers.simulation.app import Simulation
from candlewick.providers.simulation.coins import NoStreams, Observatory
from candlewick.providers.simulation.exchange import NumberedMarket
from candlewick.providers.simulation.faults import OF_REQUESTS, Fault
from candlewick.providers.simulation.per_minute import PerMinute

FAULTS: Final = OF_REQUESTS | {Fault.SKEWED_CLOCK}
"""It has neither streams nor archives, and says nothing of single trades."""


def create_simulator(
    markets: Sequence[NumberedMarket], clock: Clock, options: SimulatorOptions | None = None
) -> Starlette:
    """A server of these markets, which are at `clock` now. Everything under /simulator is ours: faults."""
    limits = options or SimulatorOptions()
    parts = Simulation[None].of(markets, clock, limits, lambda _: NoStreams())
    return parts.application(
        Rest(Observatory(parts.exchange, COINS, BITCOIN), limits).routes(),
        CoinPaprikaWording(),
        exception_handlers={Refusal: refused, 404: refused},
        middleware=[Middleware(PerMinute, limit=limits.requests_per_minute, clock=clock, refusal=limited)],
        offered=FAULTS,
    )
