"""What CoinGecko says when it refuses a request."""

from __future__ import annotations

from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from candlewick.domain.errors import InvalidInput
from candlewick.providers.simulation.faults import Fault

JSON: Final = "application/json; charset=utf-8"
_LIMITED: Final = (
    "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to subscribe to our API "
    "plans for higher rate limits."
)
_DENIED: Final = "<!DOCTYPE html><html><head><title>Access denied</title></head><body>Error 1020</body></html>"


class Refusal(InvalidInput):
    """A request that cannot be answered, and what is answered instead."""

    def __init__(self, status: int, document: Any) -> None:
        super().__init__(str(document))
        self.status, self.document = status, document


class CoinGeckoWording:
    """See `Wording`. Whom it does not want the CDN sends a page."""

    def refused(self, fault: Fault, status: int, wait: int) -> Response:
        if fault is Fault.SERVER_ERROR:
            return said(status, {"status": status, "error": "Internal Server Error"})
        return HTMLResponse(_DENIED, 403) if fault is Fault.BANNED else limited(wait)


def limited(wait: int) -> Response:
    """The answer to one request too many."""
    document = {"status": {"error_code": 429, "error_message": _LIMITED}}
    return said(429, document, {"Retry-After": str(wait)})


def missing(parameter: str) -> Refusal:
    return Refusal(422, {"error": f"Missing parameter {parameter}"})


def invalid(parameter: str) -> Refusal:
    return Refusal(422, {"error": f"Invalid {parameter}"})


def unknown_coin() -> Refusal:
    return Refusal(404, {"error": "coin not found"})


def too_long_ago() -> Refusal:
    message = (
        "Your request exceeds the allowed time range. Public API users are limited to querying historical data within "
        "the past 365 days. Upgrade to a paid plan to enjoy full historical data access"
    )
    return Refusal(401, {"error": {"status": {"error_code": 10012, "error_message": message}}})


def said(status: int, document: Any, headers: dict[str, str] | None = None) -> Response:
    """An error as CoinGecko answers it."""
    return Response(orjson.dumps(document), status, headers, JSON)


async def refused(_: Request, exc: Exception) -> Response:
    """The answer to a request that cannot be answered, or that there is no endpoint for."""
    if isinstance(exc, Refusal):
        return said(exc.status, exc.document)
    return said(404, {"error": "Incorrect path. Please check https://www.coingecko.com/api/"})
