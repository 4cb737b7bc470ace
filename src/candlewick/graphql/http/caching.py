"""What clients may keep of an answer, and how they find out that it is still right (RFC 9111; RFC 9110, section 13).

Only an answer to a GET is kept. Its ETag is a digest of its body, so that whatever changes in it, a late trade, a
repair or a correction, gives it another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from candlewick.domain.access import ApiKey
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window
from candlewick.graphql.execution import Execution, Operation
from candlewick.graphql.settledness import Spans, spans_of

KEPT_FOR: Final = timedelta(minutes=1)
_VARY: Final = "accept, authorization, x-api-key"
_ASK_AGAIN: Final = "private, no-cache"


@dataclass(frozen=True, slots=True)
class Caching:
    """Answers to GET. `kept_for`: how long settled candles may be used without asking again; never, if it is zero."""

    execution: Execution
    kept_for: timedelta = KEPT_FOR

    async def control(self, operation: Operation, caller: ApiKey | None) -> str:
        """The Cache-Control of the answer. Asked before it is run: what changes meanwhile is in the answer, or soon."""
        spans = spans_of(self.execution.schema, operation.document, operation.node, operation.variables)
        if not spans or not self.kept_for or not await self._settled(spans):
            return _ASK_AGAIN
        return f"{'public' if caller is None else 'private'}, max-age={int(self.kept_for.total_seconds())}"

    async def _settled(self, spans: Spans) -> bool:
        services = self.execution.services
        found = await services.instruments.by_keys(list(spans))
        if len(found) < len(spans):
            return False
        windows: Mapping[InstrumentId, Window] = {found[key].id: window for key, window in spans.items()}
        return await services.candles.settled(windows)


def kept(request: Request, response: Response, control: str) -> Response:
    """The response with its ETag, or 304 if the client has it."""
    etag = f'W/"{blake2b(response.body, digest_size=16).hexdigest()}"'
    fields = {"etag": etag, "cache-control": control, "vary": _VARY}
    if _has(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=fields)
    response.headers.update(fields)
    return response


def _has(said: str, etag: str) -> bool:
    opaque = etag.removeprefix("W/")
    return any(tag.strip().removeprefix("W/") in {opaque, "*"} for tag in said.split(","))
