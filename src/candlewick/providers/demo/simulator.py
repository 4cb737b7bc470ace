"""The demo market as a venue: served as Binance serves its own."""

from __future__ import annotations

from typing import Final

from starlette.applications import Starlette

from candlewick.domain.errors import InvalidInput
from candlewick.ports import Clock
from candlewick.providers.binance.simulator import SimulatorOptions, create_simulator
from candlewick.providers.demo.market import demo_market
from candlewick.providers.provider import Simulated, Simulator

WEIGHT: Final = 2_000_000
"""A minute: a day of it comes within seconds."""


class FixedMarket(InvalidInput):
    """The demo market is what it is."""

    def __init__(self) -> None:
        super().__init__("the demo market has its own symbols and rates: leave out --symbols and --rate")


def _application(wanted: Simulated, clock: Clock) -> Starlette:
    if wanted.rate is not None or wanted.symbols is not None:
        raise FixedMarket
    options = SimulatorOptions(seed=wanted.seed, weight_per_minute=WEIGHT)
    return create_simulator([demo_market(wanted.seed)], clock, options)


SIMULATOR: Final = Simulator("the demo market", _application, {})
"""Nobody points anything at it by hand."""
