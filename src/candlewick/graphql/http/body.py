"""Reading a request's body: bounded in bytes and in time."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import ClientDisconnect, Request

from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.limits import Limits

HANG_UP: Final = "hang_up"
"""Where a request's state has what ends its connection: who sends half a body and waits is owed no answer."""
_LONGEST_SHOWN: Final = 40
_LONGEST_NUMBER: Final = 18


async def read_body(request: Request, limits: Limits) -> bytes:
    """The whole body.

    Raises:
        HttpFault: 413, it is too large; 408, it comes too slowly; 415, it is compressed.
        ClientDisconnect: it came too slowly, and the connection is ended.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        facts = {"actual": request.headers["content-encoding"][:_LONGEST_SHOWN]}
        raise HttpFault(415, "Send the body uncompressed.", facts=facts)
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > _LONGEST_NUMBER or int(declared) > limits.body_bytes:
        raise _too_large(limits)
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await _collect(request, limits)
    except TimeoutError as exc:
        if HANG_UP in request.scope.get("state", {}):
            request.scope["state"][HANG_UP]()
            raise ClientDisconnect from exc
        message = f"The body took longer than {limits.body_seconds:g} s to arrive."
        seconds = {"limitSeconds": limits.body_seconds}
        raise HttpFault(408, message, headers={"connection": "close"}, facts=seconds) from exc


async def _collect(request: Request, limits: Limits) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limits.body_bytes:
            raise _too_large(limits)
    return bytes(body)


def _too_large(limits: Limits) -> HttpFault:
    message = f"The body is larger than {limits.body_bytes} bytes; send values as variables, or split the operation."
    return HttpFault(413, message, headers={"connection": "close"}, facts={"limit": limits.body_bytes})
