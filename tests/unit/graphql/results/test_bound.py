"""Operations with their variables: what is remembered of them is what would be found out again."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as StockExecutor

from candlewick.graphql.bound import Bindings, Bound, NotBound
from candlewick.graphql.executor import Executor
from unit.graphql.fakes import FakeServices
from unit.graphql.results.differential import SCHEMA, prepared, run

PAGE = """query ($key: String! = "binance:BTC-USDT", $last: Int, $spec: BarSpec = {interval: H1}, $range: TimeRange) {
  instrument(key: $key) { candles(spec: $spec, last: $last, range: $range) { nodes { open } pageInfo { endCursor } } }
}"""
DAY = {"from": "2024-08-08T00:00:00Z", "to": "2024-08-09T00:00:00Z"}


def bound(bindings: Bindings, query: str, variables: dict[str, Any] | None = None) -> Bound:
    made = prepared(query)
    document, node = made.document, made.operation(None)
    assert document is not None
    return bindings.of(made.text, node, variables, lambda: Bound.of(SCHEMA, document, node, variables, made.plans))


async def alike(query: str, variables: dict[str, Any]) -> Any:
    """The answer, which is the same three times: with nothing remembered, with all of it, by the stock executor."""
    made, services = prepared(query), FakeServices()
    answers = [await run(kind, made, services, variables) for kind in (Executor, Executor, StockExecutor)]
    assert answers[0] == answers[1] == answers[2]
    return answers[0]


def test_equal_variables_are_bound_once_whatever_their_order() -> None:
    bindings = Bindings(100_000)
    one = bound(bindings, PAGE, {"last": 5, "range": {"from": DAY["from"], "to": DAY["to"]}})
    assert bound(bindings, PAGE, {"range": {"to": DAY["to"], "from": DAY["from"]}, "last": 5}) is one
    assert bound(bindings, PAGE, {"last": 6, "range": DAY}) is not one
    assert bound(bindings, PAGE.replace("open", "high"), {"last": 5, "range": DAY}) is not one


def test_operations_of_one_document_are_bound_apart() -> None:
    bindings, made = Bindings(100_000), prepared("query A { __typename } query B { a: __typename }")
    document = made.document
    assert document is not None
    found = []
    for node in (made.operation("A"), made.operation("B")):
        bind = partial(Bound.of, SCHEMA, document, node, None, made.plans)
        found.append(bindings.of(made.text, node, None, bind))
    assert [each.node.name.value for each in found if each.node.name] == ["A", "B"]


def test_large_variables_are_not_remembered_and_all_together_are_bounded() -> None:
    query = "query ($search: String) { instruments(filter: {search: $search}) { nodes { key } } }"
    bindings = Bindings(2_000)
    large = {"search": "x" * 2_000}
    assert bound(bindings, query, large) is not bound(bindings, query, large)
    small = [bound(bindings, query, {"search": str(number)}) for number in range(50)]
    assert bound(bindings, query, {"search": "49"}) is small[-1]
    assert bound(bindings, query, {"search": "0"}) is not small[0]


def test_variables_that_are_at_fault_are_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(NotBound) as caught:
            bound(Bindings(100_000), PAGE, {"last": "many"})
        assert "$last" in caught.value.errors[0].message


@pytest.mark.parametrize(
    "variables", [{}, {"last": 3}, {"last": 3, "range": DAY}, {"spec": {"time": {"every": "PT2H"}}}, {"key": "x:A-B"}]
)
async def test_arguments_that_are_remembered_are_the_stock_executors(variables: dict[str, Any]) -> None:
    await alike(PAGE, variables)


@pytest.mark.parametrize(
    "variables", [{"last": -1}, {"key": "nonsense"}, {"range": {"from": DAY["to"], "to": DAY["from"]}}, {"last": 10**6}]
)
async def test_what_is_wrong_with_arguments_is_said_each_time(variables: dict[str, Any]) -> None:
    _, errors = await alike(PAGE, variables)
    assert errors


async def test_one_field_of_two_objects_has_its_own_arguments() -> None:
    query = """query ($a: Int = 2, $b: Int = 4) {
      x: instrument(key: "binance:BTC-USDT") { candles(spec: {interval: H1}, last: $a) { nodes { open } } ...F }
      y: instrument(key: "binance:BTC-USDT") { ...F candles(spec: {interval: M1}, last: 1) { nodes { close } } }
    }
    fragment F on Instrument { more: candles(spec: {interval: H1}, last: $b) { nodes { open } } }"""
    data, errors = await alike(query, {})
    assert not errors
    assert [len(data["x"][name]["nodes"]) for name in ("candles", "more")] == [2, 4]
    assert [len(data["y"][name]["nodes"]) for name in ("candles", "more")] == [1, 4]
