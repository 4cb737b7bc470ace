"""What a symbol's streams at Binance bring: trades, aggregated trades, the running candle of a minute, tickers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from candlewick.domain.batch import TradeBatch
from candlewick.domain.market import Tape
from candlewick.providers.binance.simulator import tickers
from candlewick.providers.binance.simulator.klines import frame
from candlewick.providers.binance.simulator.options import SimulatorOptions
from candlewick.providers.binance.simulator.wire import TimeUnit, combined, frames
from candlewick.providers.simulation.candles import MINUTE, MadeCandle, candles
from candlewick.providers.simulation.exchange import Exchange, Symbol
from candlewick.providers.simulation.parcels import Parcel, parcel_of_no_trades

_TAPES: Final = {"trade": Tape.TRADES, "aggTrade": Tape.AGGREGATED}
_KLINES: Final = "kline_1m"
_BOOK: Final = "bookTicker"
_TICKER: Final = "ticker"
_SECOND: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Form:
    """How a socket wants its messages."""

    unit: TimeUnit
    is_combined: bool
    """Each within an object that names its stream."""


@dataclass(frozen=True, slots=True)
class BinanceFeed:
    """See `Feed`."""

    exchange: Exchange
    options: SimulatorOptions
    kinds: Collection[str] = (*_TAPES, _KLINES, _BOOK, _TICKER)

    def writer(self, symbol: Symbol, begun: int) -> SymbolWriter:
        return SymbolWriter(self.exchange, self.options, symbol, begun)

    def farewell(self) -> Parcel[Form]:
        """`serverShutdown`, to which nobody has to subscribe."""
        event_time = self.exchange.shown_time()
        stream = "!serverShutdown"
        return parcel_of_no_trades(
            stream,
            "",
            lambda form: _wrapped(stream, [f'{{"e":"serverShutdown","E":{form.unit.of(event_time)}}}'], form)[0],
        )


@dataclass(slots=True)
class SymbolWriter:
    """See `Writer`."""

    exchange: Exchange
    options: SimulatorOptions
    symbol: Symbol
    klines_at: int
    """When its running candle was looked at last (µs)."""
    ticker_at: int = 0
    """When its ticker was sent last (µs)."""

    def parcels(self, batch: TradeBatch, kinds: Collection[str]) -> list[Parcel[Form]]:
        event_time = self.exchange.shown_time()
        parcels = [
            _trades(f"{self.symbol.name.lower()}@{kind}", self.symbol.name, tape, batch, event_time)
            for kind, tape in _TAPES.items()
            if len(batch) and kind in kinds
        ]
        if _KLINES in kinds:
            parcels += self._klines(event_time)
        if _BOOK in kinds and len(batch):
            parcels.append(self._book(batch))
        if _TICKER in kinds and event_time - self.ticker_at >= _SECOND:
            self.ticker_at = event_time
            parcels.append(self._ticker())
        return parcels

    def _book(self, batch: TradeBatch) -> Parcel[Form]:
        """The best bid and ask, whenever they have moved with a trade."""
        stream, said = f"{self.symbol.name.lower()}@{_BOOK}", tickers.book_event(self.symbol, batch)
        return parcel_of_no_trades(stream, self.symbol.name, lambda form: _wrapped(stream, [said], form)[0])

    def _ticker(self) -> Parcel[Form]:
        """Once a second."""
        stream = f"{self.symbol.name.lower()}@{_TICKER}"
        said = {unit: tickers.ticker_event(self.exchange, self.symbol, unit) for unit in TimeUnit}
        return parcel_of_no_trades(stream, self.symbol.name, lambda form: _wrapped(stream, [said[form.unit]], form)[0])

    def _klines(self, event_time: int) -> list[Parcel[Form]]:
        """The running candle every two seconds, and each one once more when it is closed; silent ones never."""
        now, before = self.exchange.now(), self.klines_at
        if now - before < self.options.kline_step // timedelta(microseconds=1) and now // MINUTE == before // MINUTE:
            return []
        self.klines_at = now
        start = max(before - before % MINUTE, now - now % MINUTE - 10 * MINUTE)
        return [
            _kline(self.symbol.name, candle, event_time, closed=candle.opened + MINUTE <= now)
            for candle in candles(self.exchange, self.symbol, MINUTE, start, now - now % MINUTE + MINUTE)
            if candle.trades
        ]


def _trades(stream: str, symbol: str, tape: Tape, batch: TradeBatch, event_time: int) -> Parcel[Form]:
    """Trades, as `@trade` or `@aggTrade` have them."""

    def write(form: Form) -> list[str]:
        return _wrapped(stream, frames(batch, tape, symbol, event_time, form.unit), form)

    return Parcel(stream, symbol, batch.sequence, len(batch), write)


def _kline(symbol: str, candle: MadeCandle, event_time: int, *, closed: bool) -> Parcel[Form]:
    """A candle of a minute, as `@kline_1m` has it."""
    stream = f"{symbol.lower()}@{_KLINES}"

    def write(form: Form) -> str:
        return _wrapped(stream, [frame(candle, symbol, "1m", event_time, form.unit, closed=closed)], form)[0]

    return parcel_of_no_trades(stream, symbol, write)


def _wrapped(stream: str, messages: list[str], form: Form) -> list[str]:
    return [combined(stream, data) for data in messages] if form.is_combined else messages
