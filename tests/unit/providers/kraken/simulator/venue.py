"""A simulated Kraken on a clock that stands still, and our own adapters asking it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal

import httpx

from candlewick.domain.market import Instrument, InstrumentKey, InstrumentStatus
from candlewick.ports import Listing
from candlewick.providers.kraken.listing import VENUE, list_instrument
from candlewick.providers.kraken.simulator import SimulatorOptions, create_simulator
from candlewick.providers.market_model import MarketModel, Traded
from candlewick.providers.simulation.exchange import NumberedMarket
from markets import FrozenClock
from simulated import NOW
from unit.providers.kraken.wire import BTC

OPTIONS = SimulatorOptions(counter_limit=1_000_000)


def listing(key: str) -> Listing:
    return list_instrument(InstrumentKey.parse(key))


def small_market(seed: int = 5) -> MarketModel:
    """Few trades a day, in bursts that share a moment: BTC/USD, EUR/USD and, halted, OLD/USD."""
    btc = Traded(
        listing("kraken:BTC-USD"), Decimal(61_000), Decimal("0.1"), Decimal("0.00001"),
        trades_a_day=9_000, daily_volatility=0.03, typical_lots=400,
    )  # fmt: skip
    eur = replace(btc, listing=listing("kraken:EUR-USD"), price=Decimal("1.09"), tick=Decimal("0.00001"))
    old = replace(btc, listing=replace(listing("kraken:OLD-USD"), status=InstrumentStatus.HALTED), trades_a_day=500)
    return MarketModel(VENUE, [btc, eur, old], seed)


MARKET = small_market()


def instrument(symbol: str = "BTC/USD") -> Instrument:
    base, _, quote = symbol.partition("/")
    return replace(BTC, key=InstrumentKey(VENUE, base, quote), symbol=symbol)


@asynccontextmanager
async def asking(
    market: NumberedMarket = MARKET, clock: FrozenClock | None = None, options: SimulatorOptions = OPTIONS
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a simulator that needs no socket."""
    app = create_simulator([market], clock or FrozenClock(NOW), options)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulator", timeout=30) as client,
    ):
        yield client
