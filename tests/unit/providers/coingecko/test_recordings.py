"""Every recording of CoinGecko is read with no row unaccounted for, its values as they stand in the file."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

import pytest

from candlewick.domain.errors import MalformedPayload, RateLimited, SourceRefused, SourceUnavailable
from candlewick.domain.quote import Quote
from candlewick.domain.time import microseconds
from candlewick.providers import answers
from candlewick.providers.coingecko import payloads, symbols
from candlewick.providers.coingecko.reader import CoinGeckoReader
from markets import LATER
from recordings import DATA
from unit.providers.coingecko.wire import FOLDER, Recording, recorded, recorded_names, texts

NOT_TAKEN: Final = {
    "asset_platforms": "blockchains: no prices",
    "coins_bitcoin_history": "one day of one coin: the same as a point of its chart, and a hundred other things",
    "coins_bitcoin_ohlc": "candles of half an hour to four days that end where they open elsewhere; we keep minutes",
    "coins_bitcoin_tickers": "prices at other venues, which are taken from those venues",
    "coins_categories": "sums over coins, named by CoinGecko",
    "exchanges_binance_tickers": "prices at other venues, which are taken from those venues",
    "exchanges_binance_volume_chart": "the volume of a venue: no instrument",
    "exchanges_list": "names of venues",
    "global": "sums over all coins",
    "search_trending": "what people look for",
}
"""Endpoints that are not asked, by the beginning of their recordings' names, and why."""
CHARTS: Final = [name for name in recorded_names() if "market_chart" in name and name.startswith("200")]


def kind(name: str) -> str:
    """What was asked: a recording's name without status and ending."""
    return name[4:].removesuffix(".gz").removesuffix(".json")


def reason_not_taken(name: str) -> str | None:
    return next((reason for start, reason in NOT_TAKEN.items() if kind(name).startswith(start)), None)


@pytest.mark.skipif(not recorded_names(), reason=f"no recordings in {DATA / FOLDER}")
def test_every_recording_is_read_or_is_of_an_endpoint_that_is_not_asked() -> None:
    reader = CoinGeckoReader()
    for name in recorded_names():
        one = recorded(name)
        if one.status != 200:
            continue
        if reason_not_taken(name) is None:
            contents = reader.read(one.payload)
            assert contents.quotes or contents.listings or texts(one.body) == {"bitcoin": {}}, name
        else:
            with pytest.raises(MalformedPayload, match="nothing of that kind is asked"):
                reader.read(one.payload)


