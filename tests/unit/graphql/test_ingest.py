"""A source asked now, through the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from candlewick.domain import errors
from candlewick.domain.job import IngestRequest
from candlewick.domain.market import InstrumentKey
from candlewick.graphql.app import HttpOptions
from unit.graphql.conftest import client_of
from unit.graphql.fakes import READER, SECRET, FakeServices

INGEST = """mutation I($source: String!, $limit: Int, $instruments: [String!]) {
  ingest(source: $source, limit: $limit, instruments: $instruments) {
    __typename
    ... on Problem { message }
    ... on Job { number kind }
    ... on UnknownSource { source known }
    ... on UnknownInstrument { key }
    ... on SourceUnavailable { source retryable retryAfter }
    ... on CannotBeIngested { source }
  }
}"""
BTC = "binance:BTC-USDT"


@pytest.fixture
async def operator(services: FakeServices) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(services, HttpOptions()) as client:
        client.headers["x-api-key"] = SECRET
        yield client


async def ask(client: httpx.AsyncClient, **variables: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.post("/graphql", json={"query": INGEST, "variables": variables})).json()
    return answer


@pytest.mark.parametrize(
    ("variables", "request_"),
    [
        ({"source": "coingecko", "limit": 20}, IngestRequest("coingecko", 20)),
        ({"source": "all"}, IngestRequest()),
        ({"source": "binance", "instruments": [BTC, BTC]}, IngestRequest("binance", None, [InstrumentKey.parse(BTC)])),
    ],
)
async def test_a_request_becomes_a_job(
    operator: httpx.AsyncClient, services: FakeServices, variables: dict[str, Any], request_: IngestRequest
) -> None:
    answer = await ask(operator, **variables)

    assert answer["data"]["ingest"] == {"__typename": "Job", "number": "8", "kind": "INGEST"}
    [(_, (asked, requested_by))] = services.ingests.calls
    assert (asked.source, asked.limit, list(asked.instruments)) == (
        request_.source, request_.limit, list(request_.instruments),
    )  # fmt: skip
    assert requested_by == SECRET[:8]


@pytest.mark.parametrize(
    ("failure", "name", "told"),
    [
        (errors.UnknownSource("x", ["ecb"]), "UnknownSource", {"source": "x", "known": ["ecb"]}),
        (errors.UnknownInstrument(BTC), "UnknownInstrument", {"key": BTC}),
        (errors.ForeignInstrument(BTC, "ecb"), "UnknownInstrument", {"key": BTC}),
        (
            errors.SourceUnavailable("ecb", "gone", 7),
            "SourceUnavailable",
            {"source": "ecb", "retryable": True, "retryAfter": 7.0},
        ),
        (errors.CannotBeIngested("binance"), "CannotBeIngested", {"source": "binance"}),
    ],
)
async def test_why_there_is_no_job_is_an_outcome(
    operator: httpx.AsyncClient, services: FakeServices, failure: errors.CandlewickError, name: str, told: Any
) -> None:
    services.ingests.failure = failure

    answer = await ask(operator, source="ecb")

    assert answer["data"]["ingest"] == {"__typename": name, "message": str(failure), **told}


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 5001}, {"instruments": []}, {"instruments": ["x"]}])
async def test_what_makes_no_sense_is_the_callers_mistake(
    operator: httpx.AsyncClient, services: FakeServices, wrong: dict[str, Any]
) -> None:
    [error] = (await ask(operator, source="ecb", **wrong))["errors"]

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert services.ingests.calls == []


async def test_a_reader_asks_no_source(services: FakeServices) -> None:
    async with client_of(services, HttpOptions()) as client:
        client.headers["x-api-key"] = READER
        [error] = (await ask(client, source="ecb"))["errors"]

    assert error["extensions"]["code"] == "FORBIDDEN"
