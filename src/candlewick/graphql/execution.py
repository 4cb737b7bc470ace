"""Running operations: one way for all transports, from a document to what goes on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import structlog
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    create_source_event_stream,
)

from candlewick.domain.access import ApiKey
from candlewick.domain.errors import InvalidInput
from candlewick.graphql.bound import Bound, NotBound
from candlewick.graphql.context import Context
from candlewick.graphql.cost import Cost
from candlewick.graphql.documents import Documents, OperationNotFound, Prepared
from candlewick.graphql.errors import Formatted, execution_error, fault, invalid
from candlewick.graphql.executor import Executor
from candlewick.graphql.live import Live
from candlewick.graphql.live.feed import Feed
from candlewick.graphql.metrics import Metrics
from candlewick.graphql.parameters import Parameters
from candlewick.graphql.results.plans import Plans
from candlewick.graphql.services import Services

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an operation, or of one event of a subscription."""

    data: dict[str, Any] | None = None
    errors: Sequence[Formatted] = ()
    executed: bool = True
    """False: the request is at fault, or took too long: it has no `data`, not even null."""
    timed_out: bool = False
    cost: Cost | None = None
    """None: of an event, whose subscription was weighed, or of what was not executed."""

    @property
    def body(self) -> Formatted:
        """As the client gets it."""
        if not self.executed:
            return {"errors": self.errors}
        told = {"errors": self.errors, "data": self.data} if self.errors else {"data": self.data}
        return told if self.cost is None else told | {"extensions": {"cost": self.cost.extension}}

    @property
    def encoded(self) -> bytes:
        """The body as JSON."""
        return orjson.dumps(self.body)

    @property
    def silent(self) -> bool:
        """Whether it is of an event of whose kind the client selects nothing."""
        return self.executed and not self.errors and self.data is not None and not any(self.data.values())


