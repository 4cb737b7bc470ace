"""Responses: orjson, the negotiated media type and the status that goes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
from starlette.responses import Response

from candlewick.graphql.errors import Formatted, fault
from candlewick.graphql.execution import Answer
from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.http.media import GRAPHQL, JSON


class JsonResponse(Response):
    """Any value as JSON, never cached."""

    def __init__(
        self, content: object, status: int = 200, media_type: str = JSON, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(
            orjson.dumps(content),
            status,
            {"cache-control": "no-store", **(headers or {})},
            f"{media_type}; charset=utf-8",
        )


def answered(answer: Answer, media_type: str) -> JsonResponse:
    """What became of an operation."""
    if answer.executed:
        return JsonResponse(answer.body, media_type=media_type)
    return not_run(answer.errors, media_type, 503 if answer.timed_out else 400)


def not_run(errors: Sequence[Formatted], media_type: str, status: int = 400) -> JsonResponse:
    """A request that did not become an execution: no `data`. application/json promises 200 for it."""
    return JsonResponse({"errors": errors}, status if media_type == GRAPHQL else 200, media_type)


def refused(exc: HttpFault, media_type: str = JSON) -> JsonResponse:
    """A request that is no GraphQL request, or not allowed."""
    return JsonResponse({"errors": [fault(exc.message, exc.code, **exc.facts)]}, exc.status, media_type, exc.headers)
