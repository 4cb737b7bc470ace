"""What an operation costs, known before any of it is run."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
from graphql import OperationDefinitionNode, get_introspection_query, parse, validate
from graphql.execution import VariableValues, get_variable_values

from candlewick.graphql.cost import Tariff
from candlewick.graphql.faults import CostExceeded, PageOutOfBounds
from candlewick.graphql.limits import Limits
from candlewick.graphql.schema import core, schema
from unit.graphql.fakes import FakeServices

SCHEMA = core(schema)
TARIFF = Tariff(SCHEMA, 10**9)
CANDLES = "instrument(key: $key) { candles(spec: {interval: M1}, %s) { nodes { open close } } }"
DAY = '{from: "2024-08-08T00:00:00Z", to: "2024-08-09T00:00:00Z"}'


def cost(query: str, tariff: Tariff = TARIFF, **variables: object) -> int:
    document = parse(query)
    assert not validate(SCHEMA, document)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    values = get_variable_values(SCHEMA, operation.variable_definitions or (), variables)
    assert isinstance(values, VariableValues)
    return tariff.cost(document, operation, values).actual


def candles(arguments: str, variables: str = "", **given: Any) -> int:
    """How many candles of two fields a page is taken to have."""
    query = f'query Q($key: String! = "a:B-C" {variables}) {{ {CANDLES % arguments} }}'
    return (cost(query, **given) - 13) // 2


def test_a_field_counts_once_for_each_object_that_has_it() -> None:
    assert cost("{ service { version edition } }") == 3
    assert cost("{ instruments(first: 20) { nodes { key symbol } } }") == 12 + 40
    assert cost("{ instruments(first: 20) { nodes { base { code } } pageInfo { endCursor } } }") == 14 + 40


def test_lists_within_lists_multiply() -> None:
    inner = cost('{ instrument(key: "a:B-C") { trades(last: 1000) { nodes { price } } } }') - 1
    assert cost("{ instruments(first: 20) { nodes { trades(last: 1000) { nodes { price } } } } }") == 12 + 20 * inner


def test_nodes_and_edges_are_as_long_as_their_page() -> None:
    assert cost("{ assets(first: 30) { edges { cursor node { code } } } }") == 12 + 30 * 3
    assert cost("{ assets(first: 30) { nodes { code } edges { cursor } } }") == 13 + 60


@pytest.mark.parametrize(
    ("arguments", "variables", "given", "rows"),
    [
        ("last: 1000", "", {}, 1000),
        ("last: $n", ", $n: Int", {"n": 700}, 700),
        ("last: $n", ", $n: Int", {}, 100),
        ("last: $n", ", $n: Int", {"n": None}, 100),
        ("last: $n", ", $n: Int = 8", {}, 8),
        ("last: $n", ", $n: Int = 8", {"n": 900}, 900),
        ("first: $n", ", $n: Int! = 9", {}, 9),
        ("adjust: NONE", "", {}, 100),
        ("last: 1000000", "", {}, 5000),
        (f"range: {DAY}, last: 5000", "", {}, 1440),
        (f"range: {DAY}", "", {}, 100),
        ("range: $span, last: 5000", ", $span: TimeRange", {}, 5000),
    ],
)
def test_a_page_is_as_long_as_execution_will_make_it(
    arguments: str, variables: str, given: dict[str, Any], rows: int
) -> None:
    assert candles(arguments, variables, **given) == rows


@pytest.mark.parametrize(
    ("arguments", "points"),
    [("last: 1000", 1000), ("", 100), (f"range: {DAY}", 1440), (f"range: {DAY}, last: 7", 7)],
)
def test_each_series_of_indicators_has_its_points(arguments: str, points: int) -> None:
    of = '[{name: "rsi"}, {name: "macd"}, {name: "obv"}]'
    query = f'{{ instrument(key: "a:B-C") {{ indicators(spec: {{interval: M1}}, of: {of}, {arguments}) {{ %s }} }} }}'
    assert cost(query % "name points { openTime stable }") == 12 + 3 * (1 + 1 + 2 * points)
    assert cost(query % "points { values }") == 12 + 3 * (1 + 4 * points)


def test_a_default_of_the_schema_counts() -> None:
    assert cost("{ instruments { nodes { key } } }") == cost("{ instruments(first: 50) { nodes { key } } }")


def test_a_fragment_costs_what_it_spreads() -> None:
    fragments = "fragment Page on AssetConnection { nodes { ...A } } fragment A on Asset { code }"
    assert cost("{ assets(first: 7) { ...Page } } " + fragments) == cost("{ assets(first: 7) { nodes { code } } }")


def test_the_same_fragment_costs_what_each_of_its_places_costs() -> None:
    fragment = "fragment Page on AssetConnection { nodes { code } }"
    assert cost("{ a: assets(first: 7) { ...Page } b: assets(first: 70) { ...Page } } " + fragment) == 19 + 82


def test_what_is_merged_in_the_answer_counts_once() -> None:
    assert cost("{ service { version version ...S ...S } } fragment S on ServiceInfo { version }") == 2
    assert cost("{ assets(first: 9) { nodes { code } } assets(first: 9) { nodes { code name } } }") == 12 + 18


def test_an_object_has_one_of_several_types() -> None:
    query = '{ node(id: "x") { id ... on Asset { code name } ... on Venue { code } } }'
    assert cost(query) == 1 + 1 + 2


@pytest.mark.parametrize(("wanted", "expected"), [(True, 3), (False, 2)])
def test_what_is_left_out_costs_nothing(wanted: bool, expected: int) -> None:
    fragment = "fragment E on ServiceInfo { edition }"
    query = "query Q($on: Boolean!) { service { version edition @include(if: $on) } }"
    assert cost(query, on=wanted) == expected
    query = "query Q($off: Boolean!) { service { version ...E @skip(if: $off) } } " + fragment
    assert cost(query, off=not wanted) == expected


def test_bytes_count_too() -> None:
    query = '{ instrument(key: "a:B-C") { trades(last: 10) { nodes { payload { body(first: %d) } } } } }'
    assert cost(query % 1_000_000) - cost(query % 100) == 10 * (10_000 - 1)


def test_an_event_may_carry_a_thousand_rows() -> None:
    query = 'subscription { trades(instruments: ["a:B-C"]) { ... on TradeBatch { trades { price } } } }'
    assert cost(query) == 1 + 1 + 1000


def test_a_generators_introspection_is_affordable_and_many_are_not() -> None:
    tariff = Tariff(SCHEMA, Limits().cost)
    full = get_introspection_query(specified_by_url=True, input_value_deprecation=True, schema_description=True)
    assert 0.7 < cost(full, tariff) / tariff.limit < 0.9
    copies = " ".join(
        f"t{n}: types {{ fields {{ args {{ name description type {{ name kind }} }} }} }}" for n in range(50)
    )
    with pytest.raises(CostExceeded):
        cost(f"{{ __schema {{ {copies} }} }}", tariff)


def test_time_grows_with_the_document_and_not_with_what_it_spreads() -> None:
    levels = " ".join(
        f"fragment F{n} on Instrument {{ a: base {{ ...A }} b: quote {{ ...A }} ...F{n + 1} ...F{n + 1} }}"
        for n in range(40)
    )
    end = " fragment F40 on Instrument { key } fragment A on Asset { code }"
    assert cost(f"{{ instruments(first: 10) {{ nodes {{ ...F0 }} }} }} {levels} {end}") == 12 + 10 * 5


@pytest.mark.parametrize(("arguments", "fits"), [("last: 600", True), ("last: 601", False), ("first: 5000", False)])
def test_a_page_may_be_bounded_further(arguments: str, *, fits: bool) -> None:
    query = f'{{ instrument(key: "a:B-C") {{ trades({arguments}) {{ nodes {{ price }} }} }} }}'
    with nullcontext() if fits else pytest.raises(PageOutOfBounds, match="a page has 1 to 600 rows"):
        cost(query, Tariff(SCHEMA, 10**9, page_rows=600))


async def test_the_answer_says_what_it_cost(ask: Any) -> None:
    answer = await ask("{ instruments(first: 20) { nodes { key } } }")
    assert answer["extensions"]["cost"] == {"limit": 250_000, "actual": 32}


async def test_what_costs_too_much_is_refused_before_anything_is_read(ask: Any, services: FakeServices) -> None:
    answer = await ask(
        "query Q($n: Int!) { instruments(first: 500) { nodes { trades(last: $n) { nodes { price } } } } }", n=5000
    )
    [error] = answer["errors"]
    assert error["extensions"] == {"code": "COST_EXCEEDED", "actual": 12 + 500 * 5012, "limit": 250_000}
    assert "data" not in answer
    assert services.instruments.calls == []
