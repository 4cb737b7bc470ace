"""Looks every few milliseconds at what has been traded, and hands it to all sockets that listen."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from candlewick.domain.market import Tape
from candlewick.providers.binance.simulator.exchange import Exchange, Symbol
from candlewick.providers.binance.simulator.faults import Fault, Faults, Rule
from candlewick.providers.binance.simulator.klines import MINUTE, candles
from candlewick.providers.binance.simulator.live import LiveTrades
from candlewick.providers.binance.simulator.options import SimulatorOptions
from candlewick.providers.binance.simulator.parcels import Parcel, kline_parcel, shutdown_parcel, trades_parcel

_TAPES: Final = {"trade": Tape.TRADES, "aggTrade": Tape.AGGREGATED}
_KLINES: Final = "kline_1m"
GOING_AWAY: Final = 1001


class Listener(Protocol):
    """A socket, as the emitter sees it."""

    target: str

    def offer(self, parcel: Parcel) -> None:
        """Put it into the socket's queue; what does not fit ends the socket."""

    def end(self, code: int, reason: str) -> None:
        """Say goodbye."""


@dataclass(slots=True)
class _Listened:
    """A symbol that somebody listens to."""

    live: LiveTrades
    klines_at: int
    """When its running candle was looked at last (µs)."""


class Emitter:
    """Who listens to what, and what they get. One for all sockets: each message is written once."""

    def __init__(self, exchange: Exchange, faults: Faults, options: SimulatorOptions) -> None:
        self._exchange = exchange
        self._faults = faults
        self._options = options
        self._listeners: dict[str, set[Listener]] = {}
        self._sockets: set[Listener] = set()
        self._listened: dict[str, _Listened] = {}
        self._begun: dict[str, int] = {}
        self._symbols = {name.lower(): symbol for name, symbol in exchange.symbols.items()}

    @property
    def sockets(self) -> int:
        return len(self._sockets)

    def join(self, listener: Listener) -> None:
        self._sockets.add(listener)

    def leave(self, listener: Listener) -> None:
        self._sockets.discard(listener)
        for stream in list(self._listeners):
            self.unsubscribe(listener, stream)

    def subscribe(self, listener: Listener, stream: str) -> None:
        """From now on it gets what the stream brings: nothing, if there is no such stream, as at Binance."""
        symbol, _, kind = stream.partition("@")
        if symbol in self._symbols and kind in {*_TAPES, _KLINES}:
            self._listeners.setdefault(stream, set()).add(listener)
            self._begun.setdefault(symbol, self._exchange.now())

    def unsubscribe(self, listener: Listener, stream: str) -> None:
        listeners = self._listeners.get(stream, set())
        listeners.discard(listener)
        if not listeners:
            self._listeners.pop(stream, None)
            symbol = stream.partition("@")[0]
            if not any(other.startswith(f"{symbol}@") for other in self._listeners):
                self._begun.pop(symbol, None)

    def end_sockets(self, rule: Rule) -> None:
        """Strike all sockets that are open with a fault that is over at once."""
        for listener in list(self._sockets):
            if rule.order.path.search(listener.target) and not rule.spent and rule.strikes():
                if rule.order.fault is Fault.DISCONNECT:
                    listener.end(GOING_AWAY, "disconnected")
                else:
                    self._announce_end(listener, rule.order.duration or 0.0)

    def _announce_end(self, listener: Listener, seconds: float) -> None:
        listener.offer(shutdown_parcel(self._exchange.shown_time()))
        asyncio.get_running_loop().call_later(seconds, listener.end, GOING_AWAY, "server shutdown")

    async def run(self) -> None:
        """Hand out what happens, until cancelled."""
        while True:
            if self._listeners:
                self.hand_out(await asyncio.to_thread(self.step))
            await asyncio.sleep(self._options.step.total_seconds())

    def hand_out(self, parcels: list[Parcel]) -> None:
        """To everyone who listens."""
        for parcel in parcels:
            for listener in list(self._listeners.get(parcel.stream, ())):
                listener.offer(parcel)

    def step(self) -> list[Parcel]:
        """What happened since the last step. Blocking."""
        begun = dict(self._begun)
        for name in self._listened.keys() - begun.keys():
            del self._listened[name]
        parcels: list[Parcel] = []
        for name, moment in begun.items():
            symbol = self._symbols[name]
            if name not in self._listened:
                done = self._exchange.first_at(symbol, moment) - 1
                self._listened[name] = _Listened(LiveTrades(self._exchange, self._faults, symbol, done), moment)
            parcels += self._of(symbol, self._listened[name])
        return parcels

    def _of(self, symbol: Symbol, listened: _Listened) -> list[Parcel]:
        batch, event_time, prefix = listened.live.step(), self._exchange.shown_time(), symbol.name.lower()
        parcels = [
            trades_parcel(f"{prefix}@{kind}", symbol.name, tape, batch, event_time)
            for kind, tape in _TAPES.items()
            if len(batch) and f"{prefix}@{kind}" in self._listeners
        ]
        if f"{prefix}@{_KLINES}" in self._listeners:
            parcels += self._klines(symbol, listened, event_time)
        return parcels

    def _klines(self, symbol: Symbol, listened: _Listened, event_time: int) -> list[Parcel]:
        """The running candle every two seconds, and each one once more when it is closed; silent ones never."""
        now, before = self._exchange.now(), listened.klines_at
        if now - before < self._options.kline_step // timedelta(microseconds=1) and now // MINUTE == before // MINUTE:
            return []
        listened.klines_at = now
        start = max(before - before % MINUTE, now - now % MINUTE - 10 * MINUTE)
        stream = f"{symbol.name.lower()}@{_KLINES}"
        return [
            kline_parcel(stream, symbol.name, kline, event_time, closed=kline.opened + MINUTE <= now)
            for kline in candles(self._exchange, symbol, MINUTE, start, now - now % MINUTE + MINUTE)
            if kline.trades
        ]
