"""What Frankfurter says when it refuses a request."""

from __future__ import annotations

from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from candlewick.domain.errors import InvalidInput
from candlewick.providers.simulation.faults import Fault

JSON: Final = "application/json; charset=utf-8"


class Refusal(InvalidInput):
    """A request that cannot be answered: its message goes to the client, word for word."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class EcbWording:
    """See `Wording`."""

    def refused(self, fault: Fault, status: int, wait: int) -> Response:
        if fault is Fault.SERVER_ERROR:
            return said(status, "internal server error")
        limited = 403 if fault is Fault.BANNED else 429
        return said(limited, "too many requests", {"Retry-After": str(wait)})


def not_found() -> Refusal:
    return Refusal(404, "not found")


def invalid(message: str) -> Refusal:
    return Refusal(422, message)


def said(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    """An error as Frankfurter answers it."""
    return Response(orjson.dumps({"message": message}), status, headers, JSON)


async def refused(_: Request, exc: Exception) -> Response:
    """The answer to a request that cannot be answered, or that there is no endpoint for."""
    return said(exc.status, exc.message) if isinstance(exc, Refusal) else said(404, "not found")
