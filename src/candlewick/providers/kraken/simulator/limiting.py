"""Refuses those who ask too fast: a counter for each address that each request raises and time lowers.

Source: docs.kraken.com, "Spot REST rate limits"; of public requests it says only that about one a second is meant.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from candlewick.domain.time import microseconds
from candlewick.ports import Clock
from candlewick.providers.kraken.simulator.options import SimulatorOptions
from candlewick.providers.kraken.simulator.refusal import LIMITED, Said

_SECOND: Final = 1_000_000
_MOST_CLIENTS: Final = 10_000


@dataclass(slots=True)
class _Counter:
    level: float = 0.0
    at: int = 0
    """When it stood there (µs)."""


class Counters:
    """The bookkeeping, of the clients who asked last, so many that it stays small."""

    def __init__(self, options: SimulatorOptions, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._counters: OrderedDict[str, _Counter] = OrderedDict()

    def admits(self, address: str) -> bool:
        """Count a request; False if there have been too many. One that is refused is not counted."""
        now = microseconds(self._clock.now())
        counter = self._counters.setdefault(address, _Counter(at=now))
        self._counters.move_to_end(address)
        if len(self._counters) > _MOST_CLIENTS:
            self._counters.popitem(last=False)
        sunk = max(now - counter.at, 0) / _SECOND * self._options.counter_decay
        counter.level, counter.at = max(counter.level - sunk, 0.0), now
        if counter.level + 1 > self._options.counter_limit:
            return False
        counter.level += 1
        return True


class Limited:
    """ASGI middleware over REST. What lies under /simulator costs nothing."""

    def __init__(self, app: ASGIApp, counters: Counters) -> None:
        self._app = app
        self._counters = counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        counts = scope["type"] == "http" and scope["path"].startswith("/0/")
        address = scope["client"][0] if scope.get("client") else "unknown"
        app = Said(LIMITED) if counts and not self._counters.admits(address) else self._app
        await app(scope, receive, send)
