"""What a product's channels bring: matches and tickers as they happen, and a heartbeat a second."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from candlewick.domain.batch import TradeBatch
from candlewick.providers.coinbase.simulator.options import SimulatorOptions
from candlewick.providers.coinbase.simulator.wire import heartbeat, matches, ticker
from candlewick.providers.simulation.day import Figures, beside, figures
from candlewick.providers.simulation.exchange import Exchange, Symbol
from candlewick.providers.simulation.parcels import Parcel, parcel_of_no_trades

Parcels = Parcel[None]
"""There is but one form."""
MATCHES: Final = "matches"
HEARTBEAT: Final = "heartbeat"
TICKER: Final = "ticker"
CHANNELS: Final = (MATCHES, HEARTBEAT, TICKER)
_SECOND: Final = 1_000_000


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
    day: Figures | None = None
    day_at: int = 0
    """When the figures of its day were made (µs): at most once a second."""

    def parcels(self, batch: TradeBatch, kinds: Collection[str]) -> list[Parcels]:
        found = [matches_parcel(self.symbol.name, batch)] if len(batch) and MATCHES in kinds else []
        if len(batch) and TICKER in kinds:
            found += self._ticker(batch)
        now = self.exchange.now()
        if HEARTBEAT in kinds and now >= self.beats_at:
            self.beats_at = max(self.beats_at + self.every, now - now % self.every)
            found.append(self._heartbeat())
        return found

    def _ticker(self, batch: TradeBatch) -> list[Parcels]:
        product, now = self.symbol.name, self.exchange.now()
        if now - self.day_at >= _SECOND:
            self.day, self.day_at = figures(self.exchange, self.symbol), now
        if self.day is None:
            return []
        bid, ask = (f"{price:f}" for price in beside(self.symbol, batch.price.decimals()[-1]))
        said = ticker(batch, product, self.day, bid, ask)
        return [parcel_of_no_trades(stream_of(product, TICKER), product, lambda _: said)]

    def _heartbeat(self) -> Parcels:
        product, last, moment = self.symbol.name, self.exchange.last(self.symbol), self.exchange.shown_time()
        return parcel_of_no_trades(stream_of(product, HEARTBEAT), product, lambda _: heartbeat(product, last, moment))
