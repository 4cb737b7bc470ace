"""What operators look at: health, readiness, metrics."""

from __future__ import annotations

import httpx
import structlog
from prometheus_client import CollectorRegistry

from candlewick.domain.job import JobStatus
from candlewick.graphql.app import HttpOptions
from candlewick.graphql.metrics import Metrics
from candlewick.graphql.types.node import NodeId
from unit.graphql.conftest import client_of
from unit.graphql.fakes import FakeJobs, FakeServices, a_job
from unit.graphql.sockets import connected, serving


async def test_the_process_says_that_it_lives(client: httpx.AsyncClient) -> None:
    response = await client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "alive"})


async def test_ready_means_every_component_is(client: httpx.AsyncClient) -> None:
    response = await client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["status"] == "ready"


async def test_a_component_that_is_not_ready_is_named_with_its_reason(
    client: httpx.AsyncClient, services: FakeServices
) -> None:
    services.service.components["redis"] = "does not answer"
    response = await client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["components"] == {"database": "ready", "migrations": "ready", "redis": "not ready"}


async def test_a_probe_that_breaks_is_not_ready(client: httpx.AsyncClient, services: FakeServices) -> None:
    async def broken() -> dict[str, str | None]:
        raise RuntimeError("secret")

    services.service.ready = broken
    with structlog.testing.capture_logs() as logs:
        response = await client.get("/readyz")
    assert response.status_code == 503
    assert "secret" not in response.text
    assert logs[0]["event"] == "readiness_failed"


async def test_operations_are_counted_by_name_and_outcome(services: FakeServices) -> None:
    registry = CollectorRegistry()
    async with client_of(services, HttpOptions(anonymous=True, registry=registry)) as client:
        await client.post("/graphql", json={"query": "query Mine { __typename }"})
        await client.post("/graphql", json={"query": '{ instrument(key: "x") { key } }'})
        await client.get("/somewhere/else")
        page = (await client.get("/metrics")).text
    assert 'candlewick_graphql_operations_total{operation="Mine",outcome="succeeded"} 1.0' in page
    assert 'candlewick_graphql_operations_total{operation="anonymous",outcome="failed"} 1.0' in page
    assert 'candlewick_http_requests_total{method="POST",route="/graphql",status="200"} 2.0' in page
    assert 'route="other"' in page
    assert "candlewick_graphql_operations_in_flight 0.0" in page
    assert registry.get_sample_value("candlewick_graphql_operation_seconds_count", {"operation": "Mine"}) == 1


async def test_sockets_subscriptions_and_events_are_counted(services: FakeServices) -> None:
    registry = CollectorRegistry()
    job = str(NodeId("Job", 1))
    services.jobs = FakeJobs(a_job(status=JobStatus.SUCCEEDED), a_job(2))
    options = HttpOptions(anonymous=True, registry=registry)
    async with serving(services, options) as app, connected(app) as socket:
        await socket.begin()
        socket.subscribe("1", "subscription Followed($id: ID!) { job(id: $id) { status } }", id=job)
        while (await socket.receive())["type"] != "complete":
            pass
        socket.subscribe("2", "subscription ($id: ID!) { job(id: $id) { status } }", id=str(NodeId("Job", 2)))
        await socket.data()
        values = [registry.get_sample_value(f"candlewick_graphql_{name}") for name in ("sockets", "subscriptions")]
    assert values == [1, 1]
    assert registry.get_sample_value("candlewick_graphql_events_total", {"operation": "Followed"}) == 1
    ended = {"operation": "Followed", "outcome": "succeeded"}
    assert registry.get_sample_value("candlewick_graphql_operations_total", ended) == 1
    assert registry.get_sample_value("candlewick_graphql_subscriptions") == 0


def test_names_that_clients_make_up_do_not_fill_the_registry() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    for number in range(500):
        with metrics.operation(f"Made{number}") as outcome:
            outcome.failed = False
    labels = {
        sample.labels["operation"]
        for metric in registry.collect()
        for sample in metric.samples
        if "operation" in sample.labels
    }
    assert len(labels) == 101
    assert "other" in labels
