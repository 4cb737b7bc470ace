"""Quotes that were recorded, through the store: no row unaccounted for, and read as they stand in the file."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from candlewick.domain.page import QuoteQuery
from candlewick.domain.raw import Payload
from candlewick.domain.time import microseconds
from candlewick.ports import Contents, Outcome, QuoteDelivery
from candlewick.providers.coingecko.reader import CoinGeckoReader
from candlewick.providers.coinpaprika.reader import CoinPaprikaReader
from candlewick.storage.engine import Database
from candlewick.storage.quotes import Quotes
from markets import new_instrument
from unit.providers.coingecko.wire import recorded as of_coingecko
from unit.providers.coingecko.wire import texts
from unit.providers.coinpaprika.wire import recorded as of_coinpaprika

Said = tuple[str, str | None, str | None]
"""Price, market cap and volume as they stand in the file."""


def coingecko(name: str) -> tuple[Contents, Payload]:
    payload = of_coingecko(name).payload
    return CoinGeckoReader().read(payload), payload


def coinpaprika(name: str) -> tuple[Contents, Payload]:
    _, payload = of_coinpaprika(name)
    return CoinPaprikaReader().read(payload), payload


def points(document: Any) -> dict[int, Said]:
    """Of a chart, by milliseconds."""
    rows = zip(document["prices"], document["market_caps"], document["total_volumes"], strict=True)
    return {int(price[0]): (price[1], cap[1], volume[1]) for price, cap, volume in rows}


def figures(document: Any) -> list[Said]:
    """Of markets or a ticker."""
    if isinstance(document, list):
        return [(row["current_price"], row["market_cap"], row["total_volume"]) for row in document]
    usd = document["quotes"]["USD"]
    return [(usd["price"], usd["market_cap"], usd["volume_24h"])]


@pytest.mark.parametrize(
    "name",
    [
        "200_coins_bitcoin_market_chart_days_1_id_bitcoin_vs_currency_usd.json",
        "200_coins_bitcoin_market_chart_days_1_vs_currency_usd.json",
        "200_coins_bitcoin_market_chart_days_30_vs_currency_usd.json.gz",
        "200_coins_bitcoin_market_chart_days_90_interval_daily_vs_currency_usd.json",
    ],
)
async def test_every_point_of_a_recorded_chart_is_stored_or_a_repetition(database: Database, name: str) -> None:
    contents, payload = coingecko(name)
    instrument, store = await new_instrument(database), Quotes(database)
    [lines] = contents.quotes.values()

    outcome = await store.put(QuoteDelivery(instrument, "coingecko", lines, payload.received_at))

    said = points(texts(payload.body))
    page = (await store.read([instrument.id], QuoteQuery(5_000)))[instrument.id]
    assert outcome == Outcome(stored=len(page.rows), repeated=len(said) - len(page.rows))
    found = {microseconds(row.ts) // 1000: (row.price, row.market_cap, row.volume_24h) for row in page.rows}
    assert found.items() <= said.items()
    times = sorted(said)
    again = [ms for before, ms in itertools.pairwise(times) if said[ms] == said[before]]
    assert set(said) - set(found) == set(again)
    assert await store.put(QuoteDelivery(instrument, "coingecko", lines, payload.received_at)) == Outcome(
        repeated=len(said)
    )


@pytest.mark.parametrize(
    ("read", "name"),
    [
        (coingecko, "200_coins_markets_ids_bitcoin_vs_currency_usd.json"),
        (coingecko, "200_coins_markets_ids_bitcoin_vs_currency_myr.json"),
        (coingecko, "200_coins_markets_ids_bitcoin_20ethereum_vs_currency_eth.json"),
        (coinpaprika, "200_tickers_btc-bitcoin.json"),
    ],
)
async def test_every_recorded_price_is_read_as_it_stands_in_the_file(
    database: Database, read: Callable[[str], tuple[Contents, Payload]], name: str
) -> None:
    contents, payload = read(name)
    store, found = Quotes(database), list[Said]()
    for lines in contents.quotes.values():
        instrument = await new_instrument(database)
        assert await store.put(QuoteDelivery(instrument, "recorded", lines, payload.received_at)) == Outcome(stored=1)
        row = (await store.latest([instrument.id]))[instrument.id]
        assert row.price is not None
        found.append((row.price, row.market_cap, row.volume_24h))

    assert found == figures(texts(payload.body))
