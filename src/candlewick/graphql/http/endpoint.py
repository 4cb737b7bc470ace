"""The /graphql endpoint: one operation a request, by POST, or by GET for queries."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from graphql import GraphQLError, OperationDefinitionNode, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from candlewick import web
from candlewick.domain.access import ApiKey
from candlewick.domain.errors import ServiceError
from candlewick.graphql.context import Context
from candlewick.graphql.documents import Documents, OperationNotFound
from candlewick.graphql.errors import execution_error, fault, internal, unavailable
from candlewick.graphql.http.access import Access
from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.http.media import GRAPHQL, HTML, JSON, choose
from candlewick.graphql.http.parameters import Parameters
from candlewick.graphql.http.responses import executed, not_run, refused
from candlewick.graphql.metrics import Metrics
from candlewick.graphql.schema import Schema
from candlewick.graphql.services import Services

log = structlog.get_logger(__name__)
_METHODS: Final = ("GET", "HEAD", "POST")


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """Turns requests into operations and operations into responses."""

    schema: Schema
    services: Services
    documents: Documents
    access: Access
    metrics: Metrics

    async def __call__(self, request: Request) -> Response:
        """The response; nothing escapes but cancellation."""
        trace_id: str = request.state.trace_id
        try:
            return await self._respond(request, trace_id)
        except HttpFault as exc:
            return refused(exc)
        except ClientDisconnect:
            return Response(status_code=400)
        except ServiceError as exc:
            log.warning("service_unavailable", reason=str(exc), trace_id=trace_id)
            return not_run([unavailable(trace_id)], GRAPHQL, 503)
        except Exception:  # the last resort: logged in full, told in brief
            log.exception("request_failed", trace_id=trace_id)
            return not_run([internal(trace_id)], GRAPHQL, 500)

    async def _respond(self, request: Request, trace_id: str) -> Response:
        if request.method not in _METHODS:
            raise HttpFault(405, "Use POST, or GET for queries.", headers={"allow": ", ".join(_METHODS)})
        if request.method != "POST" and _is_page(request):
            return web.explorer()
        media_type = choose(request.headers.get("accept"), JSON, GRAPHQL)
        caller = await self.access.admit(request)
        parameters = await Parameters.read(request, self.documents.limits)
        return await self._run(request, parameters, caller, media_type, trace_id)

    async def _run(
        self, request: Request, parameters: Parameters, caller: ApiKey | None, media_type: str, trace_id: str
    ) -> Response:
        prepared = self.documents.prepare(parameters.query)
        _check_method(request, prepared.operations(parameters.operation_name))
        if prepared.errors:
            return not_run(prepared.errors, media_type)
        try:
            operation = prepared.operation(parameters.operation_name)
        except OperationNotFound as exc:
            return not_run([fault(str(exc), "OPERATION_RESOLUTION_FAILURE")], media_type)
        context = Context.fresh(self.services, self.documents, caller)
        with self.metrics.operation(_name(operation)) as outcome:
            response = await self._execute(parameters, _name(operation), context, media_type, trace_id)
            outcome.failed = response.failed
        return response.response

    async def _execute(
        self, parameters: Parameters, name: str | None, context: Context, media_type: str, trace_id: str
    ) -> Answer:
        seconds = self.documents.limits.operation_seconds
        try:
            async with asyncio.timeout(seconds):
                result = await self.schema.execute(
                    parameters.query, parameters.variables, context_value=context, operation_name=name
                )
        except TimeoutError:
            log.warning("operation_timed_out", operation=name, seconds=seconds, trace_id=trace_id)
            error = fault(f"the operation took longer than {seconds:g} s", "TIMEOUT", traceId=trace_id)
            return Answer(not_run([error], media_type, 503), failed=True)
        errors = [execution_error(error, trace_id) for error in result.errors or ()]
        if result.data is None and _before_execution(result.errors or ()):
            return Answer(not_run(errors, media_type), failed=True)
        return Answer(executed(result.data, errors, media_type), failed=bool(errors))


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, and whether it carries errors."""

    response: Response
    failed: bool


def _is_page(request: Request) -> bool:
    """Whether a browser's address bar asks, and not a client."""
    accept = request.headers.get("accept", "")
    return HTML in accept and choose(accept, JSON, GRAPHQL, HTML) == HTML


def _check_method(request: Request, operations: Sequence[OperationDefinitionNode]) -> None:
    kinds = {operation.operation for operation in operations}
    if request.method != "POST" and kinds - {OperationType.QUERY}:
        raise HttpFault(405, "Only a query is run by GET: use POST.", headers={"allow": "POST"})
    if OperationType.SUBSCRIPTION in kinds:
        raise HttpFault(400, "Subscriptions are not served over HTTP.")


def _name(operation: OperationDefinitionNode) -> str | None:
    return operation.name.value if operation.name else None


def _before_execution(errors: Sequence[GraphQLError]) -> bool:
    """Whether variables were at fault: no resolver has run, so no error has a path."""
    return all(error.path is None for error in errors)
