"""`movers` and `marketStats` over a real database."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from candlewick.domain.market import AssetClass, Instrument, InstrumentKey, Side, Tape, Trade
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.ports import Listing, QuoteDelivery
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.quotes import Quotes
from candlewick.storage.trades import Trades
from graphql_client import ask, client
from markets import LATER, delivery

HOUR = timedelta(hours=1)
MOVERS = """query ($by: MoverRank!, $venue: String!, $quote: String) {
  movers(by: $by, venue: $venue, quote: $quote) {
    rank instrument { key venue { code } base { code } } price formerPrice change volume turnover turnoverIn
  }
}"""
STATS = "query ($quote: String!) { marketStats(quote: $quote) { count marketCap volume24h gainers source { code } } }"


async def listed(database: Database, venue: str, base: str, quote: str) -> Instrument:
    key = InstrumentKey(venue, base, quote)
    listing = Listing(key, f"{base}{quote}", Tape.TRADES, AssetClass.CRYPTO, AssetClass.CRYPTO, venue)
    return await Instruments(database).list_instrument(listing)


async def traded(database: Database, instrument: Instrument, *prices: str, size: str = "1") -> None:
    """At the first price before the last day, then once an hour."""
    times = [LATER - 25 * HOUR, *(LATER - n * HOUR for n in range(len(prices) - 1, 0, -1))]
    trades = [
        Trade(n, Decimal(price), Decimal(size), Side.BUY, ts)
        for n, (ts, price) in enumerate(zip(times, prices, strict=True))
    ]
    await Trades(database).insert(delivery(instrument, trades))


async def names(database: Database, **asked: object) -> list[tuple[Any, ...]]:
    async with client(database) as api:
        rows = (await ask(api, MOVERS, **asked))["movers"]
    return [(row["instrument"]["base"]["code"], row["change"], row["turnover"], row["turnoverIn"]) for row in rows]


async def test_movers_are_compared_in_one_currency(database: Database) -> None:
    venue = "movingmarket"
    await traded(database, await listed(database, venue, "MUP", "MQ1"), "100", "120", "125", size="2")
    await traded(database, await listed(database, venue, "MDOWN", "MQ1"), "100", "90")
    await traded(database, await listed(database, venue, "MOTHER", "MQ2"), "1", "3", "3")
    await traded(database, await listed(database, venue, "MQ2", "MQ1"), "1000", "1000")
    assert await names(database, by="GAIN", venue=venue) == [
        ("MOTHER", "200", "6000", "MQ1"), ("MUP", "25", "490", "MQ1")
    ]  # fmt: skip
    assert await names(database, by="LOSS", venue=venue) == [("MDOWN", "-10", "90", "MQ1")]
    assert [row[0] for row in await names(database, by="VOLUME", venue=venue)] == ["MOTHER", "MQ2", "MUP", "MDOWN"]
    assert await names(database, by="VOLUME", venue=venue, quote="MQ2") == [("MOTHER", "200", "6", "MQ2")]
    assert await names(database, by="GAIN", venue="nowhere") == []


async def test_the_size_of_a_market_is_told_by_the_source_that_knows_most(database: Database) -> None:
    for source, bases in (("one", "AB"), ("two", "A")):
        for base in bases:
            instrument = await listed(database, "sizes", f"S{base}", "SQ")
            quote = Quote(
                LATER - HOUR, Decimal(2), market_cap=Decimal(100), volume_24h=Decimal(7), change_24h=Decimal(1)
            )
            await Quotes(database).put(QuoteDelivery(instrument, source, QuoteLines([quote]), LATER))
    async with client(database) as api:
        assert (await ask(api, STATS, quote="SQ"))["marketStats"] == {
            "count": 2, "marketCap": "200", "volume24h": "14", "gainers": 2, "source": {"code": "one"}
        }  # fmt: skip
        answer = await api.post("/graphql", json={"query": STATS, "variables": {"quote": "nobody lists that"}})
    [error] = answer.json()["errors"]
    assert (error["extensions"]["code"], error["extensions"]["name"]) == ("BAD_USER_INPUT", "nobody lists that")
