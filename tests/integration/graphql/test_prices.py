"""`price` and `convert` over what Kraken and the ECB really said, and in a constant number of statements."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import event

from candlewick.domain.fraction import rounded
from candlewick.domain.market import AssetClass, Instrument, InstrumentKey, Tape
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import Payload
from candlewick.domain.time import Window
from candlewick.ports import Delivery, Listing, QuoteDelivery
from candlewick.providers.ecb import payloads as ecb
from candlewick.providers.kraken import payloads as kraken
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.quotes import Quotes
from candlewick.storage.schema import migrate
from candlewick.storage.trades import Trades
from databases import Offer, create_database, drop_database
from graphql_client import ask, client
from markets import LATER
from unit.providers.ecb.test_recordings import rows_of
from unit.providers.ecb.wire import recorded_history
from unit.providers.kraken.wire import recorded_body

CRYPTO, FIAT = AssetClass.CRYPTO, AssetClass.FIAT
SPRING = Window(datetime(2019, 4, 1, tzinfo=UTC), datetime(2019, 6, 1, tzinfo=UTC))
RATES = ("USD", "GBP", "SEK", "JPY")
PRICE = """query ($asset: String!, $quote: String! = "USD", $at: DateTime, $maxAge: Duration! = "P7D") {
  price(asset: $asset, quote: $quote, at: $at, maxAge: $maxAge) {
    __typename
    ... on CompositePrice {
      price at age maxAge
      contributions { path price instrument { key } steps { instrument { key } price direction ts from { code } } }
      leftOut { reason instrument { key } }
    }
    ... on NoPriceKnown { leftOut { reason price ts instrument { key } } }
  }
}"""
CONVERT = """query ($amount: Decimal!, $from: String!, $to: String!, $at: DateTime) {
  convert(amount: $amount, from: $from, to: $to, at: $at) {
    __typename
    ... on Conversion { result rate age path { instrument { key } direction rate ts } leftOut { reason } }
  }
}"""


async def listed(database: Database, venue: str, base: str, quote: str) -> Instrument:
    def kind(code: str) -> AssetClass:
        return FIAT if code in {*RATES, "EUR"} else CRYPTO

    listing = Listing(InstrumentKey(venue, base, quote), f"{base}/{quote}", Tape.TRADES, kind(base), kind(quote), venue)
    return await Instruments(database).list_instrument(listing)


@pytest.fixture(scope="module")
async def recorded(offer: Offer) -> AsyncIterator[Database]:
    """A database of its own, with Kraken's trades of BCH-EUR and the ECB's rates of four currencies."""
    url = await create_database(offer)
    await migrate(url, timescaledb=offer.timescaledb)
    database = await Database.open(url)
    try:
        history = ecb.quotes(recorded_history())
        for currency in RATES:
            instrument = await listed(database, "ecb", "EUR", currency)
            spring = [quote for quote in history[currency].quotes if SPRING.start <= quote.ts < SPRING.end]
            await Quotes(database).put(QuoteDelivery(instrument, "ecb", QuoteLines(spring), LATER))
        body = recorded_body("rest_recorded/Trades_BCHEUR_2019.json")
        lines = kraken.trades(Payload("kraken", "/0/public/Trades?pair=BCHEUR&since=0", body, LATER))
        bch = await listed(database, "kraken", "BCH", "EUR")
        await Trades(database).insert(Delivery(bch, Tape.TRADES, lines.trades, LATER, "kraken"))
        yield database
    finally:
        await database.close()
        await drop_database(offer, url)


def rate(day: str, currency: str) -> Decimal:
    """As it stands in the ECB's file."""
    header, *rows = rows_of(recorded_history().body)
    [row] = [row for row in rows if row[0] == day]
    return Decimal(row[header.index(currency)])


async def answer(database: Database, query: str, **variables: object) -> Any:
    async with client(database) as api:
        [found] = (await ask(api, query, **variables)).values()
    return found


def told(found: Any) -> dict[str, tuple[str, str | None, str | None]]:
    """Why markets were left out, and what they said when."""
    assert found["__typename"] == "NoPriceKnown"
    return {each["instrument"]["key"]: (each["reason"], each["price"], each["ts"]) for each in found["leftOut"]}


async def test_a_coin_is_priced_through_the_euro_by_what_was_known_then(recorded: Database) -> None:
    found = await answer(recorded, PRICE, asset="BCH", at="2019-05-15T08:00:00Z")
    assert Decimal(found["price"]) == Decimal("337.4") * rate("2019-05-14", "USD")
    [path] = found["contributions"]
    assert [(step["instrument"]["key"], step["direction"], step["ts"]) for step in path["steps"]] == [
        ("kraken:BCH-EUR", "DIRECT", "2019-05-15T07:52:08.205400Z"),
        ("ecb:EUR-USD", "DIRECT", "2019-05-14T14:00:00Z"),
    ]
    assert (path["path"], found["maxAge"], found["age"]) == ("BRIDGED", "P1D", 18 * 3600.0)


