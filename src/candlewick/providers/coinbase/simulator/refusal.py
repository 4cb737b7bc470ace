"""What Coinbase says when it refuses a request: an object with a message."""

from __future__ import annotations

from typing import Final

import orjson
from starlette.responses import Response

from candlewick.domain.errors import InvalidInput
from candlewick.providers.simulation.faults import Fault

JSON: Final = "application/json; charset=utf-8"
LIMITED: Final = "Public rate limit exceeded"


class Refusal(InvalidInput):
    """A request that cannot be answered: its message goes to the client, word for word."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message, self.status = message, status


class CoinbaseWording:
    """See `Wording`."""

    def refused(self, fault: Fault, status: int, wait: int) -> Response:
        if fault is Fault.SERVER_ERROR:
            return said("Internal server error", status)
        return said(LIMITED, 429, {"Retry-After": str(wait)})


def said(message: str, status: int, headers: dict[str, str] | None = None) -> Response:
    """An error as Coinbase answers it."""
    return Response(orjson.dumps({"message": message}), status, headers, JSON)


def not_found() -> Refusal:
    return Refusal("NotFound", 404)