@pytest.mark.skipif(not CHARTS, reason=f"no recordings in {DATA / FOLDER}")
@pytest.mark.parametrize("name", CHARTS)
def test_every_recorded_point_is_a_quote_digit_for_digit(name: str) -> None:
    one = recorded(name)
    lines = payloads.chart(one.payload)
    chart: dict[str, list[list[str]]] = texts(one.body)

    assert lines.rejected == []
    rows = list(zip(chart["prices"], chart["market_caps"], chart["total_volumes"], strict=True))
    assert len(lines.quotes) == len(rows)
    for quote, (price, cap, volume) in zip(lines.quotes, rows, strict=True):
        assert price[0] == cap[0] == volume[0] == str(microseconds(quote.ts) // 1000)
        assert tuple(map(str, (quote.price, quote.market_cap, quote.volume_24h))) == (price[1], cap[1], volume[1])


@pytest.mark.parametrize(
    ("name", "symbols_said"),
    [
        ("200_simple_price_ids_bitcoin_vs_currencies_usd.json", {"bitcoin/usd": "49326"}),
        ("200_simple_price_ids_bitcoin_vs_currencies_eth.json", {"bitcoin/eth": "14.394342"}),
        ("200_simple_price_ids_bitcoin_vs_currencies_myr.json", {"bitcoin/myr": "203620"}),
        ("200_simple_price_ids_bitcoin_vs_currencies_ethereum.json", {}),
    ],
)
def test_every_recorded_price_is_a_quote_of_the_moment_it_came(name: str, symbols_said: dict[str, str]) -> None:
    one = recorded(name)
    found = payloads.prices(one.payload)

    assert {symbol: [str(quote.price) for quote in lines.quotes] for symbol, lines in found.items()} == {
        symbol: [price] for symbol, price in symbols_said.items()
    }
    assert all(quote.ts == one.received_at for lines in found.values() for quote in lines.quotes)


@pytest.mark.parametrize(
    "name",
    [
        "200_coins_markets_ids_bitcoin_vs_currency_usd.json",
        "200_coins_markets_ids_bitcoin_vs_currency_myr.json",
        "200_coins_markets_ids_bitcoin_20ethereum_vs_currency_eth.json",
    ],
)
def test_every_recorded_market_is_a_quote_digit_for_digit(name: str) -> None:
    one = recorded(name)
    currency = name.rpartition("_")[2].removesuffix(".json")
    found = payloads.markets(one.payload)

    rows: list[dict[str, Any]] = texts(one.body)
    assert list(found) == [f"{row['id']}/{currency}" for row in rows]
    for row, lines in zip(rows, found.values(), strict=True):
        assert lines.rejected == []
        [quote] = lines.quotes
        said = (quote.price, quote.market_cap, quote.volume_24h, quote.change_24h)
        names = ("current_price", "market_cap", "total_volume", "price_change_percentage_24h")
        assert tuple(map(str, said)) == tuple(row[name] for name in names)
        assert f"{quote.ts:%Y-%m-%dT%H:%M:%S}.{quote.ts.microsecond // 1000:03}Z" == row["last_updated"]


@pytest.mark.parametrize("name", ["200_coins_list.json.gz", "200_coins_list_include_contract_address_false.json.gz"])
def test_every_recorded_coin_is_listed_under_a_key_of_its_own(name: str) -> None:
    one = recorded(name)
    found = symbols.all_coins(one.payload)

    coins = texts(one.body)
    assert [listing.symbol for listing in found] == [f"{coin['id']}/usd" for coin in coins]
    assert [listing.base_name for listing in found] == [" ".join(coin["name"].split()) for coin in coins]
    assert len({listing.key for listing in found}) == len(coins) > 7_000
    keys = {listing.symbol: str(listing.key) for listing in found}
    assert keys["bitcoin/usd"] == "coingecko:BTC-USD"
    assert keys["uniswap/usd"] == "coingecko:UNI~uniswap-USD"  # of three: only a rank says that it is meant
    assert keys["unicorn-token/usd"] == "coingecko:UNI~unicorn.token-USD"


@pytest.mark.skipif(not recorded_names(), reason=f"no recordings in {DATA / FOLDER}")
def test_every_recorded_refusal_says_why() -> None:
    def explained(one: Recording) -> RateLimited | SourceUnavailable | SourceRefused:
        return answers.explain("coingecko", one.status, {}, one.body, LATER)

    refused = {name: explained(recorded(name)) for name in recorded_names() if not name.startswith("200")}

    assert {name[:3] for name in refused} == {"422", "500"}
    for name, error in refused.items():
        assert error.retryable is name.startswith("500")
        assert ("Missing parameter" in error.reason) or ("Internal Server Error" in error.reason), name
    assert "Missing parameter ids" in str(refused["422_simple_price.json"])


def test_hourly_points_are_anything_but_an_hour_apart() -> None:
    lines = payloads.chart(recorded("200_coins_bitcoin_market_chart_days_30_vs_currency_usd.json.gz").payload)

    times = [quote.ts for quote in lines.quotes]
    apart = [later - earlier for earlier, later in pairwise(times)]
    assert min(apart) < timedelta(minutes=15)
    assert max(apart) > timedelta(minutes=90)


def test_the_last_point_of_a_chart_is_now_and_off_the_grid() -> None:
    one = recorded("200_coins_bitcoin_market_chart_days_90_interval_daily_vs_currency_usd.json")
    quotes: list[Quote] = list(payloads.chart(one.payload).quotes)

    assert {quote.ts.hour for quote in quotes[:-1]} == {0}
    assert (quotes[-1].ts.hour, quotes[-1].ts.minute) == (14, 39)
    assert quotes[-1].ts - quotes[-2].ts < timedelta(days=1)
