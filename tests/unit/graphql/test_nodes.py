"""Ids: opaque, the same every time, and of whatever has one."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import pytest
from graphql import GraphQLInterfaceType

from candlewick.graphql.app import HttpOptions
from candlewick.graphql.schema import core, schema
from unit.graphql.backtests import keep_one
from unit.graphql.conftest import client_of
from unit.graphql.fakes import SECRET, FakeJobs, FakeServices, a_job

EVERY = """query {
  instruments(first: 1) { nodes { id base { id } venue { id } } } jobs(first: 1) { nodes { id } }
  deadLetters(first: 1) { nodes { id } } backtests(first: 1) { nodes { id } } sources { id }
}"""


async def ids_of(services: FakeServices) -> dict[str, str]:
    """One id of each kind, by the kind that `node` says it is."""
    services.jobs = FakeJobs(a_job(7))
    keep_one(services)
    data = await operator(services, EVERY)
    [instrument] = data["instruments"]["nodes"]
    found = [
        instrument["id"], instrument["base"]["id"], instrument["venue"]["id"], data["jobs"]["nodes"][0]["id"],
        data["deadLetters"]["nodes"][0]["id"], data["sources"][0]["id"], data["backtests"]["nodes"][0]["id"],
    ]  # fmt: skip
    return {(await node(services, each))["__typename"]: each for each in found}


async def operator(services: FakeServices, query: str, **variables: object) -> Any:
    async with client_of(services, HttpOptions(anonymous=True)) as client:
        headers = {"authorization": f"Bearer {SECRET}"}
        answer = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    assert "errors" not in answer.json(), answer.json()
    return answer.json()["data"]


async def node(services: FakeServices, given: str) -> Any:
    return (await operator(services, "query N($id: ID!) { node(id: $id) { __typename id } }", id=given))["node"]


async def test_every_type_that_is_a_node_is_found_by_its_id(services: FakeServices) -> None:
    interface = core(schema).type_map["Node"]
    assert isinstance(interface, GraphQLInterfaceType)
    kinds = {type_.name for type_ in core(schema).get_possible_types(interface)}
    found = await ids_of(services)
    assert found.keys() == kinds
    for kind, given in found.items():
        assert await node(services, given) == {"__typename": kind, "id": given}


async def test_ids_stay_and_differ(services: FakeServices) -> None:
    found = await ids_of(services)
    assert found == await ids_of(services)
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize(
    "given",
    ["", "1", "binance:BTC-USDT", "x" * 5000, "\x00", *(
        urlsafe_b64encode(text.encode()).decode().rstrip("=")
        for text in ("Instrument", "Instrument:", "Instrument:-1", "Instrument:1e3", "Candle:1", f"Job:{10**12}",
                     "Source:../x", "Instrument:1 OR 1=1", "Instrument:\u0661")
    )],
)  # fmt: skip
async def test_what_is_no_id_is_refused(ask: Any, given: str) -> None:
    answer = await ask("query N($id: ID!) { node(id: $id) { id } }", id=given)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert answer["data"] == {"node": None}


async def test_an_id_of_something_that_is_gone_is_null(ask: Any) -> None:
    gone = urlsafe_b64encode(b"Instrument:999999").decode().rstrip("=")
    answer = await ask("query N($id: ID!) { node(id: $id) { id } }", id=gone)
    assert (answer["data"], "errors" in answer) == ({"node": None}, False)
