"""The simulator as the registry offers it."""

from __future__ import annotations

from typing import Final

from starlette.applications import Starlette

from candlewick.ports import Clock
from candlewick.providers.coingecko.listing import VENUE_NAME
from candlewick.providers.coingecko.simulator.app import create_simulator
from candlewick.providers.coingecko.simulator.coins import REPERTOIRE
from candlewick.providers.coingecko.simulator.options import SimulatorOptions
from candlewick.providers.provider import Simulated, Simulator


def _application(wanted: Simulated, clock: Clock) -> Starlette:
    market = REPERTOIRE.market(wanted.seed, wanted.rate, wanted.symbols)
    return create_simulator([market], clock, SimulatorOptions(seed=wanted.seed))


SIMULATOR: Final = Simulator(VENUE_NAME, _application, {"REST_URL": "http"})
