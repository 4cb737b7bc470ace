"""Every source, simulated here, and as it really is: `pytest -m live` asks the providers themselves."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest
from starlette.applications import Starlette

from candlewick.clock import SystemClock
from candlewick.domain.errors import SourceRefused
from candlewick.domain.market import AssetId, Instrument, InstrumentId, InstrumentKey, InstrumentStatus, VenueId
from candlewick.domain.raw import Payload
from candlewick.domain.time import Window
from candlewick.ports import Listing, MarketSource
from candlewick.providers.provider import Access, Simulated, Simulator
from candlewick.providers.registry import CODES, provider
from candlewick.providers.sources import market_sources
from simulated import serving
from source_doubles import Budget

REFERENCE = {
    "binance": "binance:BTC-USDT",
    "coinbase": "coinbase:BTC-USD",
    "kraken": "kraken:BTC-USD",
    "coingecko": "coingecko:BTC-USD",
    "coinpaprika": "coinpaprika:BTC-USD",
    "ecb": "ecb:EUR-USD",
    "alphavantage": "alphavantage:IBM-USD",
}
"""An instrument of each source that will be there for long."""
PAST_QUOTES = {"alphavantage": "alphavantage:WTI-USD"}
"""Of a source that has past quotes, but not of the instrument above."""
NEEDS_KEY = frozenset({"alphavantage"})
NOT_FOUND = 404
NETWORKED = [code for code in CODES if code in REFERENCE]


@dataclass
class Asked:
    """A source, what it is asked for, and every answer that it gave."""

    source: MarketSource
    key: InstrumentKey
    live: bool
    payloads: list[Payload] = field(default_factory=list)
    _listings: Sequence[Listing] = ()

    @property
    def now(self) -> datetime:
        return SystemClock().now()

    def kept(self, payload: Payload) -> Payload:
        """The same; a replay has to read it later."""
        self.payloads.append(payload)
        return payload

    async def listings(self) -> Sequence[Listing]:
        """All that the source lists; of one that has no list, what it finds under the reference key."""
        if not self._listings:
            directory = self.source.directory
            if directory is None:
                self._listings = await self._looked_up()
            else:
                pages = [self.kept(payload) async for payload in directory.pages()]
                self._listings = [listing for payload in pages for listing in directory.read(payload)]
        return self._listings

    async def _looked_up(self) -> Sequence[Listing]:
        lookup = self.source.lookup
        assert lookup is not None, "a source that neither lists nor finds anything cannot be discovered"
        known = lookup.known(self.key)
        return [known] if known is not None else lookup.read(self.kept(await lookup.page(self.key)))

    async def past_quotes(self, instrument: Instrument, window: Window) -> Payload | None:
        """The first page of them; None if the source has some, but none of that kind of instrument."""
        if self.source.quote_history is None:
            return None
        try:
            return self.kept(await self.source.quote_history.page(instrument, window))
        except SourceRefused as refusal:
            if refusal.status != NOT_FOUND:
                raise
            return None

    async def quoted(self) -> Instrument:
        """An instrument of which the source has past quotes."""
        other = PAST_QUOTES.get(self.source.source)
        if other is None or self.source.lookup is None:
            return await self.instrument()
        listing = self.source.lookup.known(InstrumentKey.parse(other))
        assert listing is not None
        return _as_listed(listing)

    async def instrument(self) -> Instrument:
        """The reference instrument, as the source itself lists it."""
        return _as_listed(next(each for each in await self.listings() if each.key == self.key))


def _as_listed(listing: Listing) -> Instrument:
    return Instrument(
        InstrumentId(1), listing.key, listing.symbol, VenueId(1), AssetId(1), AssetId(2), listing.base_class,
        listing.tape, InstrumentStatus.TRADING,
    )  # fmt: skip


@pytest.fixture(
    params=[
        *(pytest.param((code, False), id=f"{code}-simulated") for code in NETWORKED),
        *(pytest.param((code, True), id=f"{code}-live", marks=pytest.mark.live) for code in NETWORKED),
    ]
)
async def asked(request: pytest.FixtureRequest) -> AsyncIterator[Asked]:
    """Each source, simulated; then each as it is."""
    code, live = request.param
    offered = provider(code)
    assert offered.access is not None
    async with AsyncExitStack() as stack:
        if live:
            if code in NEEDS_KEY and not os.environ.get(f"CANDLEWICK_SOURCES__{code.upper()}__API_KEY"):
                pytest.skip(f"{code} answers nobody without a key: set CANDLEWICK_SOURCES__{code.upper()}__API_KEY")
            access = replace(offered.access, api_key=os.environ.get(f"CANDLEWICK_SOURCES__{code.upper()}__API_KEY"))
        else:
            assert offered.simulator is not None, f"{code} has no simulator"
            access = await _simulated(stack, offered.access, offered.simulator())
        try:
            sources = await stack.enter_async_context(market_sources({code: access}, SystemClock(), _budget))
        except SourceRefused as refusal:
            pytest.skip(f"{code} is not asked without a key: {refusal}")
        yield Asked(sources[code], InstrumentKey.parse(REFERENCE[code]), live)


def _budget(*_: object, **__: object) -> Budget:
    return Budget()


async def _simulated(stack: AsyncExitStack, access: Access, simulator: Simulator) -> Access:
    app = simulator.application(Simulated(seed=1), SystemClock())
    assert isinstance(app, Starlette)
    address = await stack.enter_async_context(serving(app))
    urls = {name.lower(): f"{scheme}://{address}" for name, scheme in simulator.settings.items()}
    return replace(access, api_key="a-key", **urls)  # type: ignore[arg-type]
