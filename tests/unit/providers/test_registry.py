"""What each provider can do, and how it lists an instrument."""

from __future__ import annotations

import pytest

from candlewick.domain.errors import UnknownVenue
from candlewick.domain.market import AssetClass, InstrumentKey, Tape
from candlewick.providers.registry import provider
from candlewick.providers.sources import archives_of
from markets import FrozenClock

CLOCK = FrozenClock()


@pytest.mark.parametrize(
    ("key", "symbol", "base_class", "quote_class"),
    [
        ("binance:BTC-USDT", "BTCUSDT", AssetClass.CRYPTO, AssetClass.CRYPTO),
        ("binance:EUR-USDT", "EURUSDT", AssetClass.FIAT, AssetClass.CRYPTO),
        ("binance:1INCH-TRY", "1INCHTRY", AssetClass.CRYPTO, AssetClass.FIAT),
    ],
)
def test_binance_lists_an_instrument(key: str, symbol: str, base_class: AssetClass, quote_class: AssetClass) -> None:
    parsed = InstrumentKey.parse(key)
    listing = archives_of(parsed, CLOCK).listing(parsed, Tape.AGGREGATED)
    assert (listing.key, listing.symbol, listing.tape) == (parsed, symbol, Tape.AGGREGATED)
    assert (listing.base_class, listing.quote_class) == (base_class, quote_class)


@pytest.mark.parametrize("key", ["nowhere:BTC-USD", "demo:BTC-USD"])
def test_a_venue_without_archives_is_refused_with_those_that_have_some(key: str) -> None:
    with pytest.raises(UnknownVenue, match="known venues: binance"):
        archives_of(InstrumentKey.parse(key), CLOCK)


def test_the_demo_market_says_that_its_prices_are_made_up() -> None:
    make_market = provider("demo").market
    assert make_market is not None
    listings = make_market(1).listings()
    assert {listing.key.venue for listing in listings} == {"demo"}
    assert all("made-up prices" in listing.venue_name for listing in listings)
