"""Quotes of the watched instruments: each source is asked again and again at its own pace, by one worker at a time.

The lease says when it is due: whoever gets it asks, and lets it run out when the next time has come. So there is no
overlap, a worker that dies is replaced, and a restart asks no more often.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Final

import structlog

from candlewick.domain.errors import CandlewickError, LeaseLost, SourceUnavailable
from candlewick.domain.job import Lease
from candlewick.domain.market import InstrumentKey, InstrumentStatus
from candlewick.jobs.holding import HOLDER, LEASE, while_held
from candlewick.jobs.rounds import Pace, keep_at
from candlewick.jobs.strangers import Strangers
from candlewick.pipeline.importing import Stores
from candlewick.pipeline.polling import poll
from candlewick.ports import JobStore, Leases, MarketSource
from candlewick.waiting import before

log = structlog.get_logger(__name__)

LOOK: Final = timedelta(seconds=2)
"""How often it is looked whether a source is due."""
AGAIN: Final = timedelta(minutes=1)
"""When a source is asked again that could not be asked, unless it is due earlier."""


@dataclass(frozen=True, slots=True)
class Polling:
    """What it takes to ask for quotes."""

    watched: Callable[[], Awaitable[Sequence[InstrumentKey]]]
    sources: Mapping[str, MarketSource]
    every: Mapping[str, timedelta]
    """By the source's code."""
    stores: Stores
    jobs: JobStore
    leases: Leases


async def keep_polling(polling: Polling, stop: asyncio.Event) -> None:
    """Ask every source that has quotes for those of what is watched, until `stop`. None of them waits for another."""
    async with asyncio.TaskGroup() as group:
        for code, source in polling.sources.items():
            if source.quotes is not None:
                turn = partial(_Poll(polling, source).turn, stop)
                pace = Pace(min(LOOK, polling.every[code] / 2))
                group.create_task(keep_at(f"poll/{code}", turn, pace, stop))


class _Poll:
    """One source's quotes."""

    def __init__(self, polling: Polling, source: MarketSource) -> None:
        self._polling = polling
        self._source = source
        self._every = polling.every[source.source]
        self._name = f"poll/{source.source}/{self._every.total_seconds():g}"  # another pace is due at once
        self._strangers = Strangers(polling.jobs)

    async def turn(self, stop: asyncio.Event) -> None:
        """Ask, if it is due and nobody else does."""
        keys = [key for key in await self._polling.watched() if key.venue == self._source.source]
        if not keys:
            return
        lease = await self._polling.leases.acquire(self._name, HOLDER, LEASE)
        if lease is None:
            return
        begun, wait = monotonic(), min(AGAIN, self._every)
        try:
            wait = await self._round(keys, lease, stop)
        finally:
            await self._until_due(lease, wait - timedelta(seconds=monotonic() - begun))

    async def _round(self, keys: Sequence[InstrumentKey], lease: Lease, stop: asyncio.Event) -> timedelta:
        """How long after its beginning the next one is due."""

        async def renew() -> bool:
            return await self._polling.leases.renew(lease, LEASE)

        try:
            ended = await before(stop, while_held(lease, renew, self._ask(keys, lease)))
        except LeaseLost:
            raise
        except CandlewickError as error:
            log.warning("quotes_not_asked", source=self._source.source, reason=str(error))
            asked = error.retry_after if isinstance(error, SourceUnavailable) else None
            return max(min(AGAIN, self._every), timedelta(seconds=asked or 0))
        return self._every if ended else timedelta()

    async def _ask(self, keys: Sequence[InstrumentKey], lease: Lease) -> None:
        known = await self._polling.stores.instruments.by_keys(keys)
        await self._strangers.make_known(frozenset(keys) - known.keys())
        listed = [each for each in known.values() if each.status is not InstrumentStatus.DELISTED]
        if listed:
            outcome = await poll(self._source, listed, self._polling.stores, lease)
            log.debug("quotes_polled", source=self._source.source, stored=outcome.stored, repeated=outcome.repeated)

    async def _until_due(self, lease: Lease, left: timedelta) -> None:
        """Keep the lease for so long, without anybody at work; nobody else takes it before."""
        if left > timedelta():
            await self._polling.leases.renew(lease, left)
        else:
            await self._polling.leases.release(lease)
