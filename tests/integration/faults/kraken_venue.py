"""A simulated Kraken on a socket that breaks on demand, and the real adapters that ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Final

import httpx

from candlewick.domain.market import InstrumentKey
from candlewick.ports import Clock
from candlewick.providers.http import Bounds, ProviderHttp
from candlewick.providers.kraken.directory import KrakenDirectory
from candlewick.providers.kraken.history import KrakenCandles, KrakenTrades
from candlewick.providers.kraken.listing import SINCE, VENUE, list_instrument
from candlewick.providers.kraken.quotes import KrakenQuotes
from candlewick.providers.kraken.rest import objection
from candlewick.providers.kraken.simulator import SimulatorOptions, create_simulator
from candlewick.providers.kraken.stream import KrakenStream
from candlewick.providers.provider import Source
from candlewick.providers.simulation.exchange import NumberedMarket
from candlewick.providers.steady_market import SteadilyTraded, SteadyMarket
from candlewick.providers.websocket import StreamBounds
from integration.faults.venue import PATIENCE, Venue
from simulated import serving
from source_doubles import Budget, Pauses

_NUMBER = count(1)
OPTIONS: Final = SimulatorOptions(counter_limit=1_000_000, heartbeat=timedelta(milliseconds=100))


def kraken_market(rate: int) -> SteadyMarket:
    """So many trades a second, of an instrument that no other test has."""
    listing = list_instrument(InstrumentKey(VENUE, f"STEADY{next(_NUMBER)}", "USD"))
    shape = SteadilyTraded(listing, Decimal(61_000), Decimal("0.1"), Decimal("0.00001"), 400)
    return SteadyMarket(VENUE, [shape], rate=rate, seed=5)


@asynccontextmanager
async def open_kraken(
    market: NumberedMarket, clock: Clock, silence: timedelta, *, quotes: bool = False
) -> AsyncIterator[Venue]:
    """See `open_venue`."""
    budget, connections = Budget(), Budget()
    async with (
        serving(create_simulator([market], clock, OPTIONS)) as address,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=30) as admin,
    ):
        rest = ProviderHttp(
            VENUE, f"http://{address}", budget, clock,
            bounds=Bounds(total=PATIENCE), objection=objection, pause=Pauses(),
        )  # fmt: skip
        bounds = StreamBounds(opening=PATIENCE, silence=silence)
        source = Source(
            source=VENUE,
            since=SINCE,
            trades=KrakenTrades(rest),
            candles=KrakenCandles(rest, clock),
            directory=KrakenDirectory(rest),
            stream=KrakenStream(f"ws://{address}", connections, clock, bounds, quotes=quotes),
            quotes=KrakenQuotes(rest, clock),
            statuses=rest.circuits,
        )
        try:
            yield Venue(market, clock, admin, rest, source, budget, connections)
        finally:
            await rest.aclose()
