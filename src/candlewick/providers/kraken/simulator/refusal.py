"""What Kraken says when it refuses a request: with status 200, whatever it is. Source: docs.kraken.com, "Errors"."""

from __future__ import annotations

from typing import Final

import orjson
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from candlewick.domain.errors import InvalidInput
from candlewick.providers.simulation.faults import Fault

JSON: Final = "application/json; charset=utf-8"
UNKNOWN_PAIR: Final = "EQuery:Unknown asset pair"
UNKNOWN_METHOD: Final = "EGeneral:Unknown method"
INVALID_ARGUMENTS: Final = "EGeneral:Invalid arguments"
LIMITED: Final = "EAPI:Rate limit exceeded"
_BUSY: Final = "EService:Unavailable"
_LOCKED: Final = "EGeneral:Temporary lockout"


class Refusal(InvalidInput):
    """A request that cannot be answered: its error goes to the client, word for word."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class Said(Response):
    """An error as Kraken answers it. The opening of a socket is refused by the firewall before it, with a status."""

    def __init__(self, error: str, status: int = 429, wait: int | None = None) -> None:
        """`wait`: seconds that the firewall asks for; Kraken itself does not say."""
        super().__init__(orjson.dumps({"error": [error]}), media_type=JSON)
        self._denial = PlainTextResponse(error, status, None if wait is None else {"Retry-After": str(wait)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._denial(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class KrakenWording:
    """See `Wording`."""

    def refused(self, fault: Fault, status: int, wait: int) -> Response:
        if fault is Fault.SERVER_ERROR:
            return Said(_BUSY, status)
        return Said(_LOCKED, 403, wait) if fault is Fault.BANNED else Said(LIMITED, wait=wait)
