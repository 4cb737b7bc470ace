"""How every error looks on the wire.

Codes (`extensions.code`): BAD_REQUEST, PERSISTED_QUERY_NOT_FOUND, UNTRUSTED_DOCUMENT, BAD_USER_INPUT, COST_EXCEEDED,
CURSOR_EXPIRED, GRAPHQL_PARSE_FAILED, GRAPHQL_VALIDATION_FAILED, OPERATION_RESOLUTION_FAILURE, RATE_LIMITED,
UNAUTHENTICATED, FORBIDDEN, WORKERS_BUSY (so much waits for workers that no more is taken: try again),
SERVICE_UNAVAILABLE (something we need does not answer: try again), TIMEOUT and INTERNAL_SERVER_ERROR. The facts of an
error, such as `limit` and `actual`, stand beside its code.
The last three carry a `traceId`: the log has the rest under it. What they hide is their cause, but for workers.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from graphql import GraphQLError

from candlewick.domain.errors import InvalidInput, ServiceError, WorkerFailed, WorkersBusy, WorkerSilent

log = structlog.get_logger(__name__)

type Formatted = dict[str, Any]
_LONGEST_FACT = 200
_LONGEST_MESSAGE = 600


def validation_error(error: GraphQLError) -> Formatted:
    """An error found before execution, as the client sees it: a value is BAD_USER_INPUT, the rest the document's."""
    if isinstance(error.original_error, InvalidInput):
        return _with(error, _facts(error.original_error))
    return _with(error, {"code": "GRAPHQL_VALIDATION_FAILED"} | (error.extensions or {}))


def execution_error(error: GraphQLError, trace_id: str) -> Formatted:
    """An error of a resolver or a variable, as the client sees it."""
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if isinstance(cause, InvalidInput):
        message = str(cause) if error.path else error.message
        return _with(error, _facts(cause), message)
    if cause is None and error.path is None:
        return _with(error, {"code": "BAD_USER_INPUT"} | (error.extensions or {}))
    if isinstance(cause, WorkersBusy | WorkerSilent | WorkerFailed):
        log.warning("workers_did_not_answer", reason=str(cause), path=error.path, trace_id=trace_id)
        code = "WORKERS_BUSY" if isinstance(cause, WorkersBusy) else "SERVICE_UNAVAILABLE"
        return _with(error, {"code": code, **_of(cause), "traceId": trace_id}, str(cause))
    if isinstance(cause, ServiceError):
        log.warning("service_unavailable", reason=str(cause), path=error.path, trace_id=trace_id)
        return _with(error, unavailable(trace_id)["extensions"], unavailable(trace_id)["message"])
    log.error("operation_failed", path=error.path, trace_id=trace_id, exc_info=cause or error)
    return _with(error, internal(trace_id)["extensions"], internal(trace_id)["message"])


def unavailable(trace_id: str) -> Formatted:
    """Something we need does not answer."""
    return fault("the data cannot be reached for now: try again", "SERVICE_UNAVAILABLE", traceId=trace_id)


def introspection_refused(audience: str) -> Formatted:
    """The schema is not for the caller to ask for."""
    whose = "needs an API key" if audience == "keys" else "is off"
    message = f"introspection {whose} here (access.introspection); schema.graphql of the project has all of the schema"
    return fault(message, "FORBIDDEN", audience=audience)


def internal(trace_id: str) -> Formatted:
    """A mistake of ours."""
    return fault("internal error", "INTERNAL_SERVER_ERROR", traceId=trace_id)


def invalid(cause: InvalidInput) -> Formatted:
    """What cannot be had, found before anything is run."""
    return {"message": str(cause)[:_LONGEST_MESSAGE], "extensions": _facts(cause)}


def fault(message: str, code: str, **facts: object) -> Formatted:
    """An error that belongs to no place in the document."""
    return {"message": message, "extensions": {"code": code, **facts}}


def _facts(cause: InvalidInput) -> Formatted:
    return {"code": getattr(cause, "code", "BAD_USER_INPUT"), **_of(cause)}


def _of(cause: InvalidInput | ServiceError) -> Formatted:
    return {_camel(name): _fact(value) for name, value in vars(cause).items() if not name.startswith("_")}


def _fact(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)[:_LONGEST_FACT].encode("utf-8", "replace").decode()


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.title() for word in tail)


def _with(error: GraphQLError, extensions: Formatted, message: str | None = None) -> Formatted:
    formatted: Formatted = dict(error.formatted)
    return formatted | {"message": (message or error.message)[:_LONGEST_MESSAGE], "extensions": extensions}
