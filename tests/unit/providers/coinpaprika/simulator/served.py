"""A simulated CoinPaprika for tests, on a clock that stands still, and the source that asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx

from candlewick.ports import Clock
from candlewick.providers.coinpaprika import PROVIDER
from candlewick.providers.coinpaprika.market_source import coinpaprika_source
from candlewick.providers.coinpaprika.simulator import SimulatorOptions, create_simulator
from candlewick.providers.coinpaprika.simulator.coins import REPERTOIRE
from candlewick.providers.provider import Access, Source
from markets import FrozenClock
from source_doubles import Budget
from unit.providers.coinpaprika.wire import NOW

USUAL = PROVIDER.access or Access("")


def transport_to(clock: Clock, options: SimulatorOptions | None = None) -> httpx.ASGITransport:
    """A simulator that needs no socket."""
    market = REPERTOIRE.lively(7, REPERTOIRE.symbols)
    return httpx.ASGITransport(create_simulator([market], clock, options))


@asynccontextmanager
async def asking(
    clock: Clock | None = None, options: SimulatorOptions | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a simulator."""
    transport = transport_to(clock or FrozenClock(NOW), options)
    async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as client:
        yield client


@asynccontextmanager
async def sourced(plan: str | None = None) -> AsyncIterator[tuple[Source, httpx.AsyncClient]]:
    """The source that asks a simulator, and a client to order its faults."""
    clock = FrozenClock(NOW)
    transport = transport_to(clock)
    access = replace(USUAL, api_key="key" if plan else None, plan=plan)
    async with (
        coinpaprika_source(access, clock, lambda *_, **__: Budget(), transport=transport) as source,
        httpx.AsyncClient(transport=transport, base_url="http://simulator") as client,
    ):
        yield source, client
