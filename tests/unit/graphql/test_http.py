"""GraphQL over HTTP: what is taken, what is refused and with which status."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from structlog.testing import capture_logs

from candlewick.graphql.app import HttpOptions
from candlewick.graphql.limits import Limits
from unit.graphql.conftest import client_of
from unit.graphql.fakes import FakeServices

JSON, GRAPHQL = "application/json", "application/graphql-response+json"
TYPENAME = b'{"query": "{ __typename }"}'


async def post(client: httpx.AsyncClient, body: bytes, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("/graphql", content=body, headers={"content-type": JSON, **named})


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON}", JSON),
        (f"{JSON};q=0, */*", GRAPHQL),
        ("text/html, */*;q=0.1", JSON),
        (f"{JSON};q=oops, {GRAPHQL};q=0.1", GRAPHQL),
    ],
)
async def test_the_response_has_the_type_that_the_client_likes_best(
    client: httpx.AsyncClient, accept: str | None, answered: str
) -> None:
    client.headers.pop("accept")
    response = await post(client, TYPENAME, **({"accept": accept} if accept else {}))
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{answered}; charset=utf-8"


async def test_no_acceptable_type_is_said(client: httpx.AsyncClient) -> None:
    assert (await post(client, TYPENAME, accept="image/png")).status_code == 406


@pytest.mark.parametrize("query", ["{", "{ nothing }"])
async def test_a_document_at_fault_has_no_data_and_the_status_of_its_type(
    client: httpx.AsyncClient, query: str
) -> None:
    for accept, status in ((JSON, 200), (GRAPHQL, 400)):
        response = await client.post("/graphql", json={"query": query}, headers={"accept": accept})
        assert response.status_code == status
        assert "data" not in response.json()


async def test_a_field_at_fault_leaves_the_status_alone(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/graphql", json={"query": '{ instrument(key: "x") { key } }'}, headers={"accept": GRAPHQL}
    )
    assert response.status_code == 200
    assert response.json()["data"] == {"instrument": None}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"5",
        b'"{ __typename }"',
        b"[]",
        b'[{"query": "{ __typename }"}]',
        b"{}",
        b'{"query": ""}',
        b'{"query": 5}',
        b'{"query": "{ __typename }", "operationName": 5}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "variables": "{}"}',
        b'{"query": "{ __typename }", "extensions": 0}',
        b'{"query": "{ __typename }',
        b'{"query": "\xff\xfe"}',
        b'{"query": "{ __typename }", "variables": {"a": "\\ud800"}}',
        b'{"query": "{ __typename }", "variables": {"a": NaN}}',
        b'{"query": "{ __typename }", "variables": {"a": %s}}' % (b"9" * 5000),
        b'{"query": "{ __typename }", "variables": %s}' % (b"[" * 20_000),
    ],
)
@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
async def test_a_body_that_is_no_request_is_refused(client: httpx.AsyncClient, body: bytes, accept: str) -> None:
    response = await post(client, body, accept=accept)
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_a_batch_is_refused_with_advice(client: httpx.AsyncClient) -> None:
    response = await post(client, b"[" + TYPENAME + b"]")
    assert "one operation a request" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; charset=latin-1"],
)
async def test_a_form_that_any_page_could_send_is_refused(client: httpx.AsyncClient, content_type: str) -> None:
    assert (await post(client, TYPENAME, content_type=content_type)).status_code == 415


@pytest.mark.parametrize("content_type", ["application/json;charset=UTF-8", 'Application/JSON; charset="utf-8"'])
async def test_utf8_may_be_said(client: httpx.AsyncClient, content_type: str) -> None:
    assert (await post(client, TYPENAME, content_type=content_type)).status_code == 200


async def test_a_compressed_body_is_refused(client: httpx.AsyncClient) -> None:
    assert (await post(client, TYPENAME, content_encoding="gzip")).status_code == 415


async def test_a_body_that_says_it_is_too_large_is_not_read(client: httpx.AsyncClient) -> None:
    response = await post(client, b" " * 64_001)
    assert response.status_code == 413
    assert response.headers["connection"] == "close"


async def test_a_body_that_turns_out_too_large_is_not_kept(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 10_000

    response = await client.post("/graphql", content=endless(), headers={"content-type": JSON})
    assert response.status_code == 413


async def test_a_body_that_dawdles_is_given_up(services: FakeServices) -> None:
    async def dawdling() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    options = HttpOptions(anonymous=True, limits=Limits(body_seconds=0.05))
    app_client = client_of(services, options)
    app: Any = app_client._transport.app  # type: ignore[attr-defined]
    sent: list[Any] = []
    body = dawdling()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": await anext(body), "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == 408


async def test_a_query_may_come_by_get(client: httpx.AsyncClient) -> None:
    response = await client.get(
        "/graphql",
        params={
            "query": "query A { __typename } query B($n: String!) { __type(name: $n) { name } }",
            "operationName": "B",
            "variables": '{"n": "Candle"}',
            "extensions": "{}",
        },
    )
    assert response.json()["data"] == {"__type": {"name": "Candle"}}


@pytest.mark.parametrize(
    "parameters", ["", "variables={}", "query={__typename}&variables=[]", "query={__typename}&variables={"]
)
async def test_a_get_that_is_no_request_is_refused(client: httpx.AsyncClient, parameters: str) -> None:
    assert (await client.get(f"/graphql?{quote(parameters, safe='=&')}")).status_code == 400


async def test_a_url_may_not_be_endless(client: httpx.AsyncClient) -> None:
    services_limit = "x" * 64_001
    assert (
        await client.get("/graphql", params={"query": "{__typename}", "operationName": services_limit})
    ).status_code == 414


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods_are_refused(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql")
    assert response.status_code == 405
    assert "POST" in response.headers["allow"]


async def test_a_mutation_by_get_is_refused(client: httpx.AsyncClient) -> None:
    query = "query A { __typename } mutation B { __typename }"
    response = await client.get("/graphql", params={"query": query, "operationName": "B"})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def test_a_subscription_is_sent_to_the_websocket(client: httpx.AsyncClient) -> None:
    query = 'subscription { trades(instruments: ["binance:BTC-USDT"]) { __typename } }'
    response = await client.post("/graphql", json={"query": query})
    assert response.status_code == 400
    assert "graphql-transport-ws" in response.json()["errors"][0]["message"]


async def test_an_operation_is_chosen_by_name(client: httpx.AsyncClient) -> None:
    query = "query A { a: __typename } query B { b: __typename }"
    for name, answer in (("A", {"a": "Query"}), ("B", {"b": "Query"})):
        response = await client.post("/graphql", json={"query": query, "operationName": name})
        assert response.json()["data"] == answer


@pytest.mark.parametrize("name", [None, "C", ""])
async def test_no_operation_is_guessed(client: httpx.AsyncClient, name: str | None) -> None:
    query = "query A { a: __typename } query B { b: __typename }"
    response = await client.post("/graphql", json={"query": query, "operationName": name}, headers={"accept": GRAPHQL})
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "OPERATION_RESOLUTION_FAILURE"


async def test_a_document_without_an_operation_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "fragment F on Query { __typename }"})
    assert "data" not in response.json()


async def test_another_origin_gets_no_permission(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"origin": "https://evil.example"}
    )
    assert not [name for name in response.headers if name.startswith("access-control-")]


async def test_only_the_named_hosts_are_answered(services: FakeServices) -> None:
    options = HttpOptions(anonymous=True, hosts=("127.0.0.1", "localhost", "[::1]"))
    async with client_of(services, options) as client:
        for host, status in (("localhost:8000", 200), ("[::1]:8000", 200), ("rebound.example", 400)):
            response = await client.get("/healthz", headers={"host": host})
            assert response.status_code == status


async def test_every_response_forbids_foreign_content(client: httpx.AsyncClient) -> None:
    for path in ("/", "/graphql?query={__typename}", "/healthz", "/static/start.css", "/nothing"):
        response = await client.get(path)
        assert "default-src 'self'" in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-trace-id"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "facts"),
    [
        ("PUT", "/graphql", {}, 405, {"code": "BAD_REQUEST", "allowed": ["GET", "HEAD", "POST"]}),
        ("POST", "/graphql", {"accept": "image/png"}, 406, {"code": "BAD_REQUEST", "offered": [JSON, GRAPHQL]}),
        ("POST", "/graphql", {"content-length": "64001"}, 413, {"code": "BAD_REQUEST", "limit": 64_000}),
        ("POST", "/graphql", {"content-length": "9" * 5_000}, 413, {"code": "BAD_REQUEST", "limit": 64_000}),
        ("POST", "/graphql", {"content-encoding": "br"}, 415, {"code": "BAD_REQUEST", "actual": "br"}),
        ("POST", "/graphql", {}, 400, {"code": "BAD_REQUEST", "position": 0}),
        ("GET", "/nowhere", {}, 404, {"code": "NOT_FOUND"}),
        ("GET", "/static/nowhere.js", {}, 404, {"code": "NOT_FOUND"}),
        ("POST", "/healthz", {}, 405, {"code": "BAD_REQUEST"}),
    ],
)
async def test_every_refusal_has_a_code_and_its_facts(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], status: int, facts: dict[str, object]
) -> None:
    response = await client.request(method, path, headers={"content-type": JSON, **headers})
    assert response.status_code == status
    (error,) = response.json()["errors"]
    assert error["extensions"] == facts
    assert error["message"]


async def test_what_is_unexpected_is_masked_and_logged_under_its_trace_id(
    client: httpx.AsyncClient, services: FakeServices
) -> None:
    async def broken(_: object) -> object:
        raise RuntimeError("postgresql://me:hunter2@db.internal:5432 broke")

    services.instruments.by_keys = broken
    with capture_logs() as logged:
        response = await client.post("/graphql", json={"query": '{ instrument(key: "binance:BTC-USDT") { key } }'})
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert error["extensions"]["traceId"] == response.headers["x-trace-id"]
    assert "hunter2" not in response.text
    assert "db.internal" not in response.text
    (event,) = [entry for entry in logged if entry["event"] == "operation_failed"]
    assert event["trace_id"] == error["extensions"]["traceId"]


async def test_readiness_names_no_hosts(client: httpx.AsyncClient, services: FakeServices) -> None:
    async def ready() -> dict[str, str | None]:
        return {"database": "db.internal:5432 does not answer", "redis": None}

    services.service.ready = ready
    with capture_logs() as logged:
        response = await client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "not ready", "components": {"database": "not ready", "redis": "ready"}}
    assert logged[0]["database"] == "db.internal:5432 does not answer"
