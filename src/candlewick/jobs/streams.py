"""Live streams, each held by one worker at a time: another takes over when it dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from itertools import batched
from typing import Final

import structlog

from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument, InstrumentKey
from candlewick.jobs.holding import HOLDER, LEASE, while_held
from candlewick.jobs.rounds import Pace, keep_at
from candlewick.pipeline.discovery import discover
from candlewick.pipeline.importing import Stores
from candlewick.pipeline.live import LiveFeed, follow
from candlewick.ports import Leases, MarketSource
from candlewick.waiting import before

log = structlog.get_logger(__name__)

TAKE_OVER: Final = timedelta(seconds=2)
"""How often a stream that somebody else holds is tried."""
A_STREAM: Final = 100
"""Instruments that share a connection."""


async def keep_streaming(
    feed_of: Callable[[MarketSource], LiveFeed | None],
    sources: Mapping[str, MarketSource],
    watched: Sequence[InstrumentKey],
    stores: Stores,
    leases: Leases,
    stop: asyncio.Event,
) -> None:
    """Take the watched instruments live until `stop`."""
    keys = sorted(set(watched), key=str)
    async with asyncio.TaskGroup() as group:
        for venue in dict.fromkeys(key.venue for key in keys):
            source = sources.get(venue)
            feed = feed_of(source) if source else None
            if source is None or feed is None:
                log.error("venue_without_stream", venue=venue, instruments=[str(k) for k in keys if k.venue == venue])
                continue
            for part in batched((key for key in keys if key.venue == venue), A_STREAM):
                stream = Stream(stream_name(venue, part), source, feed, part)
                group.create_task(_keep(stream, stores, leases, stop))


def stream_name(venue: str, keys: Sequence[InstrumentKey]) -> str:
    """The name of its lease. Workers that watch other instruments hold another: none is left out."""
    return f"stream/{venue}/{sha256(' '.join(map(str, keys)).encode()).hexdigest()[:12]}"


class Stream:
    """Some instruments of one source over one connection."""

    def __init__(self, name: str, source: MarketSource, feed: LiveFeed, keys: Sequence[InstrumentKey]) -> None:
        self.name = name
        self._source = source
        self._feed = feed
        self._keys = keys

    async def follow(self, stores: Stores, lease: Lease) -> None:
        """Until cancelled. Raises LeaseLost."""

        async def instruments() -> Sequence[Instrument]:
            return await self._instruments(stores)

        await follow(self._feed, instruments, lease)

    async def _instruments(self, stores: Stores) -> list[Instrument]:
        """As they are now: the tape or the symbol may have changed since."""
        known = await stores.instruments.by_keys(self._keys)
        if len(known) < len(self._keys):
            await discover(self._source, stores)
            known = await stores.instruments.by_keys(self._keys)
        if unknown := [str(key) for key in self._keys if key not in known]:
            log.error("watched_but_unknown", source=self._source.source, instruments=unknown)
        return list(known.values())


async def _keep(stream: Stream, stores: Stores, leases: Leases, stop: asyncio.Event) -> None:
    async def take_turn() -> None:
        lease = await leases.acquire(stream.name, HOLDER, LEASE)
        if lease is not None:
            log.info("stream_taken", stream=stream.name)
            await _hold(stream, stores, leases, lease, stop)

    await keep_at(stream.name, take_turn, Pace(TAKE_OVER), stop)


async def _hold(stream: Stream, stores: Stores, leases: Leases, lease: Lease, stop: asyncio.Event) -> None:
    async def renew() -> bool:
        return await leases.renew(lease, LEASE)

    try:
        await before(stop, while_held(lease, renew, stream.follow(stores, lease)))
    finally:
        await leases.release(lease)
