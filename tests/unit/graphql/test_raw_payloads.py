"""Where a trade came from, and who may see the bytes."""

from __future__ import annotations

from typing import Any

import pytest

from candlewick.domain.market import InstrumentId
from candlewick.graphql.app import HttpOptions
from unit.graphql.conftest import Ask, client_of
from unit.graphql.fakes import READER, SECRET, FakeServices

FACTS = "payload { number source endpoint sha256 receivedAt byteCount archived }"
QUERY = 'query ($first: Int = 3) { instrument(key: "binance:BTC-USDT") { trades(first: $first) { nodes { %s } } } }'


async def told(services: FakeServices, secret: str, fields: str, **variables: object) -> dict[str, Any]:
    async with client_of(services, HttpOptions()) as client:
        client.headers["x-api-key"] = secret
        response = await client.post("/graphql", json={"query": QUERY % fields, "variables": variables})
    answer: dict[str, Any] = response.json()
    return answer


async def test_trades_lead_to_their_payloads_in_one_read(ask: Ask, services: FakeServices) -> None:
    answer = await ask(QUERY % FACTS, first=50)

    nodes = answer["data"]["instrument"]["trades"]["nodes"]
    assert len(nodes) == 50
    assert nodes[0]["payload"] == {
        "number": "7",
        "source": "binance",
        "endpoint": "/api/v3/aggTrades?symbol=BTCUSDT&fromId=1",
        "sha256": "ab" * 32,
        "receivedAt": "2024-08-08T00:00:00Z",
        "byteCount": "9",
        "archived": False,
    }
    assert services.raw_reads.calls == [("of_commits", (((InstrumentId(1), 1),),))]


async def test_a_payload_that_is_no_longer_kept_is_null(ask: Ask, services: FakeServices) -> None:
    services.trades.rows = [row._replace(version=9) for row in services.trades.rows]

    answer = await ask(QUERY % FACTS)

    assert [node["payload"] for node in answer["data"]["instrument"]["trades"]["nodes"]] == [None] * 3


async def test_an_operator_sees_how_the_bytes_begin(services: FakeServices) -> None:
    answer = await told(services, SECRET, "payload { body short: body(first: 3) }")

    assert (
        answer["data"]["instrument"]["trades"]["nodes"] == [{"payload": {"body": '[{"a":\\xff]', "short": '[{"'}}] * 3
    )
    assert sorted(services.raw_reads.calls)[:2] == [("beginnings", ((7,), 3)), ("beginnings", ((7,), 65_536))]


async def test_a_file_in_the_archive_store_has_no_body_here(services: FakeServices) -> None:
    services.trades.rows = [row._replace(version=2) for row in services.trades.rows]

    answer = await told(services, SECRET, "payload { archived byteCount body }", first=1)

    assert answer["data"]["instrument"]["trades"]["nodes"] == [
        {"payload": {"archived": True, "byteCount": str(2**33), "body": None}}
    ]


async def test_a_reader_sees_the_facts_and_not_the_bytes(services: FakeServices) -> None:
    answer = await told(services, READER, "payload { number body }", first=1)

    assert answer["data"]["instrument"]["trades"]["nodes"] == [{"payload": {"number": "7", "body": None}}]
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]


@pytest.mark.parametrize("first", [0, 1_000_001])
async def test_how_much_of_a_body_is_read_is_bounded(services: FakeServices, first: int) -> None:
    answer = await told(services, SECRET, f"payload {{ body(first: {first}) }}", first=1)

    assert answer["errors"][0]["extensions"] | {"argument": "first"} == {
        "code": "BAD_USER_INPUT", "argument": "first", "actual": first, "limit": 1_000_000
    }  # fmt: skip


async def test_bodies_count_against_what_an_operation_may_ask_for(services: FakeServices) -> None:
    row = services.raw_reads.rows[7]
    services.raw_reads.rows[7] = type(row)(
        row.id, row.source, row.endpoint, row.sha256, 10**9, row.received_at, archived=False
    )

    answer = await told(services, SECRET, "payload { body(first: 1000000) }", first=50)

    assert answer["errors"][0]["extensions"]["code"] == "COST_EXCEEDED"
    assert answer["errors"][0]["extensions"]["limit"] == 250_000
