"""What is told of the schema is what the stock executor tells, and soon enough."""

from __future__ import annotations

import pytest
from graphql import get_introspection_query
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as StockExecutor

from candlewick.graphql.executor import Executor
from unit.graphql.fakes import FakeServices
from unit.graphql.results.differential import prepared, run

WHOLE = get_introspection_query(
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
    one_of=True,
)
NARROW = """query ($all: Boolean = true, $no: Boolean = false) {
  __schema { types { kind name ...T fields(includeDeprecated: $all) { n: name type { ...T } d: isDeprecated } } }
  one: __type(name: "Candle") { __typename kind fields { name type { kind name @skip(if: $no) ofType { name } } } }
  two: __type(name: "Candle") { ofType { name } fields { type { name } args { defaultValue type { kind } } } }
  none: __type(name: "Nothing") { name }
}
fragment T on __Type { name @include(if: $all) ofType { kind ofType { name description } } }"""


@pytest.mark.parametrize("query", [WHOLE, NARROW])
async def test_the_schema_is_told_alike(query: str) -> None:
    made, services = prepared(query), FakeServices()
    ours, again, stock = [await run(kind, made, services, {}) for kind in (Executor, Executor, StockExecutor)]
    assert str(ours) == str(again) == str(stock)
    assert not stock[1]


async def test_what_variables_decide_of_it_is_decided_each_time() -> None:
    made, services = prepared(NARROW), FakeServices()
    for decided in ({"all": False}, {"all": True}, {"no": True}, {"all": False}):
        ours, stock = [await run(kind, made, services, decided) for kind in (Executor, StockExecutor)]
        assert str(ours) == str(stock)
