"""What a product's channels bring: matches as they happen, and a heartbeat a second."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from candlewick.domain.batch import TradeBatch
from candlewick.providers.coinbase.simulator.options import SimulatorOptions
from candlewick.providers.coinbase.simulator.wire import heartbeat, matches
from candlewick.providers.simulation.exchange import Exchange, Symbol
from candlewick.providers.simulation.parcels import Parcel, parcel_of_no_trades

Parcels = Parcel[None]
"""There is but one form."""
MATCHES: Final = "matches"
HEARTBEAT: Final = "heartbeat"
CHANNELS: Final = (MATCHES, HEARTBEAT)


def stream_of(product: str, channel: str) -> str:
    """The name of a product's channel among all streams."""
    return f"{product.lower()}@{channel}"


def matches_parcel(product: str, batch: TradeBatch, kind: str = "match") -> Parcels:
    """Trades."""
    return Parcel(
        stream_of(product, MATCHES), product, batch.sequence, len(batch), lambda _: matches(batch, product, kind)
    )


@dataclass(frozen=True, slots=True)
class CoinbaseFeed:
    """See `Feed`."""

    exchange: Exchange
    options: SimulatorOptions
    kinds: Collection[str] = CHANNELS

    def writer(self, symbol: Symbol, begun: int) -> ProductWriter:
        return ProductWriter(self.exchange, symbol, begun, self.options.heartbeat // timedelta(microseconds=1))

    def farewell(self) -> None:
        """Coinbase does not announce that it will end."""


@dataclass(slots=True)
class ProductWriter:
    """See `Writer`."""

    exchange: Exchange
    symbol: Symbol
    beats_at: int
    """When its heart beats next (µs)."""
    every: int

    def parcels(self, batch: TradeBatch, kinds: Collection[str]) -> list[Parcels]:
        found = [matches_parcel(self.symbol.name, batch)] if len(batch) and MATCHES in kinds else []
        now = self.exchange.now()
        if HEARTBEAT in kinds and now >= self.beats_at:
            self.beats_at = max(self.beats_at + self.every, now - now % self.every)
            found.append(self._heartbeat())
        return found

    def _heartbeat(self) -> Parcels:
        product, last, moment = self.symbol.name, self.exchange.last(self.symbol), self.exchange.shown_time()
        return parcel_of_no_trades(stream_of(product, HEARTBEAT), product, lambda _: heartbeat(product, last, moment))
