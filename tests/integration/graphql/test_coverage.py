"""Coverage and gaps through the API: what is known of windows, with trades and without."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from candlewick.domain.gap import GapEvidence, NewGap
from candlewick.domain.market import Instrument, Side, Trade
from candlewick.domain.time import Window
from candlewick.storage.engine import Database
from candlewick.storage.gaps import StoredGaps
from candlewick.storage.trades import Trades
from graphql_client import ask, client
from markets import LATER, delivery, new_instrument

START = datetime(2024, 8, 8, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FILLED = """
query ($key: String!, $range: TimeRange!, $first: Int, $after: String) { instrument(key: $key) {
  candles(spec: {interval: M1}, range: $range, fill: EMPTY, first: $first, after: $after) {
    nodes { openTime open volume status coverage }
    pageInfo { hasNextPage endCursor }
  }
} }
"""
RANGE = {"from": START.isoformat(), "to": (START + 5 * MINUTE).isoformat()}


def trade(number: int) -> Trade:
    return Trade(number, Decimal(number), Decimal(1), Side.BUY, START + (number - 1) * MINUTE)


@pytest.fixture
async def instrument(database: Database) -> Instrument:
    """Traded in its first and fifth minute; the third is a gap."""
    made, gaps = await new_instrument(database), StoredGaps(database)
    await Trades(database).insert(delivery(made, [trade(1), trade(5)], START + 5 * MINUTE))
    await gaps.cover(made.id, Window(START, START + 5 * MINUTE), now=START)
    span = Window(START + 2 * MINUTE, START + 3 * MINUTE)
    hole = NewGap(made.id, "test", GapEvidence.MISSING_SEQUENCES, span, 3, 4, LATER)
    [gap] = await gaps.record([hole], now=START)
    await gaps.settle(gap.id, now=START + MINUTE, lease=None, retry_at=None, reason="test has none of these trades")
    return made


async def test_windows_without_trades_are_filled_page_by_page_and_say_why(
    database: Database, instrument: Instrument
) -> None:
    nodes, after = [], None
    async with client(database) as api:
        while True:
            data = await ask(api, FILLED, key=str(instrument.key), range=RANGE, first=2, after=after)
            page = data["instrument"]["candles"]
            nodes += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
    assert [(node["open"], node["volume"], node["coverage"]) for node in nodes] == [
        ("1", "1", "COMPLETE"),
        (None, "0", "NO_TRADES"),
        (None, None, "FEED_GAP"),
        (None, "0", "NO_TRADES"),
        ("5", "1", "COMPLETE"),
    ]


async def test_gaps_say_what_is_missing_and_why(database: Database, instrument: Instrument) -> None:
    async with client(database) as api:
        data = await ask(
            api,
            """query ($key: String!, $none: TimeRange!, $some: TimeRange!) { instrument(key: $key) {
                none: gaps(range: $none) { evidence }
                gaps(range: $some) {
                  evidence state span { from to } firstSequence lastSequence missing source reason tries retryAt
                  detectedAt closedAt
                }
                freshness { coveredUntil openGaps }
            } }""",
            key=str(instrument.key),
            none={"from": START.isoformat(), "to": (START + 2 * MINUTE).isoformat()},
            some=RANGE,
        )
    assert data["instrument"] == {
        "none": [],
        "gaps": [
            {
                "evidence": "MISSING_SEQUENCES",
                "state": "UNREPAIRABLE",
                "span": {"from": "2024-08-08T12:02:00Z", "to": "2024-08-08T12:03:00Z"},
                "firstSequence": "3",
                "lastSequence": "4",
                "missing": "2",
                "source": "test",
                "reason": "test has none of these trades",
                "tries": 1,
                "retryAt": None,
                "detectedAt": "2024-08-08T12:00:00Z",
                "closedAt": "2024-08-08T12:01:00Z",
            }
        ],
        "freshness": {"coveredUntil": "2024-08-08T12:05:00Z", "openGaps": 0},
    }
