"""Simulated venues in processes of their own, each at the end of a wire, and what they have traded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

import httpx

from candlewick.domain.batch import TradeBatch
from candlewick.domain.market import InstrumentKey
from candlewick.providers.registry import provider
from candlewick.providers.steady_market import SteadyMarket
from chaos.run import free_port
from chaos.victims import python
from chaos.wire import Wire


class Venue:
    """A simulated venue in a process of its own, at the end of a wire."""

    def __init__(self, code: str, symbols: int, rate: int, seed: int) -> None:
        """So many symbols, each with so many trades a second."""
        self.code = code
        repertoire = import_module(f"candlewick.providers.{code}.simulator.markets").REPERTOIRE
        self.symbols: list[str] = list(repertoire.symbols)[:symbols]
        self.market: SteadyMarket = repertoire.steady(seed, rate, self.symbols)
        self.port = free_port()
        self.wire = Wire(self.port)
        self.command = python(
            "-m", "candlewick", "simulate", "--market", code, "--port", str(self.port), "--seed", str(seed),
            "--rate", str(rate), "--symbols", ",".join(self.symbols),
        )  # fmt: skip
        self.hidden: dict[str, list[range]] = {symbol: [] for symbol in self.symbols}
        """By symbol, numbers that the stream left out because we said so."""

    @property
    def keys(self) -> dict[str, InstrumentKey]:
        """By symbol."""
        return {listing.symbol: listing.key for listing in self.market.listings()}

    def settings(self, port: int) -> dict[str, str]:
        """What workers have to know of a venue that is at that port: its own, or its wire's."""
        simulator = provider(self.code).simulator
        assert simulator is not None
        prefix = f"CANDLEWICK_SOURCES__{self.code.upper()}__"
        here = f"://127.0.0.1:{port}"
        urls = {prefix + name: scheme + here for name, scheme in simulator().settings.items()}
        return {**urls, f"{prefix}WEIGHT_PER_MINUTE": "1000000"}

    async def order(self, **fault: Any) -> dict[str, Any]:
        """Order a fault; how the venue shows it."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=10) as admin:
            answer = await admin.post("/simulator/faults", json=fault)
            answer.raise_for_status()
            shown: dict[str, Any] = answer.json()
            return shown

    async def behave(self) -> None:
        """No more faults from now on."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=10) as admin:
            (await admin.delete("/simulator/faults")).raise_for_status()

    async def hide(self, symbol: str, count: int) -> None:
        """Let the next so many trades of the symbol be missing in the stream."""
        shown = await self.order(fault="missing", path=f"^{symbol.lower()}@", count=count)
        for name, (first, last) in shown["trades"].items():
            self.hidden[name].append(range(first, last + 1))

    async def started(self) -> None:
        """Wait until it answers."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as admin:
            for _ in range(200):
                try:
                    (await admin.get("/simulator/faults")).raise_for_status()
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)
                else:
                    return
        raise RuntimeError(f"the simulated {self.code} does not start")


@dataclass(frozen=True, slots=True)
class Emitted:
    """What the venues have traded: what a verdict compares with."""

    venues: Sequence[Venue]

    @property
    def instruments(self) -> list[InstrumentKey]:
        return [key for venue in self.venues for key in venue.keys.values()]

    def between(self, key: InstrumentKey, first: int, last: int) -> TradeBatch:
        return self._market(key).from_sequence(key, first, last - first + 1)

    def first_at(self, key: InstrumentKey, moment: datetime) -> int:
        return self._market(key).sequence_at(key, moment)

    def _market(self, key: InstrumentKey) -> SteadyMarket:
        return next(venue.market for venue in self.venues if venue.code == key.venue)
