"""Which pages may ask, and what they may not have done for them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from candlewick.graphql.app import HttpOptions
from candlewick.graphql.http.options import AccessOptions
from unit.graphql.conftest import client_of
from unit.graphql.fakes import FakeServices
from unit.graphql.sockets import Socket, connected, serving

APP, EVIL = "https://app.example.org", "https://evil.example"
QUERY = {"query": "{ __typename }"}
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}


def open_to(*origins: str) -> HttpOptions:
    return HttpOptions(anonymous=True, access=AccessOptions(origins=origins))


@pytest.fixture
async def named(services: FakeServices) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(services, open_to(APP)) as client:
        yield client


@pytest.mark.parametrize("origin", [EVIL, "null", "http://app.example.org", f"{APP}:8443", "https://test.evil.example"])
@pytest.mark.parametrize("path", ["/graphql", "/import", "/metrics"])
async def test_a_page_of_another_origin_is_refused(named: httpx.AsyncClient, origin: str, path: str) -> None:
    response = await named.post(path, json=QUERY, headers={"origin": origin})
    assert response.status_code == 403
    assert response.json()["errors"][0]["extensions"] == {"code": "FORBIDDEN", "origin": origin}
    assert "access-control-allow-origin" not in response.headers


async def test_what_an_origin_says_is_shown_as_text(named: httpx.AsyncClient) -> None:
    response = await named.post("/graphql", json=QUERY, headers=[(b"origin", b"https://\xff" + b"x" * 500)])
    assert response.status_code == 403
    assert len(response.json()["errors"][0]["extensions"]["origin"]) == 100


async def test_a_foreign_preflight_allows_nothing(named: httpx.AsyncClient) -> None:
    response = await named.options("/graphql", headers=PREFLIGHT | {"origin": EVIL})
    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("access-control-")]


async def test_a_named_origin_may_ask_and_read(named: httpx.AsyncClient) -> None:
    preflight = await named.options("/graphql", headers=PREFLIGHT | {"origin": APP})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == APP
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    response = await named.post("/graphql", json=QUERY, headers={"origin": APP})
    assert response.json()["data"] == {"__typename": "Query"}
    assert response.headers["access-control-allow-origin"] == APP
    assert "retry-after" in response.headers["access-control-expose-headers"]
    assert "origin" in response.headers["vary"]
    assert "access-control-allow-credentials" not in response.headers


async def test_a_named_origin_can_read_why_it_is_refused(services: FakeServices) -> None:
    async with client_of(services, HttpOptions(access=AccessOptions(origins=(APP,)))) as client:
        response = await client.post("/graphql", json=QUERY, headers={"origin": APP})
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (401, APP)


async def test_any_origin_can_be_let_in(services: FakeServices) -> None:
    async with client_of(services, open_to("*")) as client:
        response = await client.post("/graphql", json=QUERY, headers={"origin": EVIL})
    assert response.headers["access-control-allow-origin"] == EVIL


@pytest.mark.parametrize("origin", ["http://test", "https://test", "http://test:80", "https://TEST:443"])
async def test_our_own_page_may_always_ask(client: httpx.AsyncClient, origin: str) -> None:
    assert (await client.post("/graphql", json=QUERY, headers={"origin": origin})).status_code == 200


async def test_an_origin_that_is_no_url_is_foreign(client: httpx.AsyncClient) -> None:
    assert (await client.post("/graphql", json=QUERY, headers={"origin": "http://[::1"})).status_code == 403


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
async def test_another_sites_picture_runs_no_query(client: httpx.AsyncClient, site: str, status: int) -> None:
    response = await client.get("/graphql?query={__typename}", headers={"sec-fetch-site": site, "accept": "*/*"})
    assert response.status_code == status


async def test_a_link_from_another_site_opens_the_explorer_and_runs_nothing(
    client: httpx.AsyncClient, services: FakeServices
) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "accept": "text/html,*/*;q=0.8"}
    response = await client.get("/graphql?query={instruments{nodes{key}}}", headers=headers)
    assert response.headers["content-type"].startswith("text/html")
    assert not services.instruments.calls


@pytest.mark.parametrize(("origin", "accepted"), [(APP, True), ("http://test", True), (EVIL, False), ("null", False)])
async def test_sockets_are_for_the_same_pages(services: FakeServices, origin: str, accepted: bool) -> None:
    async with serving(services, open_to(APP)) as app:
        if accepted:
            async with connected(app, origin=origin) as socket:
                await socket.begin()
            return
        refused = Socket(app, origin=origin)
        await refused.run()
        assert (await refused.take())["type"] == "websocket.close"
