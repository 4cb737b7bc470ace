"""The simulator as the registry offers it."""

from __future__ import annotations

from typing import Final

from starlette.applications import Starlette

from candlewick.ports import Clock
from candlewick.providers.alphavantage.listing import VENUE, VENUE_NAME
from candlewick.providers.alphavantage.simulator.app import create_simulator
from candlewick.providers.alphavantage.simulator.options import SimulatorOptions
from candlewick.providers.provider import Simulated, Simulator
from candlewick.providers.simulation.daily import NoTrades


def _application(wanted: Simulated, clock: Clock) -> Starlette:
    if wanted.rate is not None or wanted.symbols is not None:
        raise NoTrades(VENUE)
    return create_simulator(clock, SimulatorOptions(seed=wanted.seed))


SIMULATOR: Final = Simulator(VENUE_NAME, _application, {"REST_URL": "http"})
