"""Who may read."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from candlewick.domain.access import Role
from candlewick.graphql.app import HttpOptions
from unit.graphql.conftest import client_of
from unit.graphql.fakes import READER, SECRET, FakeServices

QUERY = {"query": "{ __typename }"}


@pytest.fixture
async def guarded(services: FakeServices) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(services, HttpOptions()) as client:
        yield client


async def test_without_a_key_nobody_reads(guarded: httpx.AsyncClient) -> None:
    response = await guarded.post("/graphql", json=QUERY)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    "headers", [{"authorization": f"Bearer {READER}"}, {"x-api-key": READER}, {"x-api-key": SECRET}]
)
async def test_any_valid_key_reads(guarded: httpx.AsyncClient, headers: dict[str, str]) -> None:
    response = await guarded.post("/graphql", json=QUERY, headers=headers)
    assert response.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer wrong"},
        {"authorization": "Basic cmVhZGVyOg=="},
        {"authorization": "Bearer"},
        {"x-api-key": "wrong"},
        {"x-api-key": ""},
        {"x-api-key": "x" * 10_000},
        {"authorization": "Bearer wrong", "x-api-key": READER},
    ],
)
@pytest.mark.parametrize("anonymous", [True, False])
async def test_a_wrong_key_is_refused_even_where_none_is_needed(
    services: FakeServices, headers: dict[str, str], anonymous: bool
) -> None:
    async with client_of(services, HttpOptions(anonymous=anonymous)) as client:
        assert (await client.post("/graphql", json=QUERY, headers=headers)).status_code == 401


async def test_a_key_is_never_logged_or_echoed(guarded: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    response = await guarded.post("/graphql", json=QUERY, headers={"x-api-key": "cwk_topsecret"})
    assert "topsecret" not in response.text + str(response.headers) + "".join(capsys.readouterr())


async def test_metrics_need_what_queries_need(guarded: httpx.AsyncClient) -> None:
    assert (await guarded.get("/metrics")).status_code == 401
    assert (await guarded.get("/metrics", headers={"x-api-key": READER})).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/", "/static/start.css"])
async def test_health_and_pages_are_open(guarded: httpx.AsyncClient, path: str) -> None:
    assert (await guarded.get(path)).status_code == 200


async def test_the_door_opens_wider_for_a_higher_role_only(services: FakeServices) -> None:
    from starlette.requests import Request

    from candlewick.graphql.http.access import Access
    from candlewick.graphql.http.faults import HttpFault
    from candlewick.graphql.http.pace import Pace

    access = Access(services.keys, anonymous=True, pace=Pace(services.rates))

    def asking(secret: str) -> Request:
        return Request({"type": "http", "headers": [(b"x-api-key", secret.encode())]})

    assert (key := await access.admit(asking(SECRET), Role.OPERATOR))
    assert key.role is Role.OPERATOR
    with pytest.raises(HttpFault) as refusal:
        await access.admit(asking(READER), Role.OPERATOR)
    assert (refusal.value.status, refusal.value.code) == (403, "FORBIDDEN")
    with pytest.raises(HttpFault) as refusal:
        await access.admit(Request({"type": "http", "headers": []}), Role.OPERATOR)
    assert refusal.value.status == 401
