"""Errors tell clients what they can change, and hide what they cannot."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
import structlog

from candlewick.domain.errors import DatabaseUnavailable
from candlewick.graphql.app import HttpOptions
from candlewick.graphql.limits import Limits
from unit.graphql.conftest import client_of
from unit.graphql.fakes import FakeServices

INSTRUMENTS = "{ instruments { nodes { key } } }"


async def test_an_unexpected_fault_is_masked_and_logged_under_its_trace_id(ask: Any, services: FakeServices) -> None:
    services.instruments.failure = RuntimeError("password=hunter2")
    with structlog.testing.capture_logs() as logs:
        [error] = (await ask(INSTRUMENTS))["errors"]
    assert error["message"] == "internal error"
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    [entry] = [entry for entry in logs if entry["trace_id"] == error["extensions"]["traceId"]]
    assert entry["event"] == "operation_failed"
    assert entry["exc_info"] is services.instruments.failure


async def test_a_database_that_is_down_is_said_without_its_address(ask: Any, services: FakeServices) -> None:
    services.instruments.failure = DatabaseUnavailable("db.internal:5432", "connection refused")
    with structlog.testing.capture_logs() as logs:
        [error] = (await ask(INSTRUMENTS))["errors"]
    assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert "db.internal" not in str(error)
    assert "db.internal" in logs[0]["reason"]


async def test_keys_that_cannot_be_checked_make_the_service_unavailable(services: FakeServices) -> None:
    services.keys.failure = DatabaseUnavailable("db.internal:5432", "connection refused")
    async with client_of(services, HttpOptions()) as client:
        response = await client.post("/graphql", json={"query": "{ __typename }"}, headers={"x-api-key": "k"})
        metrics = await client.get("/metrics", headers={"x-api-key": "k"})
    assert (response.status_code, metrics.status_code) == (503, 503)
    assert response.json()["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"


async def test_a_broken_key_store_is_masked(services: FakeServices) -> None:
    services.keys.failure = RuntimeError("secret")
    async with client_of(services, HttpOptions()) as client:
        with structlog.testing.capture_logs() as logs:
            response = await client.post("/graphql", json={"query": "{ __typename }"}, headers={"x-api-key": "k"})
    assert response.status_code == 500
    assert response.json()["errors"][0]["message"] == "internal error"
    assert logs[0]["event"] == "request_failed"


async def test_what_cannot_be_parsed_says_where(ask: Any) -> None:
    [error] = (await ask("{ instruments { nodes "))["errors"]
    assert error["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
    assert error["locations"] == [{"line": 1, "column": 23}]


async def test_a_variable_that_is_missing_is_said(ask: Any) -> None:
    [error] = (await ask("query N($first: Int!) { instruments(first: $first) { nodes { key } } }"))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_what_the_schema_does_not_have_is_said(ask: Any) -> None:
    [error] = (await ask("{ instruments { nodes { kee } } }"))["errors"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "key" in error["message"]


async def test_a_mistake_repeated_a_hundred_times_is_reported_a_few_times(ask: Any) -> None:
    answer = await ask("{" + " ".join(f"nothing{n}" for n in range(30)) + "}")
    assert len(answer["errors"]) <= 21


async def test_the_facts_of_an_error_stand_beside_its_code(ask: Any) -> None:
    [error] = (await ask('{ instrument(key: "BTCUSDT") { key } }'))["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "key": "BTCUSDT"}
    assert error["path"] == ["instrument"]


@pytest.mark.parametrize(("accept", "status"), [("application/json", 200), ("application/graphql-response+json", 503)])
async def test_an_operation_that_takes_too_long_is_stopped(services: FakeServices, accept: str, status: int) -> None:
    async def forever(*_: object, **__: object) -> None:
        await asyncio.sleep(60)

    services.instruments.instruments = forever
    options = HttpOptions(anonymous=True, limits=Limits(operation_seconds=0.05))
    async with client_of(services, options) as client:
        response = await client.post("/graphql", json={"query": INSTRUMENTS}, headers={"accept": accept})
    assert response.status_code == status
    assert response.json()["errors"][0]["extensions"]["code"] == "TIMEOUT"


async def test_what_a_client_sent_is_not_echoed_at_length(ask: Any) -> None:
    [error] = (await ask("query K($key: String!) { instrument(key: $key) { key } }", key="x" * 50_000))["errors"]
    assert len(str(error)) < 1000


async def test_the_trace_id_of_an_error_is_in_the_headers(client: httpx.AsyncClient, services: FakeServices) -> None:
    services.instruments.failure = RuntimeError
    response = await client.post("/graphql", json={"query": INSTRUMENTS})
    assert response.json()["errors"][0]["extensions"]["traceId"] == response.headers["x-trace-id"]