class NotExecutable(Exception):
    """The document cannot run. `errors` are as the client sees them."""

    def __init__(self, errors: Sequence[Formatted]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a valid document, with its variables."""

    text: str
    document: DocumentNode
    node: OperationDefinitionNode
    variables: dict[str, Any] | None
    plans: Plans = field(default_factory=Plans)

    @property
    def name(self) -> str | None:
        return self.node.name.value if self.node.name else None

    @property
    def streams(self) -> bool:
        """Whether it answers more than once."""
        return self.node.operation is OperationType.SUBSCRIPTION

    @classmethod
    def of(cls, prepared: Prepared, parameters: Parameters) -> Operation:
        """The operation that the parameters mean.

        Raises:
            NotExecutable: the document has errors, or no such operation.
        """
        if prepared.errors or prepared.document is None:
            raise NotExecutable(prepared.errors)
        try:
            node = prepared.operation(parameters.operation_name)
        except OperationNotFound as exc:
            raise NotExecutable([fault(str(exc), "OPERATION_RESOLUTION_FAILURE")]) from exc
        return cls(prepared.text, prepared.document, node, parameters.variables, prepared.plans)


@dataclass(frozen=True, slots=True)
class Execution:
    """What every operation is run with."""

    schema: GraphQLSchema
    services: Services
    live: Live
    documents: Documents
    metrics: Metrics

    async def run(self, operation: Operation, caller: ApiKey | None, trace_id: str) -> Answer:
        """The answer to a query or a mutation."""
        with self.metrics.operation(operation.name) as outcome:
            answer = await self._answer(operation, self._context(caller), trace_id)
            outcome.failed = bool(answer.errors)
        return answer

    async def open(self, operation: Operation, caller: ApiKey | None, trace_id: str) -> Feed | Answer:
        """The events of a subscription; or the answer that says why there are none."""
        try:
            bound = self._bound(operation)
            self._cost(bound)
        except NotBound as exc:
            return _refused(exc.errors, trace_id)
        except InvalidInput as exc:
            return Answer(errors=[invalid(exc)], executed=False)
        executor = bound.executor(self._context(caller))
        try:
            async with asyncio.timeout(self.documents.limits.operation_seconds):
                found: Any = create_source_event_stream(executor)
                source: AsyncIterable[object] | ExecutionResult = await found if executor.is_awaitable(found) else found
        except TimeoutError:
            return self._timed_out(operation, trace_id)
        if isinstance(source, ExecutionResult):
            return _refused(source.errors or (), trace_id)
        if not isinstance(source, Feed):
            raise TypeError(f"a subscription field returned {type(source).__name__}, which is no Feed")
        return source

    async def tell(self, operation: Operation, event: object, caller: ApiKey | None, trace_id: str) -> Answer:
        """The answer to one event: executed afresh, with loaders and a budget of its own."""
        try:
            bound = self._bound(operation)
        except NotBound as exc:
            return _refused(exc.errors, trace_id)
        return await self._execute(operation, bound.executor(self._context(caller), event), trace_id)

    def failed(self, operation: Operation, error: Exception, trace_id: str) -> Answer:
        """The last answer of a subscription whose events ended with an error."""
        return Answer(errors=[execution_error(_located(error, operation), trace_id)], executed=False)

    def _context(self, caller: ApiKey | None) -> Context:
        return Context.fresh(self.services, self.live, self.documents, caller)

    async def _answer(self, operation: Operation, context: Context, trace_id: str) -> Answer:
        try:
            bound = self._bound(operation)
            cost = self._cost(bound)
        except NotBound as exc:
            return _refused(exc.errors, trace_id)
        except InvalidInput as exc:
            return Answer(errors=[invalid(exc)], executed=False)
        answer = await self._execute(operation, bound.executor(context), trace_id)
        return replace(answer, cost=cost)

    def _bound(self, operation: Operation) -> Bound:
        """The operation with its variables.

        Raises:
            NotBound: these are at fault.
        """

        def bind() -> Bound:
            return Bound.of(
                self.schema,
                operation.document,
                operation.node,
                operation.variables,
                operation.plans,
                hide_suggestions=not self.documents.policy.suggestions,
            )

        return self.documents.bindings.of(operation.text, operation.node, operation.variables, bind)

    def _cost(self, bound: Bound) -> Cost:
        """It follows from the operation and its variables: the same are priced once."""
        if bound.cost is None:
            bound.cost = self.documents.tariff.cost(bound.document, bound.node, bound.values)
        return bound.cost

    async def _execute(self, operation: Operation, executor: Executor, trace_id: str) -> Answer:
        try:
            async with asyncio.timeout(self.documents.limits.operation_seconds):
                found: Any = executor.execute_operation()
                result: ExecutionResult = await found if executor.is_awaitable(found) else found
        except TimeoutError:
            return self._timed_out(operation, trace_id)
        errors = result.errors or ()
        if result.data is None and _before_execution(errors):
            return _refused(errors, trace_id)
        return Answer(result.data, [execution_error(error, trace_id) for error in errors])

    def _timed_out(self, operation: Operation, trace_id: str) -> Answer:
        seconds = self.documents.limits.operation_seconds
        log.warning("operation_timed_out", operation=operation.name, seconds=seconds, trace_id=trace_id)
        error = fault(f"the operation took longer than {seconds:g} s", "TIMEOUT", traceId=trace_id)
        return Answer(errors=[error], executed=False, timed_out=True)


def _refused(errors: Sequence[GraphQLError], trace_id: str) -> Answer:
    return Answer(errors=[execution_error(error, trace_id) for error in errors], executed=False)


def _before_execution(errors: Sequence[GraphQLError]) -> bool:
    """Whether the request was at fault: no resolver has run, so no error has a path."""
    return all(error.path is None for error in errors)


def _located(error: Exception, operation: Operation) -> GraphQLError:
    """The error, at the subscription's one field."""
    fields = [node for node in operation.node.selection_set.selections if isinstance(node, FieldNode)]
    path = [(field.alias or field.name).value for field in fields[:1]]
    return GraphQLError(str(error), nodes=fields[:1], path=path, original_error=error)
