"""Weighs requests: writes what was used into each answer, and refuses those who used too much."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from candlewick.providers.binance.simulator.refusal import TOO_MANY_REQUESTS, said
from candlewick.providers.binance.simulator.weights import Charge, Weights

_USED: Final = "X-MBX-USED-WEIGHT-1M"
_ADVICE: Final = "Please use WebSocket Streams for live updates to avoid"


class Weighed:
    """ASGI middleware over /api."""

    def __init__(self, app: ASGIApp, weights: Weights, weight_per_minute: int) -> None:
        self._app = app
        self._weights = weights
        self._limit = weight_per_minute

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        address = scope["client"][0] if scope["client"] else "unknown"
        charge = self._weights.charge(address, scope["path"])

        async def send_weight(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-MBX-USED-WEIGHT"] = headers[_USED] = str(charge.used)
            await send(message)

        app = self._app if charge.status == 200 else self._refusal(charge)
        await app(scope, receive, send_weight)

    def _refusal(self, charge: Charge) -> Response:
        message = (
            f"Way too much request weight used; IP banned until {charge.banned_until // 1000}. {_ADVICE} bans."
            if charge.status == 418
            else f"Too much request weight used; current limit is {self._limit} request weight per 1 MINUTE. "
            f"{_ADVICE} polling the API."
        )
        return said(charge.status, TOO_MANY_REQUESTS, message, {"Retry-After": str(charge.retry_after)})
