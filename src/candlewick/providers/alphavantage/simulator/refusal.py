"""What Alpha Vantage says when it refuses: with status 200, whatever it is. Source: its answers, word for word."""

from __future__ import annotations

from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from candlewick.domain.errors import InvalidInput
from candlewick.providers.simulation.faults import Fault

JSON: Final = "application/json"
_PLANS: Final = "https://www.alphavantage.co/premium/"
_BURST: Final = (
    "Thank you for using Alpha Vantage! Please consider spreading out your free API requests more sparingly (1 request "
    f"per second). You may subscribe to any of the premium plans at {_PLANS} to lift the free key rate limit (25 "
    "requests per day), raise the per-second burst limit, and instantly unlock all premium endpoints"
)
_NO_KEY: Final = (
    "the parameter apikey is invalid or missing. Please claim your free API key on "
    "(https://www.alphavantage.co/support/#api-key). It should take less than 20 seconds."
)


class Refusal(InvalidInput):
    """A request that is not answered: its text goes to the client under that name, word for word."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name, self.text = name, text


class AlphaVantageWording:
    """See `Wording`. It does not say for how long; whom it does not want is told that the day is used up."""

    def refused(self, fault: Fault, status: int, wait: int) -> Response:  # noqa: ARG002  (it never says)
        if fault is Fault.SERVER_ERROR:
            return Response("Internal Server Error", status, media_type="text/plain")
        refusal = used_up("SIMULATED0KEY000", 25) if fault is Fault.BANNED else Refusal("Information", _BURST)
        return said(refusal)


def used_up(key: str, limit: int) -> Refusal:
    return Refusal(
        "Information",
        f"We have detected your API key as {key} and our standard API rate limit is {limit} requests per day. Please "
        f"subscribe to any of the premium plans at {_PLANS} to instantly remove all daily rate limits.",
    )


def premium_size(function: str) -> Refusal:
    return Refusal(
        "Information",
        "Thank you for using Alpha Vantage! The outputsize=full parameter value is a premium feature for the "
        f"{function} endpoint. You may subscribe to any of the premium plans at {_PLANS} to instantly unlock all "
        "premium features",
    )


def no_key() -> Refusal:
    return Refusal("Error Message", _NO_KEY)


def invalid_call(function: str) -> Refusal:
    return Refusal(
        "Error Message",
        "Invalid API call. Please retry or visit the documentation (https://www.alphavantage.co/documentation/) for "
        f"{function}.",
    )


def said(refusal: Refusal) -> Response:
    """A refusal as Alpha Vantage answers it."""
    return Response(orjson.dumps({refusal.name: refusal.text}), media_type=JSON)


async def refused(_: Request, exc: Exception) -> Response:
    """The answer to a request that is not answered."""
    assert isinstance(exc, Refusal)  # noqa: S101  (it is registered for nothing else)
    return said(exc)
