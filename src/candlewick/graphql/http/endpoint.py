"""The /graphql endpoint over HTTP: one operation a request, by POST, or by GET for queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from graphql import OperationDefinitionNode, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from candlewick import web
from candlewick.domain.errors import ServiceError
from candlewick.graphql.errors import internal, unavailable
from candlewick.graphql.execution import Execution, NotExecutable, Operation
from candlewick.graphql.http.access import Access
from candlewick.graphql.http.caching import Caching, kept
from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.http.media import GRAPHQL, HTML, JSON, choose
from candlewick.graphql.http.origins import check_site
from candlewick.graphql.http.parameters import read_parameters
from candlewick.graphql.http.responses import answered, not_run, refused

log = structlog.get_logger(__name__)
_METHODS: Final = ("GET", "HEAD", "POST")


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """Turns requests into operations and operations into responses."""

    execution: Execution
    access: Access
    caching: Caching
    explorer: bool = True
    """Whether browsers get GraphiQL at this address."""

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
            raise HttpFault(
                405,
                "Use POST, or GET for queries.",
                headers={"allow": ", ".join(_METHODS)},
                facts={"allowed": _METHODS},
            )
        if request.method != "POST" and _is_page(request):
            return self._page()
        check_site(request)
        media_type = choose(request.headers.get("accept"), JSON, GRAPHQL)
        caller = await self.access.admit(request)
        parameters = await read_parameters(request, self.execution.documents.limits)
        prepared = self.execution.documents.asked(parameters, caller)
        _check_method(request, prepared.operations(parameters.operation_name))
        try:
            operation = Operation.of(prepared, parameters)
        except NotExecutable as exc:
            return not_run(exc.errors, media_type)
        if request.method == "POST":
            return answered(await self.execution.run(operation, caller, trace_id), media_type)
        control = await self.caching.control(operation, caller)
        answer = await self.execution.run(operation, caller, trace_id)
        response = answered(answer, media_type)
        return response if answer.errors else kept(request, response, control)

    def _page(self) -> Response:
        if not self.explorer:
            raise HttpFault(404, "There is no explorer here: send queries by POST.", "NOT_FOUND")
        return web.explorer()


def _is_page(request: Request) -> bool:
    """Whether a browser's address bar asks, and not a client."""
    accept = request.headers.get("accept", "")
    return HTML in accept and choose(accept, JSON, GRAPHQL, HTML) == HTML


def _check_method(request: Request, operations: Sequence[OperationDefinitionNode]) -> None:
    kinds = {operation.operation for operation in operations}
    if request.method != "POST" and kinds - {OperationType.QUERY}:
        raise HttpFault(
            405, "Only a query is run by GET: use POST.", headers={"allow": "POST"}, facts={"allowed": ["POST"]}
        )
    if OperationType.SUBSCRIPTION in kinds:
        raise HttpFault(400, "Subscriptions are served over a websocket at this address: graphql-transport-ws.")
