"""The simulator as an application: everything built and put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware

from candlewick.ports import Clock
from candlewick.providers.kraken.simulator.dialogue import Streams
from candlewick.providers.kraken.simulator.feed import KrakenFeed
from candlewick.providers.kraken.simulator.limiting import Counters, Limited
from candlewick.providers.kraken.simulator.options import SimulatorOptions
from candlewick.providers.kraken.simulator.pairs import Pairs
from candlewick.providers.kraken.simulator.refusal import KrakenWording, Refusal
from candlewick.providers.kraken.simulator.rest import Rest, refused
from candlewick.providers.simulation.app import Simulation
from candlewick.providers.simulation.exchange import NotListed, NumberedMarket
from candlewick.providers.simulation.faults import Fault

FAULTS: Final = frozenset(Fault) - {Fault.CORRUPT_ARCHIVE}
"""Kraken has no archives that can be had by a program."""


def create_simulator(
    markets: Sequence[NumberedMarket], clock: Clock, options: SimulatorOptions | None = None
) -> Starlette:
    """A server of these markets, which are at `clock` now. The websocket, at /v2, needs its lifespan.

    Everything under /simulator is ours: faults and the ledger.
    """
    limits = options or SimulatorOptions()
    parts = Simulation.of(markets, clock, limits, lambda exchange: KrakenFeed(exchange, limits))
    pairs = Pairs(parts.exchange)
    return parts.application(
        [
            *Streams(parts.exchange, pairs, parts.sockets, limits).routes(),
            *Rest(parts.exchange, pairs, parts.ledger).routes(),
        ],
        KrakenWording(),
        exception_handlers={Refusal: refused, NotListed: refused},
        middleware=[Middleware(Limited, counters=Counters(limits, clock))],
        offered=FAULTS,
    )
