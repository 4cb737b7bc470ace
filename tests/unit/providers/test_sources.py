"""Which providers can be asked over the network, and what each brings along."""

from __future__ import annotations

from datetime import timedelta

import pytest

from candlewick.domain.errors import UnknownVenue
from candlewick.domain.market import AssetClass, InstrumentKey, Tape
from candlewick.providers.provider import Access, evenly
from candlewick.providers.sources import market_sources
from markets import FrozenClock
from source_doubles import Budget

MINUTE = timedelta(minutes=1)
ACCESS = Access("https://rest.example", "https://archive.example", "wss://stream.example", 4800, 15)


def no_limits(name: str, limit: int, *, span: timedelta = MINUTE) -> Budget:
    return Budget()


@pytest.mark.parametrize("code", ["binance", "demo"])
async def test_a_source_can_do_all_that_binance_can(code: str) -> None:
    async with market_sources({code: ACCESS}, FrozenClock(), no_limits) as sources:
        source = sources[code]
        parts = (source.archive_files, source.shelf, source.trades, source.candles, source.directory, source.stream)

    assert source.source == code
    assert None not in parts


async def test_rest_archives_and_streams_have_budgets_of_their_own() -> None:
    made: dict[str, int] = {}

    def budget(name: str, limit: int, *, span: timedelta = MINUTE) -> Budget:
        assert span == MINUTE
        made[name] = limit
        return Budget()

    async with market_sources({"binance": ACCESS}, FrozenClock(), budget):
        pass

    assert made == {"binance": 4800, "binance:archives": 600, "binance:streams": 50}


async def test_the_demo_market_s_archives_are_listed_under_its_own_name() -> None:
    async with market_sources({"demo": ACCESS}, FrozenClock(), no_limits) as sources:
        archives = sources["demo"].archive_files
        assert archives is not None
        listing = archives.listing(InstrumentKey.parse("demo:XAU-USD"), Tape.TRADES)

    assert (archives.source, listing.symbol) == ("demo", "XAUUSD")
    assert (listing.base_class, listing.quote_class) == (AssetClass.COMMODITY, AssetClass.FIAT)


async def test_a_provider_that_is_none_is_refused() -> None:
    with pytest.raises(UnknownVenue, match=r"known venues: .*binance, .*demo"):
        async with market_sources({"nowhere": ACCESS}, FrozenClock(), no_limits):
            pass


@pytest.mark.parametrize(
    ("per_minute", "limit", "seconds"), [(480, 8, 1), (600, 10, 1), (60, 1, 1), (59, 1, 2), (45, 1, 2), (1, 1, 60)]
)
def test_an_even_budget_never_lets_many_requests_go_at_once(per_minute: int, limit: int, seconds: int) -> None:
    made: list[tuple[str, int, timedelta]] = []

    def budget(name: str, limit: int, *, span: timedelta = MINUTE) -> Budget:
        made.append((name, limit, span))
        return Budget()

    evenly(budget, "venue", per_minute)

    assert made == [("venue", limit, timedelta(seconds=seconds))]
    assert limit * 60 / seconds <= per_minute
