"""A simulated Coinbase on a socket that breaks on demand, and the real adapters that ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from typing import Final

import httpx

from candlewick.ports import Clock
from candlewick.providers.coinbase.directory import CoinbaseDirectory, CoinbaseQuotes
from candlewick.providers.coinbase.history import CoinbaseCandles, CoinbaseTrades
from candlewick.providers.coinbase.listing import SINCE, VENUE
from candlewick.providers.coinbase.reader import CoinbaseReader
from candlewick.providers.coinbase.simulator import SimulatorOptions, create_simulator
from candlewick.providers.coinbase.stream import CoinbaseStream
from candlewick.providers.http import Bounds, ProviderHttp
from candlewick.providers.provider import Source
from candlewick.providers.simulation.exchange import NumberedMarket
from candlewick.providers.steady_market import SteadyMarket
from candlewick.providers.websocket import StreamBounds
from coinbase_simulated import load_market
from integration.faults.venue import PATIENCE, Venue
from simulated import serving
from source_doubles import Budget, Pauses

_NUMBER = count(1)
OPTIONS: Final = SimulatorOptions(requests_per_second=1_000, burst=1_000_000, heartbeat=timedelta(milliseconds=100))


def coinbase_market(rate: int) -> SteadyMarket:
    """So many trades a second, of an instrument that no other test has."""
    return load_market(rate, [f"STEADY{next(_NUMBER)}"])


@asynccontextmanager
async def open_coinbase(
    market: NumberedMarket, clock: Clock, silence: timedelta, *, quotes: bool = False
) -> AsyncIterator[Venue]:
    """See `open_venue`."""
    budget, connections = Budget(), Budget()
    async with (
        serving(create_simulator([market], clock, OPTIONS)) as address,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=30) as admin,
    ):
        rest = ProviderHttp(
            VENUE, f"http://{address}", budget, clock, bounds=Bounds(total=PATIENCE), pause=Pauses()
        )  # fmt: skip
        bounds = StreamBounds(opening=PATIENCE, silence=silence)
        source = Source(
            source=VENUE,
            since=SINCE,
            trades=CoinbaseTrades(rest),
            candles=CoinbaseCandles(rest),
            directory=CoinbaseDirectory(rest),
            stream=CoinbaseStream(VENUE, f"ws://{address}", connections, clock, bounds, quotes=quotes),
            quotes=CoinbaseQuotes(rest),
            reader=CoinbaseReader(),
            statuses=rest.circuits,
        )
        try:
            yield Venue(market, clock, admin, rest, source, budget, connections)
        finally:
            await rest.aclose()
