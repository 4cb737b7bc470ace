"""Documents that are meant to cost: each is refused for less than it costs to send."""

from __future__ import annotations

from time import process_time
from typing import Any

import pytest
from graphql import get_introspection_query

from candlewick.graphql.documents import Documents
from candlewick.graphql.limits import Limits
from candlewick.graphql.schema import core, schema

BOMB = (
    "query B { ...F0 } "
    + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(25))
    + " fragment F25 on Query { service { version } }"
)
CYCLE = "query C { ...A } fragment A on Query { ...B ...B } fragment B on Query { ...A ...A }"
WIDE = "{ a: instruments { nodes { " + "base { code } " * 400 + "} } }"
HOSTILE = {
    "tokens": "{ " + "service { version } " * 900 + "}",
    "nesting": "{ a" + "(a: [" * 40 + "]" * 40 + ")}",
    "deep": "{" * 20_000,
    "directives": "{ service " + "@skip(if: true) " * 60 + "{ version } }",
    "name": "{ " + "a" * 129 + " }",
    "number": "{ instruments(first: " + "9" * 5000 + ") { nodes { key } } }",
    "aliases": "{ service { " + " ".join(f"a{n}: version" for n in range(51)) + " } }",
    "fields": "{ service { " + "version " * 500 + "} }",
    "root fields": "{ " + "service { version } " * 31 + "}",
    "root fields of a fragment": "{ ...F } fragment F on Query { " + "service { version } " * 31 + "}",
    "depth": "{ instruments { nodes " * 1 + "{ venue " * 12 + "{ code }" + "}" * 12 + "} }",
    "definitions": "{ service { version } } " + "fragment F on Query { service { version } } " * 30,
    "variables": "query V(" + " ".join(f"$v{n}: Int" for n in range(51)) + ") { service { version } }",
    "bomb": BOMB,
    "cycle": CYCLE,
    "introspected width": "{ __schema { types { " + "name " * 501 + "} } }",
    "introspected depth": "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
    "unused fragment": "{ service { version } } fragment F on ServiceInfo { " + "version " * 501 + "}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_refused_at_once(name: str) -> None:
    documents = Documents(core(schema), Limits())
    start = process_time()
    prepared = documents.prepare(HOSTILE[name])
    assert process_time() - start < 2  # milliseconds, on a machine with nothing else to do
    assert prepared.errors
    assert prepared.errors[0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


def test_a_bound_is_told_with_the_facts() -> None:
    [error] = Documents(core(schema), Limits()).prepare(HOSTILE["fields"]).errors
    assert error["extensions"] | {"limit": 500, "actual": 501} == error["extensions"]


def test_a_generators_introspection_is_within_bounds() -> None:
    query = get_introspection_query(specified_by_url=True, input_value_deprecation=True, schema_description=True)
    assert not Documents(core(schema), Limits()).prepare(query).errors


async def test_introspection_is_answered(ask: Any) -> None:
    answer = await ask(get_introspection_query())
    assert answer["data"]["__schema"]["queryType"]["name"] == "Query"


async def test_a_clients_introspection_may_have_a_query_beside_it(ask: Any) -> None:
    answer = await ask("{ __schema { types { fields { args { type { ofType { ofType { name } } } } } } } __typename }")
    assert "errors" not in answer


def test_the_same_text_is_parsed_and_validated_once() -> None:
    documents = Documents(core(schema), Limits())
    assert documents.prepare("{ service { version } }") is documents.prepare("{ service { version } }")
    assert (documents.recent.hits, documents.recent.misses) == (1, 1)


def test_only_so_many_documents_are_remembered() -> None:
    documents = Documents(core(schema), Limits(document_bytes=60))
    for number in range(10):
        documents.prepare(f"{{ a{number}: __typename }}")
    assert (len(documents.recent), documents.recent.bytes) == (3, 54)


def test_a_document_that_is_used_is_remembered() -> None:
    documents = Documents(core(schema), Limits(document_bytes=60))
    used = documents.prepare("{ used: __typename }")
    for number in range(10):
        documents.prepare(f"{{ a{number}: __typename }}")
        assert documents.prepare("{ used: __typename }") is used


def test_a_document_larger_than_all_room_is_not_remembered() -> None:
    documents = Documents(core(schema), Limits(document_bytes=10))
    assert not documents.prepare("{ service { version } }").errors
    assert (len(documents.recent), documents.recent.bytes) == (0, 0)


async def test_equal_requests_are_parsed_and_validated_once(client: Any, ask: Any) -> None:
    answers = [await ask("{ service { version } }") for _ in range(3)]
    page = (await client.get("/metrics")).text
    assert answers[0] == answers[1] == answers[2]
    assert "candlewick_graphql_documents_hits 2.0" in page
    assert "candlewick_graphql_documents_misses 1.0" in page
