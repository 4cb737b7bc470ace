"""Sources: what they are, and how it stands with them."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client import CollectorRegistry

from candlewick.domain.errors import DatabaseUnavailable
from candlewick.domain.source import (
    BudgetStatus,
    CircuitState,
    CircuitStatus,
    SourceFigures,
    SourceState,
    SourceStatus,
    StreamStatus,
)
from candlewick.graphql.app import HttpOptions
from unit.graphql.conftest import Ask, client_of
from unit.graphql.fakes import START, FakeServices

MINUTE = timedelta(minutes=1)
ALL = """{ sources {
  code name capabilities status unknown newest lag lastSuccess lastError lastErrorAt openGaps deadLetters
  budgets { name limit span used left pausedFor }
  endpoints { name circuit failures reason retryAt succeededAt }
  streams { name instruments connectedAt heardAt failures lastError }
} }"""
AT = "2024-08-08T00:00:00Z"


def troubled() -> SourceStatus:
    return SourceStatus(
        "binance", SourceState.DEGRADED, SourceFigures(START - MINUTE, START, open_gaps=2, dead_letters=3),
        [CircuitStatus("binance", "/trades", CircuitState.OPEN, 5, "oops", START + MINUTE, START, START, "oops")],
        [StreamStatus("binance", "stream/binance/list", 7, START, START, 0, None, None)],
        [BudgetStatus("binance", 6000, MINUTE, 6100, MINUTE)],
        START, START, "oops",
    )  # fmt: skip


async def test_a_source_says_all_that_is_known_of_it(ask: Ask, services: FakeServices) -> None:
    services.overseer.rows["binance"] = troubled()

    [binance, _] = (await ask(ALL))["data"]["sources"]

    assert binance == {
        "code": "binance", "name": "Binance", "capabilities": ["STREAM", "QUOTES"], "status": "DEGRADED",
        "unknown": None, "newest": "2024-08-07T23:59:00Z", "lag": 60.0, "lastSuccess": AT, "lastError": "oops",
        "lastErrorAt": AT, "openGaps": 2, "deadLetters": 3,
        "budgets": [
            {"name": "binance", "limit": "6000", "span": 60.0, "used": "6100", "left": "0", "pausedFor": 60.0}
        ],
        "endpoints": [
            {
                "name": "/trades", "circuit": "OPEN", "failures": 5, "reason": "oops",
                "retryAt": "2024-08-08T00:01:00Z", "succeededAt": AT,
            }
        ],
        "streams": [
            {
                "name": "stream/binance/list", "instruments": 7, "connectedAt": AT, "heardAt": AT, "failures": 0,
                "lastError": None,
            }
        ],
    }  # fmt: skip


async def test_all_sources_are_looked_at_once(ask: Ask, services: FakeServices) -> None:
    await ask(ALL)

    assert services.overseer.calls == [("statuses", ())]


async def test_what_a_source_is_needs_no_look(ask: Ask, services: FakeServices) -> None:
    await ask("{ sources { code name } }")

    assert services.overseer.calls == []


async def test_a_source_without_data_has_no_lag(ask: Ask) -> None:
    [_, ecb] = (await ask(ALL))["data"]["sources"]

    assert (ecb["status"], ecb["lag"], ecb["newest"]) == ("IDLE", None, None)


async def test_a_source_is_a_node(ask: Ask) -> None:
    [first, _] = (await ask("{ sources { id code } }"))["data"]["sources"]
    query = "query N($id: ID!) { node(id: $id) { id ... on Source { code } } }"

    assert (await ask(query, id=first["id"]))["data"]["node"] == first


async def test_metrics_say_how_it_stands_with_each_source(services: FakeServices) -> None:
    registry = CollectorRegistry()
    services.overseer.rows["binance"] = troubled()
    async with client_of(services, HttpOptions(anonymous=True, registry=registry)) as client:
        await client.get("/metrics")

    values = {
        name: registry.get_sample_value(f"candlewick_source_{name}", {"source": "binance"})
        for name in ("lag_seconds", "open_gaps", "open_circuits", "dead_letters")
    }
    assert values == {"lag_seconds": 60, "open_gaps": 2, "open_circuits": 1, "dead_letters": 3}
    assert registry.get_sample_value("candlewick_source_lag_seconds", {"source": "ecb"}) is None


async def test_what_cannot_be_found_out_is_not_measured_as_it_was(services: FakeServices) -> None:
    registry = CollectorRegistry()
    async with client_of(services, HttpOptions(anonymous=True, registry=registry)) as client:
        await client.get("/metrics")
        services.overseer.failure = DatabaseUnavailable("db", "gone")
        page = await client.get("/metrics")

    assert page.status_code == 200
    assert registry.get_sample_value("candlewick_source_open_gaps", {"source": "binance"}) is None
