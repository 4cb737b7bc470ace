"""Days through the API: as far back as they go, page by page, raw and adjusted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from candlewick.domain.day import DayCandle, DayLines, Factor
from candlewick.ports import DayDelivery
from candlewick.storage.days import Days
from candlewick.storage.engine import Database
from graphql_client import ask, client
from markets import LATER, new_instrument

QUERY = """
query ($key: String!, $after: String) {
  instrument(key: $key) {
    candles(spec: {interval: D1}, first: 500, after: $after) {
      nodes { openTime close volume } pageInfo { hasNextPage endCursor }
    }
  }
}
"""


async def test_pages_go_back_to_1833(database: Database) -> None:
    instrument = await new_instrument(database)
    one = Decimal(1)
    days = [DayCandle(date(year, month, 1), one, one, one, one) for year in range(1833, 2025) for month in range(1, 13)]
    await Days(database).put(DayDelivery(instrument, "test", DayLines(days), LATER))
    opens, after, more = [], None, True
    async with client(database) as api:
        while more:
            data = await ask(api, QUERY, key=str(instrument.key), after=after)
            page = data["instrument"]["candles"]
            opens += [node["openTime"][:10] for node in page["nodes"]]
            assert {node["volume"] for node in page["nodes"]} == {None}
            more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
    assert opens == [each.day.isoformat() for each in days]


async def test_raw_and_adjusted_closes_side_by_side(database: Database) -> None:
    instrument = await new_instrument(database)
    price = Decimal("645.57")
    day = DayCandle(date(2014, 6, 6), price, price, price, price, Decimal(12_497_800))
    factor = Factor(day.day, Decimal("0.9011818"), Decimal("0.0357143"), price)
    await Days(database).put(DayDelivery(instrument, "test", DayLines([day], [factor]), LATER))
    async with client(database) as api:
        data = await ask(
            api,
            """query ($key: String!) { instrument(key: $key) {
                raw: candles(spec: {interval: D1}) { nodes { close volume origin } }
                adjusted: candles(spec: {interval: D1}, adjust: ALL) { nodes { close volume } }
                factors { day priceFactor splitFactor referencePrice }
            } }""",
            key=str(instrument.key),
        )
    assert data["instrument"] == {
        "raw": {"nodes": [{"close": "645.57", "volume": "12497800", "origin": "VENUE"}]},
        "adjusted": {"nodes": [{"close": "20.7777202620133518", "volume": "349938260.024695990121603951"}]},
        "factors": [
            {"day": "2014-06-06", "priceFactor": "0.9011818", "splitFactor": "0.0357143", "referencePrice": "645.57"}
        ],
    }
