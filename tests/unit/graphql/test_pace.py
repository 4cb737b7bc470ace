"""How often one may ask, and who counts as one."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import httpx
import pytest

from candlewick.domain.rate import Rate
from candlewick.graphql.app import HttpOptions, create_app
from candlewick.graphql.http.options import AccessOptions
from candlewick.graphql.http.pace import subject_of
from unit.graphql.fakes import READER, SECRET, FakeServices
from unit.graphql.sockets import Socket, connected, serving

QUERY = {"query": "{ __typename }"}
PER_ADDRESS, PER_KEY = Rate(6), Rate(2)
PROXIES = (ip_network("10.0.0.0/8"),)


def paced(**access: Any) -> HttpOptions:
    return HttpOptions(anonymous=True, access=AccessOptions(per_address=PER_ADDRESS, **access))


def client_from(
    address: str, services: FakeServices, options: HttpOptions | None = None, **headers: str
) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(services, options or paced(per_key=PER_KEY)), client=(address, 1))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers=named)


async def statuses(client: httpx.AsyncClient, times: int, **options: Any) -> list[int]:
    return [(await client.post("/graphql", json=QUERY, **options)).status_code for _ in range(times)]


async def test_an_address_that_asks_too_often_is_told_when_to_come_back(services: FakeServices) -> None:
    async with client_from("192.0.2.1", services) as client:
        assert await statuses(client, 6) == [200] * 6
        response = await client.post("/graphql", json=QUERY)
    assert response.status_code == 429
    assert response.headers["retry-after"] == "10"
    assert response.headers["cache-control"] == "no-store"
    error = response.json()["errors"][0]
    assert error["extensions"] == {
        "code": "RATE_LIMITED",
        "policy": "address",
        "limit": 6,
        "windowSeconds": 60.0,
        "retryAfterSeconds": 10,
    }
    assert "Try again in 10 s" in error["message"]


async def test_who_waits_is_served_again(services: FakeServices) -> None:
    async with client_from("192.0.2.1", services) as client:
        await statuses(client, 6)
        services.clock.moment += timedelta(seconds=10)
        assert await statuses(client, 2) == [200, 429]


async def test_another_address_is_not_meant(services: FakeServices) -> None:
    app = create_app(services, paced())
    for address in ("192.0.2.1", "192.0.2.2"):
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app, client=(address, 1)), base_url="http://test"
        ) as client:
            assert await statuses(client, 7) == [200] * 6 + [429]


async def test_a_key_has_a_rate_of_its_own_wherever_it_comes_from(services: FakeServices) -> None:
    async with client_from("192.0.2.1", services) as one, client_from("192.0.2.2", services) as two:
        key = {"x-api-key": READER}
        assert await statuses(one, 1, headers=key) + await statuses(two, 2, headers=key) == [200, 200, 429]
        assert await statuses(two, 1, headers={"authorization": f"Bearer {SECRET}"}) == [200]


async def test_guessing_keys_is_asking(services: FakeServices) -> None:
    async with client_from("192.0.2.1", services) as client:
        found = [await statuses(client, 1, headers={"x-api-key": f"guess{number}"}) for number in range(8)]
    assert found == [[401]] * 6 + [[429]] * 2
    assert len(services.keys.calls) == 6


async def test_a_response_says_what_is_left(services: FakeServices) -> None:
    async with client_from("192.0.2.1", services) as client:
        response = await client.post("/graphql", json=QUERY, headers={"x-api-key": READER})
    assert response.headers["ratelimit-policy"] == '"address";q=6;w=60, "key";q=2;w=60'
    assert response.headers["ratelimit"] == '"address";r=5;t=10, "key";r=1;t=30'


async def test_without_rates_nothing_is_said_or_asked(services: FakeServices) -> None:
    async with client_from("192.0.2.1", services, HttpOptions(anonymous=True)) as client:
        response = await client.post("/graphql", json=QUERY)
    assert "ratelimit" not in response.headers


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/", "/static/start.css"])
async def test_health_and_pages_are_not_counted(services: FakeServices, path: str) -> None:
    async with client_from("192.0.2.1", services) as client:
        assert {(await client.get(path)).status_code for _ in range(20)} == {200}


@pytest.mark.parametrize("path", ["/metrics", "/import/1"])
async def test_what_needs_a_key_is_counted(services: FakeServices, path: str) -> None:
    async with client_from("192.0.2.1", services) as client:
        assert [(await client.get(path)).status_code for _ in range(7)][-1] == 429


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_an_ipv6_network_counts_as_one(address: str, subject: str) -> None:
    assert subject_of(address) == subject


@pytest.mark.parametrize(
    ("peer", "passed", "counted"),
    [
        ("10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "198.51.100.1, 192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("10.0.0.1", "192.0.2.7:4711", "192.0.2.7"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::/64"),
        ("::ffff:10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, unknown, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("192.0.2.9", "198.51.100.1", "192.0.2.9"),
    ],
)
async def test_only_a_trusted_proxy_says_who_asks(services: FakeServices, peer: str, passed: str, counted: str) -> None:
    async with client_from(peer, services, paced(proxies=PROXIES), x_forwarded_for=passed) as client:
        await statuses(client, 1)
    assert [subject for _, subject in services.rates._until] == [counted]


async def test_several_lines_of_a_proxy_are_one_list(services: FakeServices) -> None:
    lines = [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "192.0.2.7")]
    async with client_from("10.0.0.1", services, paced(proxies=PROXIES)) as client:
        await client.post("/graphql", json=QUERY, headers=lines)
    assert [subject for _, subject in services.rates._until] == ["192.0.2.7"]


async def test_a_socket_is_counted_when_it_connects(services: FakeServices) -> None:
    async with serving(services, paced(per_key=PER_KEY)) as app:
        for _ in range(6):
            async with connected(app):
                pass
        refused = Socket(app)
        await refused.run()
        start = await refused.take()
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 429)
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    assert headers["retry-after"] == "10"
    assert headers["ratelimit"] == '"address";r=0;t=60'


async def test_a_key_is_counted_when_a_socket_says_it(services: FakeServices) -> None:
    async with serving(services, paced(per_key=PER_KEY)) as app:
        for _ in range(2):
            async with connected(app) as socket:
                await socket.begin(authorization=f"Bearer {READER}")
        async with connected(app) as socket:
            socket.send("connection_init", payload={"authorization": f"Bearer {READER}"})
            code, reason = await socket.closed()
    assert code == 1013
    assert "Try again in" in reason


async def test_each_operation_of_a_socket_is_counted(services: FakeServices) -> None:
    async with serving(services, paced(per_key=PER_KEY)) as app, connected(app) as socket:
        await socket.begin()
        for number in range(5):
            socket.subscribe(str(number), "{ __typename }")
            assert await socket.data()
            assert (await socket.receive())["type"] == "complete"
        socket.subscribe("6", "{ __typename }")
        message = await socket.receive()
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
