"""What requests weigh, who used how much of the minute, and who is told to wait.

Source: binance-spot-api-docs, rest-api.md, "IP Limits": 429 over the limit, 418 for those who go on asking then.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from candlewick.domain.time import microseconds
from candlewick.ports import Clock
from candlewick.providers.binance.simulator.options import SimulatorOptions

WEIGHTS: Final = {
    "/api/v3/exchangeInfo": 20,
    "/api/v3/trades": 25,
    "/api/v3/historicalTrades": 25,
    "/api/v3/aggTrades": 4,
    "/api/v3/klines": 2,
    "/api/v3/ticker/24hr": 2,
    "/api/v3/ticker/bookTicker": 2,
}
"""All others weigh 1. Tickers of many symbols would weigh more: nobody here asks for so many at once."""
_MINUTE: Final = 60_000_000
_SECOND: Final = 1_000_000
_MOST_CLIENTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Charge:
    """What became of a request."""

    used: int
    """Of the running minute, with this request."""
    status: int = 200
    retry_after: int = 0
    """Seconds; above zero where the request is refused."""
    banned_until: int = 0
    """Microseconds since 1970."""


@dataclass(slots=True)
class _Client:
    minute: int = 0
    used: int = 0
    refused: int = 0
    banned_until: int = 0


class Weights:
    """The bookkeeping, by the client's address; of the clients who asked last, so many that it stays small."""

    def __init__(self, options: SimulatorOptions, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._clients: OrderedDict[str, _Client] = OrderedDict()

    def charge(self, address: str, path: str) -> Charge:
        """Take a request's weight."""
        now = microseconds(self._clock.now())
        client = self._client(address, now // _MINUTE)
        if client.banned_until > now:
            return self._ban(client, now)
        client.used += WEIGHTS.get(path, 1)
        if client.used <= self._options.weight_per_minute:
            return Charge(client.used)
        client.refused += 1
        if client.refused > self._options.patience:
            client.banned_until = now + self._options.ban // timedelta(microseconds=1)
            return self._ban(client, now)
        return Charge(client.used, 429, _seconds(_MINUTE - now % _MINUTE))

    def _client(self, address: str, minute: int) -> _Client:
        client = self._clients.setdefault(address, _Client())
        self._clients.move_to_end(address)
        if len(self._clients) > _MOST_CLIENTS:
            self._clients.popitem(last=False)
        if client.minute != minute:
            client.minute, client.used, client.refused = minute, 0, 0
        return client

    def _ban(self, client: _Client, now: int) -> Charge:
        return Charge(client.used, 418, _seconds(client.banned_until - now), client.banned_until)


def _seconds(span: int) -> int:
    """Whole seconds, rounded up."""
    return max(-(-span // _SECOND), 1)
