"""A simulated Coinbase for tests, asked without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal

import httpx

from candlewick.domain.market import (
    AssetClass,
    AssetId,
    Instrument,
    InstrumentId,
    InstrumentKey,
    InstrumentStatus,
    Tape,
    VenueId,
)
from candlewick.ports import Clock, Listing
from candlewick.providers.coinbase.listing import list_instrument
from candlewick.providers.coinbase.simulator import SimulatorOptions, create_simulator
from candlewick.providers.http import ProviderHttp
from candlewick.providers.market_model import MarketModel, Traded
from candlewick.providers.simulation.exchange import NumberedMarket
from candlewick.providers.steady_market import SteadilyTraded, SteadyMarket
from source_doubles import Budget, Pauses

PATIENT = SimulatorOptions(requests_per_second=1_000, burst=100_000)
BTC = InstrumentKey("coinbase", "BTC", "USD")


def listing(base: str, status: InstrumentStatus = InstrumentStatus.TRADING) -> Listing:
    return replace(list_instrument(InstrumentKey("coinbase", base, "USD")), status=status)


def small_market(seed: int = 5) -> MarketModel:
    """Few trades a day: BTC-USD and, not trading any more, OLD-USD."""
    shape = Traded(
        listing("BTC"), Decimal(61_000), Decimal("0.01"), Decimal("0.00000001"),
        trades_a_day=4_000, daily_volatility=0.03, typical_lots=400_000,
    )  # fmt: skip
    old = replace(shape, listing=listing("OLD", InstrumentStatus.DELISTED), trades_a_day=500)
    return MarketModel("coinbase", [shape, old], seed)


def load_market(rate: int = 100, bases: Sequence[str] = ("BTC",)) -> SteadyMarket:
    """So many trades a second of each product."""
    traded = [
        SteadilyTraded(listing(base), Decimal(61_000), Decimal("0.01"), Decimal("0.00000001"), 400_000)
        for base in bases
    ]
    return SteadyMarket("coinbase", traded, rate=rate, seed=5)


def instrument(base: str = "BTC") -> Instrument:
    """An instrument of Coinbase."""
    key = InstrumentKey("coinbase", base, "USD")
    return Instrument(
        id=InstrumentId(1), key=key, symbol=f"{base}-USD", venue_id=VenueId(1), base_id=AssetId(1), quote_id=AssetId(2),
        asset_class=AssetClass.CRYPTO, tape=Tape.TRADES, status=InstrumentStatus.TRADING,
    )  # fmt: skip


@dataclass
class Asked:
    """A client of the simulator, and what it asked."""

    http: ProviderHttp
    admin: httpx.AsyncClient
    budget: Budget
    urls: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.urls)


@asynccontextmanager
async def asking(market: NumberedMarket, clock: Clock, options: SimulatorOptions = PATIENT) -> AsyncIterator[Asked]:
    """Without a socket, and without the feed."""
    app = create_simulator([market], clock, options)
    budget, urls = Budget(), list[str]()
    transport = _Noting(app, urls)
    http = ProviderHttp("coinbase", "http://simulator", budget, clock, transport=transport, pause=Pauses())
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulator", timeout=30) as admin,
    ):
        try:
            yield Asked(http, admin, budget, urls)
        finally:
            await http.aclose()


class _Noting(httpx.ASGITransport):
    """Notes what was asked."""

    def __init__(self, app: object, urls: list[str]) -> None:
        super().__init__(app)  # type: ignore[arg-type]
        self._urls = urls

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._urls.append(request.url.raw_path.decode())
        return await super().handle_async_request(request)
