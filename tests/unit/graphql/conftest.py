"""The application over fakes, and a client for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from candlewick.graphql.app import HttpOptions, create_app
from unit.graphql.fakes import FakeServices

type Ask = Callable[..., Any]


def client_of(services: FakeServices, options: HttpOptions) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(services, options), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()


@pytest.fixture
def options() -> HttpOptions:
    return HttpOptions(anonymous=True)


@pytest.fixture
async def client(services: FakeServices, options: HttpOptions) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(services, options) as opened:
        yield opened


@pytest.fixture
def ask(client: httpx.AsyncClient) -> Ask:
    """Run a query; the decoded response."""

    async def run(query: str, **variables: object) -> dict[str, Any]:
        response = await client.post("/graphql", json={"query": query, "variables": variables})
        answer: dict[str, Any] = response.json()
        return answer

    return run
