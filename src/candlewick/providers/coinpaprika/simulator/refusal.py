"""What CoinPaprika says when it refuses a request: an object with an error."""

from __future__ import annotations

from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from candlewick.domain.errors import InvalidInput
from candlewick.providers.simulation.faults import Fault

JSON: Final = "application/json; charset=UTF-8"


class Refusal(InvalidInput):
    """A request that cannot be answered: its message goes to the client, word for word."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class CoinPaprikaWording:
    """See `Wording`."""

    def refused(self, fault: Fault, status: int, wait: int) -> Response:
        if fault is Fault.SERVER_ERROR:
            return said(status, "internal server error")
        return said(403, "forbidden") if fault is Fault.BANNED else limited(wait)


def limited(wait: int) -> Response:
    """The answer to one request too many."""
    return said(429, "too many requests", {"Retry-After": str(wait)})


def said(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    """An error as CoinPaprika answers it."""
    return Response(orjson.dumps({"error": message}), status, headers, JSON)


async def refused(_: Request, exc: Exception) -> Response:
    """The answer to a request that cannot be answered, or that there is no endpoint for."""
    if isinstance(exc, Refusal):
        return said(exc.status, exc.message)
    return said(404, "not found")
