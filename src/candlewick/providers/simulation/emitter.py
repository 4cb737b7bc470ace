"""Looks every few milliseconds at what has been traded, and hands it to all sockets that listen."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Final, Protocol

from candlewick.domain.batch import TradeBatch
from candlewick.providers.simulation.exchange import Exchange, Symbol
from candlewick.providers.simulation.faults import Fault, Faults, Rule
from candlewick.providers.simulation.live import LiveTrades
from candlewick.providers.simulation.options import SimulationOptions
from candlewick.providers.simulation.parcels import Parcel

GOING_AWAY: Final = 1001


class Listener[Form: Hashable](Protocol):
    """A socket, as the emitter sees it."""

    target: str

    def offer(self, parcel: Parcel[Form]) -> None:
        """Put it into the socket's queue; what does not fit ends the socket."""

    def end(self, code: int, reason: str) -> None:
        """Say goodbye."""


class Writer[Form: Hashable](Protocol):
    """What a venue sends about one symbol, from the moment on at which somebody began to listen to it."""

    def parcels(self, batch: TradeBatch, kinds: Collection[str]) -> list[Parcel[Form]]:
        """The messages of one step, of the kinds that are listened to; `batch` is what was traded. Blocking."""


class Feed[Form: Hashable](Protocol):
    """What a venue's streams are."""

    @property
    def kinds(self) -> Collection[str]:
        """Of streams that a symbol has."""

    def writer(self, symbol: Symbol, begun: int) -> Writer[Form]:
        """Writes about the symbol, from that moment (µs) on."""

    def farewell(self) -> Parcel[Form] | None:
        """How the venue says that it will end its sockets soon; None if it does not say."""


@dataclass(slots=True)
class _Listened[Form: Hashable]:
    """A symbol that somebody listens to."""

    begun: int
    """Since when (µs)."""
    live: LiveTrades
    writer: Writer[Form]


class Emitter[Form: Hashable]:
    """Who listens to what, and what they get. One for all sockets: each message is written once.

    A stream is named `symbol@kind`, the symbol in lower case: names of ours, whatever the venue calls them.
    """

    def __init__(self, exchange: Exchange, faults: Faults, options: SimulationOptions, feed: Feed[Form]) -> None:
        self._exchange = exchange
        self._faults = faults
        self._options = options
        self._feed = feed
        self._listeners: dict[str, set[Listener[Form]]] = {}
        self._sockets: set[Listener[Form]] = set()
        self._listened: dict[str, _Listened[Form]] = {}
        self._begun: dict[str, int] = {}
        self._symbols = {name.lower(): symbol for name, symbol in exchange.symbols.items()}

    @property
    def sockets(self) -> int:
        return len(self._sockets)

    def join(self, listener: Listener[Form]) -> None:
        self._sockets.add(listener)

    def leave(self, listener: Listener[Form]) -> None:
        self._sockets.discard(listener)
        for stream in list(self._listeners):
            self.unsubscribe(listener, stream)

    def subscribe(self, listener: Listener[Form], stream: str) -> None:
        """From now on it gets what the stream brings: nothing, if there is no such stream."""
        symbol, _, kind = stream.partition("@")
        if symbol in self._symbols and kind in self._feed.kinds:
            self._listeners.setdefault(stream, set()).add(listener)
            self._begun.setdefault(symbol, self._exchange.now())

    def unsubscribe(self, listener: Listener[Form], stream: str) -> None:
        listeners = self._listeners.get(stream, set())
        listeners.discard(listener)
        if not listeners:
            self._listeners.pop(stream, None)
            symbol = stream.partition("@")[0]
            if not self._kinds(symbol):
                self._begun.pop(symbol, None)

    def end_sockets(self, rule: Rule) -> None:
        """Strike all sockets that are open with a fault that is over at once."""
        for listener in list(self._sockets):
            if rule.order.path.search(listener.target) and not rule.spent and rule.strikes():
                if rule.order.fault is Fault.DISCONNECT:
                    listener.end(GOING_AWAY, "disconnected")
                else:
                    self._announce_end(listener, rule.order.duration or 0.0)

    def _announce_end(self, listener: Listener[Form], seconds: float) -> None:
        farewell = self._feed.farewell()
        if farewell is not None:
            listener.offer(farewell)
        asyncio.get_running_loop().call_later(seconds, listener.end, GOING_AWAY, "server shutdown")

    async def run(self) -> None:
        """Hand out what happens, until cancelled."""
        while True:
            if self._listeners:
                self.hand_out(await asyncio.to_thread(self.step))
            await asyncio.sleep(self._options.step.total_seconds())

    def hand_out(self, parcels: list[Parcel[Form]]) -> None:
        """To everyone who listens."""
        for parcel in parcels:
            for listener in list(self._listeners.get(parcel.stream, ())):
                listener.offer(parcel)

    def step(self) -> list[Parcel[Form]]:
        """What happened since the last step. Blocking."""
        begun = dict(self._begun)
        for name in self._listened.keys() - begun.keys():
            del self._listened[name]
        parcels: list[Parcel[Form]] = []
        for name, moment in begun.items():
            listened = self._listened.get(name)
            if listened is None or listened.begun != moment:  # nobody did in between, and no step came to see it
                listened = self._listened[name] = self._listen(self._symbols[name], moment)
            parcels += listened.writer.parcels(listened.live.step(), self._kinds(name))
        return parcels

    def _listen(self, symbol: Symbol, moment: int) -> _Listened[Form]:
        done = self._exchange.first_at(symbol, moment) - 1
        live = LiveTrades(self._exchange, self._faults, symbol, done)
        return _Listened(moment, live, self._feed.writer(symbol, moment))

    def _kinds(self, symbol: str) -> list[str]:
        """Which of its streams are listened to."""
        return [kind for kind in self._feed.kinds if f"{symbol}@{kind}" in self._listeners]
