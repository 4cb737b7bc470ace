"""Refuses those who ask too fast: a bucket of tokens for each address."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from candlewick.domain.time import microseconds
from candlewick.ports import Clock
from candlewick.providers.coinbase.simulator.options import SimulatorOptions
from candlewick.providers.coinbase.simulator.refusal import LIMITED, said

_SECOND: Final = 1_000_000
_MOST_CLIENTS: Final = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: int
    """When it had so many (µs)."""


class Buckets:
    """The bookkeeping, of the clients who asked last, so many that it stays small."""

    def __init__(self, options: SimulatorOptions, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, address: str) -> bool:
        """Take a token; False if there is none."""
        now = microseconds(self._clock.now())
        bucket = self._buckets.setdefault(address, _Bucket(self._options.burst, now))
        self._buckets.move_to_end(address)
        if len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)
        fresh = max(now - bucket.at, 0) / _SECOND * self._options.requests_per_second
        bucket.tokens, bucket.at = min(bucket.tokens + fresh, self._options.burst), now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


class Limited:
    """ASGI middleware over REST. What lies under /simulator costs nothing."""

    def __init__(self, app: ASGIApp, buckets: Buckets) -> None:
        self._app = app
        self._buckets = buckets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        counts = scope["type"] == "http" and not scope["path"].startswith("/simulator")
        address = scope["client"][0] if scope.get("client") else "unknown"
        app = said(LIMITED, 429) if counts and not self._buckets.take(address) else self._app
        await app(scope, receive, send)
