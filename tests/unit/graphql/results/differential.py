"""The same operation by our executor and by the stock one."""

from __future__ import annotations

from typing import Any

import orjson
from graphql import ExecutionResult
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as StockExecutor

from candlewick.graphql.bound import Bindings, Bound
from candlewick.graphql.context import Context
from candlewick.graphql.documents import Documents, Prepared
from candlewick.graphql.executor import Executor
from candlewick.graphql.limits import Limits
from candlewick.graphql.live import Live
from candlewick.graphql.schema import core, schema
from unit.graphql.fakes import FakeServices

SCHEMA = core(schema)
ROOMY = Limits(aliases=500, fields=5000, directives=500)
BINDINGS = Bindings(ROOMY.document_bytes)


def prepared(query: str) -> Prepared:
    """The document, which is valid."""
    made = Documents(SCHEMA, ROOMY).prepare(query)
    assert not made.errors, made.errors
    return made


async def run(
    kind: type[StockExecutor], made: Prepared, services: FakeServices, variables: dict[str, Any]
) -> tuple[Any, list[Any]]:
    """Data and errors, as they go on the wire."""
    documents = Documents(SCHEMA, ROOMY)
    context = Context.fresh(services, Live.over(services), documents)
    assert made.document is not None
    executor: Any = (
        _ours(made, variables).executor(context)
        if kind is Executor
        else kind.build(
            SCHEMA,
            made.document,
            None,
            context,
            variables,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
        )
    )
    found = executor.execute_operation()
    result: ExecutionResult = await found if executor.is_awaitable(found) else found
    errors = [error.formatted for error in result.errors or ()]
    return orjson.loads(orjson.dumps(result.data)), sorted(errors, key=str)


def _ours(made: Prepared, variables: dict[str, Any]) -> Bound:
    """Bound once, if it was asked for just now: what is remembered of it runs the second time."""
    document, node = made.document, made.operation(None)
    assert document is not None
    return BINDINGS.of(made.text, node, variables, lambda: Bound.of(SCHEMA, document, node, variables, made.plans))
