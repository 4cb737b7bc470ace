"""What a pair's channels bring: trades as they happen, ticker and running candle once a second, a sign of life."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from candlewick.domain.batch import TradeBatch
from candlewick.providers.kraken.simulator import wire
from candlewick.providers.kraken.simulator.options import SimulatorOptions
from candlewick.providers.kraken.simulator.pairs import Pair
from candlewick.providers.simulation.candles import MINUTE, candles
from candlewick.providers.simulation.day import figures
from candlewick.providers.simulation.exchange import Exchange, Symbol
from candlewick.providers.simulation.parcels import Parcel, parcel_of_no_trades

Parcels = Parcel[None]
"""There is but one form."""
TRADE: Final = "trade"
TICKER: Final = "ticker"
OHLC: Final = "ohlc"
HEARTBEAT: Final = "heartbeat"
CHANNELS: Final = (TRADE, TICKER, OHLC)
"""That can be subscribed to."""
_SECOND: Final = 1_000_000


def stream_of(name: str, channel: str) -> str:
    """The name of a pair's channel among all streams."""
    return f"{name.lower()}@{channel}"


def trades_parcel(pair: Pair, batch: TradeBatch, most: int, kind: str = "update") -> Parcels:
    """Trades, at most so many a message."""
    parts = [batch[slice(start, start + most)] for start in range(0, len(batch), most)]
    return Parcel(
        stream_of(pair.name, TRADE),
        pair.name,
        batch.sequence,
        len(parts),
        lambda _: [wire.events(part, pair.name, pair.places, kind) for part in parts],
        [len(part) for part in parts],
    )


def status(exchange: Exchange, system: str) -> str:
    """What the status channel says, to which nobody has to subscribe."""
    number = exchange.shown_time() * 7
    return (
        f'{{"channel":"status","type":"update","data":[{{"version":"2.0.10","system":"{system}","api_version":"v2",'
        f'"connection_id":{number}}}]}}'
    )


@dataclass(frozen=True, slots=True)
class KrakenFeed:
    """See `Feed`."""

    exchange: Exchange
    options: SimulatorOptions
    kinds: Collection[str] = (*CHANNELS, HEARTBEAT)

    def writer(self, symbol: Symbol, begun: int) -> PairWriter:
        return PairWriter(self.exchange, self.options, Pair(symbol), begun)

    def farewell(self) -> Parcels:
        """Maintenance: Kraken has no other word for it that it will end."""
        said = status(self.exchange, "maintenance")
        return parcel_of_no_trades("!status", "", lambda _: said)


@dataclass(slots=True)
class PairWriter:
    """See `Writer`."""

    exchange: Exchange
    options: SimulatorOptions
    pair: Pair
    said_at: int
    """When it said something last (µs)."""
    figures_at: dict[str, int] = field(default_factory=dict)
    """When each of the channels that sum trades up said something last."""

    def parcels(self, batch: TradeBatch, kinds: Collection[str]) -> list[Parcels]:
        now = self.exchange.now()
        found = [trades_parcel(self.pair, batch, self.options.batch)] if len(batch) and TRADE in kinds else []
        if len(batch):
            found += self._summed(now, kinds)
        if found:
            self.said_at = now
        elif HEARTBEAT in kinds and now - self.said_at >= self.options.heartbeat // timedelta(microseconds=1):
            self.said_at = now
            found.append(self._other(HEARTBEAT, '{"channel":"heartbeat"}'))
        return found

    def _summed(self, now: int, kinds: Collection[str]) -> Iterator[Parcels]:
        """Ticker and candle, each at most once a second, while there are trades."""
        due = [kind for kind in (TICKER, OHLC) if kind in kinds and now - self.figures_at.get(kind, 0) >= _SECOND]
        for kind in due:
            self.figures_at[kind] = now
            said = self._ticker(now) if kind == TICKER else self._candle(now)
            if said is not None:
                yield self._other(kind, said)

    def _ticker(self, now: int) -> str | None:
        found = figures(self.exchange, self.pair.symbol)
        return None if found is None else wire.ticker_event(found, self.pair.name, self.pair.places, now)

    def _candle(self, now: int) -> str | None:
        opened = now - now % MINUTE
        running = next(candles(self.exchange, self.pair.symbol, MINUTE, opened, opened + MINUTE), None)
        return None if running is None else wire.candle_event(running, self.pair.name, self.pair.places, now)

    def _other(self, channel: str, said: str) -> Parcels:
        return parcel_of_no_trades(stream_of(self.pair.name, channel), self.pair.name, lambda _: said)
