"""Refuses those who ask more often in a minute than a venue allows, by address."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from candlewick.domain.time import microseconds
from candlewick.ports import Clock

_MINUTE: Final = 60
_MOST_CLIENTS: Final = 10_000


class PerMinute:
    """ASGI middleware. What lies under /simulator costs nothing."""

    def __init__(self, app: ASGIApp, limit: int, clock: Clock, refusal: Callable[[int], Response]) -> None:
        """`refusal`: the answer to one request too many, for so many seconds."""
        self._app = app
        self._limit = limit
        self._clock = clock
        self._refusal = refusal
        self._asked: OrderedDict[str, tuple[int, int]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        counts = scope["type"] == "http" and not scope["path"].startswith("/simulator")
        wait = self._charge(scope["client"][0] if scope.get("client") else "unknown") if counts else 0
        await (self._refusal(wait) if wait else self._app)(scope, receive, send)

    def _charge(self, address: str) -> int:
        """Count a request; the seconds to wait if it is one too many, else 0."""
        minute, second = divmod(microseconds(self._clock.now()) // 1_000_000, _MINUTE)
        former, count = self._asked.pop(address, (minute, 0))
        count = count + 1 if former == minute else 1
        self._asked[address] = (minute, count)
        if len(self._asked) > _MOST_CLIENTS:
            self._asked.popitem(last=False)
        return _MINUTE - second if count > self._limit else 0
