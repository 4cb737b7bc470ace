"""Which providers can be asked over the network, and what each brings along."""

from __future__ import annotations

import pytest

from candlewick.domain.errors import UnknownVenue
from candlewick.domain.market import AssetClass, InstrumentKey, Tape
from candlewick.providers.provider import Access
from candlewick.providers.sources import market_sources
from markets import FrozenClock
from source_doubles import Budget

ACCESS = Access("https://rest.example", "https://archive.example", "wss://stream.example", 4800, 15)


@pytest.mark.parametrize("code", ["binance", "demo"])
async def test_a_source_can_do_all_that_binance_can(code: str) -> None:
    async with market_sources({code: ACCESS}, FrozenClock(), lambda *_: Budget()) as sources:
        source = sources[code]
        parts = (source.archive_files, source.shelf, source.trades, source.candles, source.directory, source.stream)

    assert source.source == code
    assert None not in parts


async def test_rest_archives_and_streams_have_budgets_of_their_own() -> None:
    made: dict[str, int] = {}

    def budget(name: str, per_minute: int) -> Budget:
        made[name] = per_minute
        return Budget()

    async with market_sources({"binance": ACCESS}, FrozenClock(), budget):
        pass

    assert made == {"binance": 4800, "binance:archives": 600, "binance:streams": 50}


async def test_the_demo_market_s_archives_are_listed_under_its_own_name() -> None:
    async with market_sources({"demo": ACCESS}, FrozenClock(), lambda *_: Budget()) as sources:
        archives = sources["demo"].archive_files
        assert archives is not None
        listing = archives.listing(InstrumentKey.parse("demo:XAU-USD"), Tape.TRADES)

    assert (archives.source, listing.symbol) == ("demo", "XAUUSD")
    assert (listing.base_class, listing.quote_class) == (AssetClass.COMMODITY, AssetClass.FIAT)


async def test_a_provider_that_is_none_is_refused() -> None:
    with pytest.raises(UnknownVenue, match="known venues: binance, demo"):
        async with market_sources({"nowhere": ACCESS}, FrozenClock(), lambda *_: Budget()):
            pass
