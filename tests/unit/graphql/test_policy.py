"""What of a document is for whom."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from graphql import get_introspection_query

from candlewick.domain.access import Audience
from candlewick.graphql.app import HttpOptions
from candlewick.graphql.http.options import AccessOptions
from candlewick.graphql.policy import DocumentPolicy
from unit.graphql.conftest import client_of
from unit.graphql.fakes import READER, FakeServices
from unit.graphql.sockets import connected, serving

FULL = get_introspection_query()
KEY = {"x-api-key": READER}


def under(**policy: Any) -> HttpOptions:
    return HttpOptions(anonymous=True, access=AccessOptions(documents=DocumentPolicy(**policy)))


async def asked(client: httpx.AsyncClient, query: str, headers: dict[str, str] | None = None, **body: object) -> Any:
    return (await client.post("/graphql", json={"query": query, **body}, headers=headers)).json()


@pytest.mark.parametrize(
    ("audience", "anybody", "with_key"),
    [(Audience.EVERYBODY, True, True), (Audience.KEYS, False, True), (Audience.NOBODY, False, False)],
)
async def test_introspection_is_for_its_audience(
    services: FakeServices, audience: Audience, anybody: bool, with_key: bool
) -> None:
    async with client_of(services, under(introspection=audience)) as client:
        for headers, allowed in ((None, anybody), (KEY, with_key)):
            answer = await asked(client, FULL, headers)
            assert ("data" in answer) is allowed
            if not allowed:
                (error,) = answer["errors"]
                assert error["extensions"] == {"code": "FORBIDDEN", "audience": audience}


@pytest.mark.parametrize(
    "query",
    [
        "{ x: __schema { description } }",
        '{ __type(name: "Candle") { name } }',
        "query Q { ...F } fragment F on Query { ... on Query { __schema { description } } }",
        "query A { __typename } query B { __schema { description } }",
    ],
)
async def test_introspection_is_found_wherever_it_is_written(services: FakeServices, query: str) -> None:
    async with client_of(services, under(introspection=Audience.NOBODY)) as client:
        answer = await asked(client, query, operationName="A" if "query A" in query else None)
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_word_in_a_text_is_no_introspection(services: FakeServices) -> None:
    query = '# __schema\n{ __typename instrument(key: "binance:__type-USDT") { __typename } }'
    async with client_of(services, under(introspection=Audience.NOBODY)) as client:
        assert "data" in await asked(client, query)


async def test_a_socket_does_not_introspect_either(services: FakeServices) -> None:
    async with serving(services, under(introspection=Audience.KEYS)) as app:
        async with connected(app) as socket:
            await socket.begin()
            socket.subscribe("1", FULL)
            message = await socket.receive()
            assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "FORBIDDEN")
        async with connected(app) as socket:
            await socket.begin(authorization=f"Bearer {READER}")
            socket.subscribe("1", FULL)
            assert await socket.data()


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{ instrumnt { key } }", {}),
        ('{ instrument(kay: "x") { key } }', {}),
        ("query ($f: InstrumentFiltr) { instruments(filter: $f) { nodes { key } } }", {}),
        ("{ instruments(filter: {assetClass: CRIPTO}) { nodes { key } } }", {}),
        ('{ instruments(filter: {venu: "x"}) { nodes { key } } }', {}),
        ("query ($f: InstrumentFilter) { instruments(filter: $f) { nodes { key } } }", {"f": {"venu": "x"}}),
        ("query ($f: InstrumentFilter) { instruments(filter: $f) { nodes { key } } }", {"f": {"assetClass": "CRIPTO"}}),
        ("{ instruments { nodes { ... on Instrumnt { key } } } }", {}),
        ("{ __typename @skp(if: true) }", {}),
    ],
)
async def test_errors_guess_what_was_meant_only_where_they_may(
    services: FakeServices, query: str, variables: dict[str, Any]
) -> None:
    for suggestions in (True, False):
        async with client_of(services, under(suggestions=suggestions)) as client:
            answer = await asked(client, query, variables=variables)
        said = " ".join(error["message"] for error in answer["errors"])
        assert ("Did you mean" in said) is (suggestions and "@skp" not in query)


async def test_without_an_explorer_a_browser_gets_none(services: FakeServices) -> None:
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    options = HttpOptions(anonymous=True, access=AccessOptions(explorer=False))
    async with client_of(services, options) as client:
        response = await client.get("/graphql", headers=browser)
        start = await client.get("/", headers=browser)
        answer = await client.get("/graphql?query={__typename}")
    assert response.status_code == 404
    assert response.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert "Open the explorer" not in start.text
    assert "This service" in start.text
    assert answer.status_code == 200


async def test_who_came_by_tls_is_told_to_stay_with_it(client: httpx.AsyncClient) -> None:
    assert "strict-transport-security" not in (await client.get("/healthz")).headers
    response = await client.get("https://test/healthz")
    assert response.headers["strict-transport-security"] == "max-age=31536000"
