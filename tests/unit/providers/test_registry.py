"""What each provider can do, and how it lists an instrument."""

from __future__ import annotations

import pytest

from candlewick.domain.errors import UnknownAssetClass
from candlewick.domain.market import AssetClass, InstrumentKey, Tape
from candlewick.providers.csv.mapping import FileMapping
from candlewick.providers.registry import provider
from candlewick.providers.sources import archives_of, tables_of
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


@pytest.mark.parametrize("key", ["nowhere:BTC-USD", "csv:BTC-USD", "demo:BTC-USD"])
def test_files_of_a_venue_without_archives_are_taken_for_tables(key: str) -> None:
    assert archives_of(InstrumentKey.parse(key), CLOCK).source == "csv"


def test_files_of_a_venue_with_archives_are_tables_if_a_mapping_says_so() -> None:
    key = InstrumentKey.parse("binance:BTC-USDT")
    assert archives_of(key, CLOCK).source == "binance"
    assert tables_of(key, CLOCK, FileMapping()).source == "csv"


@pytest.mark.parametrize(
    ("key", "base_class", "quote_class"),
    [
        ("fxcm:EUR-USD", AssetClass.FIAT, AssetClass.FIAT),
        ("lbma:XAU-USD", AssetClass.COMMODITY, AssetClass.FIAT),
        ("nyse:SPY-USD", AssetClass.EQUITY, AssetClass.FIAT),
    ],
)
def test_a_code_that_means_one_thing_everywhere_needs_no_class(
    key: str, base_class: AssetClass, quote_class: AssetClass
) -> None:
    parsed = InstrumentKey.parse(key)
    given = None if parsed.base != "SPY" else base_class
    listing = tables_of(parsed, CLOCK, FileMapping(base_class=given)).listing(parsed, Tape.TRADES)
    assert (listing.base_class, listing.quote_class) == (base_class, quote_class)


def test_what_nobody_can_know_is_asked_for() -> None:
    key = InstrumentKey.parse("nyse:SPY-USD")
    with pytest.raises(UnknownAssetClass, match="nothing says what kind of asset SPY is: give its base_class"):
        tables_of(key, CLOCK).listing(key, Tape.TRADES)


def test_the_demo_market_says_that_its_prices_are_made_up() -> None:
    make_market = provider("demo").market
    assert make_market is not None
    listings = make_market(1).listings()
    assert {listing.key.venue for listing in listings} == {"demo"}
    assert all("made-up prices" in listing.venue_name for listing in listings)