async def test_the_rate_of_a_day_is_known_from_its_publication_on(recorded: Database) -> None:
    for moment, day in (("2019-05-15T13:59:59Z", "2019-05-14"), ("2019-05-15T14:00:00Z", "2019-05-15")):
        found = await answer(recorded, PRICE, asset="EUR", at=moment)
        assert Decimal(found["price"]) == rate(day, "USD")


async def test_rates_hold_over_a_weekend_and_not_for_ever(recorded: Database) -> None:
    found = await answer(recorded, PRICE, asset="EUR", quote="JPY", at="2019-05-19T23:00:00Z")
    assert (Decimal(found["price"]), found["maxAge"]) == (rate("2019-05-17", "JPY"), "P7D")
    found = await answer(recorded, PRICE, asset="EUR", quote="JPY", at="2019-05-19T23:00:00Z", maxAge="P1D")
    assert told(found)["ecb:EUR-JPY"] == ("STALE", format(rate("2019-05-17", "JPY"), "f"), "2019-05-17T14:00:00Z")
    found = await answer(recorded, PRICE, asset="EUR", quote="JPY", at="1998-12-31T00:00:00Z")
    assert told(found)["ecb:EUR-JPY"] == ("NO_PRICE", None, None)


async def test_pounds_become_kronor_by_the_euro_exactly(recorded: Database) -> None:
    found = await answer(recorded, CONVERT, amount="100", **{"from": "GBP"}, to="SEK", at="2019-05-15T15:00:00Z")
    exact = Fraction(100) / Fraction(rate("2019-05-15", "GBP")) * Fraction(rate("2019-05-15", "SEK"))
    assert Decimal(found["result"]) == rounded(exact)
    assert [(step["instrument"]["key"], step["direction"]) for step in found["path"]] == [
        ("ecb:EUR-GBP", "INVERSE"), ("ecb:EUR-SEK", "DIRECT")
    ]  # fmt: skip


async def test_there_and_back_is_the_same_amount(recorded: Database) -> None:
    at = "2019-05-15T15:00:00Z"
    there = await answer(recorded, CONVERT, amount="12345.678901234567890123", **{"from": "BCH"}, to="SEK", at=at)
    back = await answer(recorded, CONVERT, amount=there["result"], **{"from": "SEK"}, to="BCH", at=at)
    assert abs(Decimal(back["result"]) - Decimal("12345.678901234567890123")) <= Decimal("1e-36")


async def test_the_present_knows_nothing_of_a_coin_that_was_last_traded_years_ago(recorded: Database) -> None:
    found = await answer(recorded, PRICE, asset="BCH")
    assert told(found)["kraken:BCH-EUR"] == ("STALE", "337.4", "2019-05-15T07:52:08.205400Z")


OURS = re.compile(r"\bFROM (instrument|asset|candle_span|quote_span|unnest|venue|quote|trade)\b")
FIELDS = """price(asset: "{code}", at: "{at}") {{ ... on CompositePrice {{ price contributions {{
  instrument {{ key venue {{ code }} base {{ code }} }} steps {{ from {{ code }} to {{ code }} }}
}} }} }}"""


async def test_one_price_or_thirty_take_the_same_statements(recorded: Database, offer: Offer) -> None:
    database = await Database.open(recorded.engine.url.render_as_string(hide_password=False))
    said: list[str] = []

    def listen(connection: Any, _record: object) -> None:
        connection.driver_connection.add_query_logger(lambda query: said.append(query.query))

    event.listen(database.engine.sync_engine, "connect", listen)
    start, counts = datetime(2019, 5, 15, 5, tzinfo=UTC), []
    async with client(database) as api:
        for many in (1, 30):
            asked = " ".join(
                f"p{n}: " + FIELDS.format(code=("BCH", "SEK")[n % 2], at=f"{start + timedelta(minutes=n):%FT%TZ}")
                for n in range(many)
            )
            await ask(api, f"{{ {asked} }}")
            said.clear()
            data = await ask(api, f"{{ {asked} }}")
            assert all(price["price"] for price in data.values())
            counts.append(sum(OURS.search(statement) is not None for statement in said))
    await database.close()
    assert counts[0] == counts[1]
    assert counts[1] <= 8, said
