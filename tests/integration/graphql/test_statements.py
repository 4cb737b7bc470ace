"""No N+1: however many instruments a query touches, the number of SQL statements stays the same."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event

from candlewick.domain.market import Side, Trade
from candlewick.storage.engine import Database
from candlewick.storage.trades import Trades
from graphql_client import ask, client
from markets import delivery, new_instrument

OURS = re.compile(
    r"\bFROM (instrument|venue|asset|candle_span|trade|commit_log|raw_payload|unnest|gap|factor|covered|quote\w*)\b"
)  # not what a new connection asks
QUERY = """
query ($first: Int!) {
  instruments(first: $first, filter: {venue: "test", search: "COUNTED"}) {
    nodes {
      key venue { name } base { code assetClass } quote { code }
      candles(spec: {interval: M5}, last: 3) { nodes { openTime close vwap } }
      hours: candles(spec: {interval: H1}, last: 1) { nodes { close } }
      quotes(last: 2) { nodes { ts price } }
      latest { price }
      freshness { newestTrade lag }
      gaps(last: 3) { state }
      factors(last: 3) { day }
      tokyo: candles(spec: {time: {every: "P1D", timezone: "Asia/Tokyo"}}, last: 2) { nodes { close } }
      filled: candles(spec: {interval: M1}, last: 5, fill: EMPTY) { nodes { close coverage } }
      candleColumns(spec: {interval: M5}, last: 3) { openTime close floats { high } }
      trades(last: 2) { nodes { sequence price payload { endpoint sha256 } } }
    }
  }
}
"""


@pytest.fixture
async def statements(database_url: str) -> AsyncIterator[tuple[Database, list[str]]]:
    """A database whose every statement is written down."""
    database = await Database.open(database_url)
    said: list[str] = []

    def listen(connection: Any, _record: object) -> None:
        connection.driver_connection.add_query_logger(lambda query: said.append(query.query))

    event.listen(database.engine.sync_engine, "connect", listen)
    yield database, said
    await database.close()


async def test_two_instruments_or_twenty_take_the_same_statements(statements: tuple[Database, list[str]]) -> None:
    database, said = statements
    start = datetime(2024, 8, 8, tzinfo=UTC)
    for _ in range(20):
        instrument = await new_instrument(database, prefix="COUNTED")
        tape = [Trade(n, Decimal(n + 1), Decimal(2), Side.BUY, start + timedelta(minutes=n)) for n in range(12)]
        await Trades(database).insert(delivery(instrument, tape))
    counts = []
    async with client(database) as api:
        for first in (2, 20):
            await ask(api, QUERY, first=first)  # connections and types are known after this
            said.clear()
            data = await ask(api, QUERY, first=first)
            assert len(data["instruments"]["nodes"]) == first
            counts.append(sum(OURS.search(statement) is not None for statement in said))
    assert counts[0] == counts[1]
    assert counts[1] <= 36, said  # of twelve lists, an asset pair and a venue


async def test_aliases_of_instruments_by_key_are_read_together(statements: tuple[Database, list[str]]) -> None:
    database, said = statements
    start = datetime(2024, 8, 8, tzinfo=UTC)
    instruments = [await new_instrument(database, prefix="ALIAS") for _ in range(10)]
    for instrument in instruments:
        tape = [Trade(n, Decimal(n + 1), Decimal(2), Side.BUY, start + timedelta(minutes=n)) for n in range(3)]
        await Trades(database).insert(delivery(instrument, tape))
    fields = "key candles(spec: {interval: M5}, last: 100) { nodes { close } } latest { price } gaps { state }"
    counts = []
    async with client(database) as api:
        for some in (instruments[:2], instruments):
            query = " ".join(f'a{n}: instrument(key: "{each.key}") {{ {fields} }}' for n, each in enumerate(some))
            await ask(api, f"{{ {query} }}")
            said.clear()
            data = await ask(api, f"{{ {query} }}")
            assert [each["key"] for each in data.values()] == [str(each.key) for each in some]
            assert all(each["candles"]["nodes"] for each in data.values())
            counts.append(sum(OURS.search(statement) is not None for statement in said))
    assert counts[0] == counts[1]
