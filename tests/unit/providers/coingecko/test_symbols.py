"""Coins that share a code are never one instrument, whichever list they come in."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.market import AssetClass, InstrumentStatus
from candlewick.ports import Listing
from candlewick.providers.coingecko.reader import CoinGeckoReader
from unit.providers.coingecko.wire import COIN, answer


def coin(identity: str, symbol: str, rank: int | None = None) -> dict[str, Any]:
    return COIN | {"id": identity, "symbol": symbol, "name": identity.title(), "market_cap_rank": rank}


def ranked(*coins: Any) -> list[Listing]:
    payload = answer("/api/v3/coins/markets?vs_currency=usd&page=1", list(coins))
    return list(CoinGeckoReader().read(payload).listings)


def listed(*coins: Any, status: str = "") -> list[Listing]:
    payload = answer(f"/api/v3/coins/list?include_platform=false{status}", list(coins))
    return list(CoinGeckoReader().read(payload).listings)


def keys(listings: list[Listing], quote: str = "USD") -> dict[str, tuple[str, str | None]]:
    return {
        each.symbol: (each.key.base, each.other_key.base if each.other_key else None)
        for each in listings
        if each.key.quote == quote
    }


def test_of_the_coins_that_share_a_code_the_one_with_the_best_rank_is_meant_by_it() -> None:
    found = ranked(coin("unicorn-token", "uni", 240), coin("uniswap", "uni", 25), coin("universe", "Uni"))

    assert keys(found) == {
        "uniswap/usd": ("UNI", "UNI~uniswap"),
        "unicorn-token/usd": ("UNI~unicorn.token", "UNI"),
        "universe/usd": ("UNI~universe", "UNI"),
    }
    assert keys(found, "EUR").keys() == {"uniswap/eur", "unicorn-token/eur", "universe/eur"}


def test_equal_or_missing_ranks_are_decided_by_the_id() -> None:
    one, other = coin("b-coin", "x"), coin("a-coin", "x")

    assert keys(ranked(one, other)) == keys(ranked(other, one))
    assert keys(ranked(one, other))["a-coin/usd"] == ("X", "X~a.coin")


def test_without_ranks_a_shared_code_means_nobody() -> None:
    found = listed(coin("bitcoin", "btc"), coin("uniswap", "uni"), coin("unicorn", "UNI"))

    assert keys(found) == {
        "bitcoin/usd": ("BTC", "BTC~bitcoin"),
        "uniswap/usd": ("UNI~uniswap", "UNI"),
        "unicorn/usd": ("UNI~unicorn", "UNI"),
    }


def test_a_listing_says_what_coin_it_is() -> None:
    [usd, eur] = ranked(coin("bitcoin", "btc", 1) | {"name": " Bit\ncoin\x00 "})

    assert str(usd.key) == "coingecko:BTC-USD"
    assert (usd.base_class, usd.quote_class, usd.base_name) == (AssetClass.CRYPTO, AssetClass.FIAT, "Bit coin")
    assert (usd.venue_name, usd.status, eur.symbol) == ("CoinGecko", InstrumentStatus.TRADING, "bitcoin/eur")


def test_inactive_coins_are_listed_as_gone() -> None:
    [listing] = listed(coin("dead", "ded"), status="&status=inactive")

    assert listing.status is InstrumentStatus.DELISTED


def test_what_cannot_be_read_is_left_out_and_said() -> None:
    with capture_logs() as logs:
        found = listed(coin("bitcoin", "btc"), coin("bitcoin", "btc"), {"id": 1}, 7, coin("a/b", "ab"), coin("", "x"))

    assert keys(found).keys() == {"bitcoin/usd"}
    [entry] = logs
    assert (entry["event"], entry["count"]) == ("listings_left_out", 5)


def test_no_list_is_malformed() -> None:
    with pytest.raises(MalformedPayload, match="it is no list"):
        CoinGeckoReader().read(answer("/api/v3/coins/list", {"error": "x"}))
