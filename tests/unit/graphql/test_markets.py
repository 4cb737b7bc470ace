"""`movers` and `marketStats`: what is asked, and how the answers look."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.interval import Duration
from candlewick.domain.market import AssetClass
from candlewick.domain.market_stats import MarketFigures
from candlewick.domain.movers import Move, Mover, MoverRank, Traded, Universe
from candlewick.domain.price import AssetName
from candlewick.graphql.scalars import serialize_datetime
from pricing import market
from unit.graphql.fakes import START, FakeServices

MOVERS = """query M(
  $by: MoverRank! = GAIN, $window: Duration! = "P1D", $first: Int! = 10
  $class: AssetClass, $venue: String, $quote: String
) {
  movers(by: $by, window: $window, first: $first, assetClass: $class, venue: $venue, quote: $quote) {
    rank window { from to } instrument { key } price priceAt formerPrice formerPriceAt change
    volume quoteVolume turnover turnoverIn origin
  }
}"""
STATS = """query S($class: AssetClass, $quote: String! = "USD", $source: String) {
  marketStats(assetClass: $class, quote: $quote, source: $source) {
    count quote marketCap volume24h averagePrice gainers losers oldest newest source { code }
  }
}"""
HOUR = timedelta(hours=1)


@pytest.fixture
def services() -> FakeServices:
    known = FakeServices()
    move = Move(
        market("kraken:BTC-USD").instrument, CandleOrigin.TRADES, days=False, former=Decimal("30.0"),
        former_at=START - 25 * HOUR, last=Decimal("40.00"), last_at=START - HOUR,
    )  # fmt: skip
    known.markets.rows = [
        Mover(move, Traded(Decimal("1.5"), Decimal("60.0")), Fraction(60)),
        Mover(move, Traded(None, None), None),
    ]
    return known


async def test_a_mover_says_what_it_is_true_for(ask: Any) -> None:
    first, second = (await ask(MOVERS))["data"]["movers"]
    assert first == {
        "rank": 1, "window": {"from": serialize_datetime(START - 24 * HOUR), "to": serialize_datetime(START)},
        "instrument": {"key": "kraken:BTC-USD"}, "price": "40.00", "priceAt": serialize_datetime(START - HOUR),
        "formerPrice": "30.0", "formerPriceAt": serialize_datetime(START - 25 * HOUR), "change": "33.333333",
        "volume": "1.5", "quoteVolume": "60.0", "turnover": "60", "turnoverIn": "USD", "origin": "TRADES",
    }  # fmt: skip
    assert (second["rank"], second["volume"], second["quoteVolume"], second["turnover"]) == (2, None, None, None)


async def test_what_is_asked_for_reaches_the_desk(ask: Any, services: FakeServices) -> None:
    await ask(MOVERS, by="VOLUME", window="P1M", first=100, **{"class": "CRYPTO"}, venue="kraken", quote="USD")
    assert services.markets.calls == [
        ("movers", (MoverRank.VOLUME, Universe(AssetClass.CRYPTO, "kraken", "USD"), Duration(months=1), 100))
    ]
    services.markets.calls.clear()
    await ask(STATS, **{"class": "CRYPTO"}, quote="FIAT:EUR", source="coingecko")
    assert services.markets.calls == [("figures", (AssetClass.CRYPTO, AssetName("EUR", AssetClass.FIAT), "coingecko"))]


@pytest.mark.parametrize(
    "variables", [{"first": 0}, {"first": 101}, {"venue": ""}, {"quote": "a\x00"}, {"window": "P0D"}]
)
async def test_what_cannot_be_asked_is_refused(ask: Any, services: FakeServices, variables: dict[str, object]) -> None:
    [error] = (await ask(MOVERS, **variables))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert services.markets.calls == []


async def test_the_figures_of_a_market(ask: Any, services: FakeServices) -> None:
    services.markets.stats = MarketFigures(
        "coingecko", 3, Decimal(1003), Decimal("50.5"), Decimal(10), 3, 2, 1, START - HOUR, START
    )
    assert (await ask(STATS))["data"]["marketStats"] == {
        "count": 3, "quote": "USD", "marketCap": "1003", "volume24h": "50.5", "averagePrice": "3." + "3" * 36,
        "gainers": 2, "losers": 1, "oldest": serialize_datetime(START - HOUR), "newest": serialize_datetime(START),
        "source": {"code": "coingecko"},
    }  # fmt: skip


async def test_where_nobody_says_anything_the_figures_are_null(ask: Any) -> None:
    found = (await ask(STATS))["data"]["marketStats"]
    assert found == {
        "count": 0, "quote": "USD", "marketCap": None, "volume24h": None, "averagePrice": None, "gainers": 0,
        "losers": 0, "oldest": None, "newest": None, "source": None,
    }  # fmt: skip
