"""The simulator as an application: everything built and put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware

from candlewick.ports import Clock
from candlewick.providers.coinbase.simulator.dialogue import Streams
from candlewick.providers.coinbase.simulator.feed import CoinbaseFeed
from candlewick.providers.coinbase.simulator.limiting import Buckets, Limited
from candlewick.providers.coinbase.simulator.options import SimulatorOptions
from candlewick.providers.coinbase.simulator.refusal import CoinbaseWording, Refusal
from candlewick.providers.coinbase.simulator.rest import Rest, refused
from candlewick.providers.simulation.app import Simulation
from candlewick.providers.simulation.exchange import NotListed, NumberedMarket
from candlewick.providers.simulation.faults import Fault

FAULTS: Final = frozenset(Fault) - {Fault.BANNED, Fault.CORRUPT_ARCHIVE, Fault.SERVER_SHUTDOWN}
"""Coinbase has no archives, announces no end, and has no other word than 429 for whom it does not want."""


def create_simulator(
    markets: Sequence[NumberedMarket], clock: Clock, options: SimulatorOptions | None = None
) -> Starlette:
    """A server of these markets, which are at `clock` now. The feed, at /, needs its lifespan.

    Everything under /simulator is ours: faults and the ledger.
    """
    limits = options or SimulatorOptions()
    parts = Simulation.of(markets, clock, limits, lambda exchange: CoinbaseFeed(exchange, limits))
    return parts.application(
        [*Streams(parts.exchange, parts.sockets).routes(), *Rest(parts.exchange, parts.ledger, limits).routes()],
        CoinbaseWording(),
        exception_handlers={Refusal: refused, NotListed: refused, 404: refused},
        middleware=[Middleware(Limited, buckets=Buckets(limits, clock))],
        offered=FAULTS,
    )
