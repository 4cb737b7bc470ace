"""Quotes and days of what is watched: each source is asked again and again at its pace, by one worker at a time.

The lease says when it is due: whoever gets it asks, and lets it run out when the next time has come. So there is no
overlap, a worker that dies is replaced, and a restart asks no more often.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Final

import structlog

from candlewick.domain.errors import CandlewickError, LeaseLost, SourceUnavailable
from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument, InstrumentKey, InstrumentStatus
from candlewick.jobs.holding import HOLDER, LEASE, while_held
from candlewick.jobs.rounds import Pace, keep_at
from candlewick.jobs.strangers import Strangers
from candlewick.pipeline.importing import Stores
from candlewick.pipeline.polling import poll, poll_days
from candlewick.ports import Clock, JobStore, Leases, MarketSource, Outcome
from candlewick.waiting import before

log = structlog.get_logger(__name__)

LOOK: Final = timedelta(seconds=2)
"""How often it is looked whether a source is due."""
AGAIN: Final = timedelta(minutes=1)
"""When a source is asked again that could not be asked, and twice as long after each further failure."""
DAILY: Final = timedelta(days=1)
"""How often days are asked for."""


@dataclass(frozen=True, slots=True)
class Polling:
    """What it takes to ask again and again."""

    watched: Callable[[], Awaitable[Sequence[InstrumentKey]]]
    sources: Mapping[str, MarketSource]
    every: Mapping[str, timedelta]
    """How often for quotes, by the source's code."""
    stores: Stores
    jobs: JobStore
    leases: Leases
    clock: Clock


async def keep_polling(polling: Polling, stop: asyncio.Event) -> None:
    """Ask every source for quotes and days of what is watched, until `stop`. None of them waits for another."""
    async with asyncio.TaskGroup() as group:
        for due in _dues(polling):
            pace = Pace(min(LOOK, due.every / 2))
            group.create_task(keep_at(due.name, partial(due.turn, stop), pace, stop))


def _dues(polling: Polling) -> Iterator[_Due]:
    for code, source in polling.sources.items():
        if source.quotes is not None:
            yield _Due(polling, source, "quotes", polling.every[code], poll)
        if source.days is not None:
            yield _Due(polling, source, "days", DAILY, partial(poll_days, polling.clock))


Ask = Callable[[MarketSource, Sequence[Instrument], Stores, Lease], Awaitable[Outcome]]


class _Due:
    """What one source is asked for again and again."""

    def __init__(self, polling: Polling, source: MarketSource, kind: str, every: timedelta, ask: Ask) -> None:
        self.name = f"poll/{source.source}/{kind}/{every.total_seconds():g}"  # another pace is due at once
        self.every = every
        self._polling = polling
        self._source = source
        self._kind = kind
        self._ask = ask
        self._failures = 0
        self._strangers = Strangers(polling.jobs)

    async def turn(self, stop: asyncio.Event) -> None:
        """Ask, if it is due and nobody else does."""
        keys = [key for key in await self._polling.watched() if key.venue == self._source.source]
        if not keys:
            return
        lease = await self._polling.leases.acquire(self.name, HOLDER, LEASE)
        if lease is None:
            return
        begun, wait = monotonic(), self._pause(timedelta())
        try:
            wait = await self._round(keys, lease, stop)
        finally:
            await self._until_due(lease, wait - timedelta(seconds=monotonic() - begun))

    async def _round(self, keys: Sequence[InstrumentKey], lease: Lease, stop: asyncio.Event) -> timedelta:
        """How long after its beginning the next one is due."""

        async def renew() -> bool:
            return await self._polling.leases.renew(lease, LEASE)

        try:
            ended = await before(stop, while_held(lease, renew, self._of(keys, lease)))
        except LeaseLost:
            raise
        except CandlewickError as error:
            log.warning("source_not_polled", source=self._source.source, kind=self._kind, reason=str(error))
            if not error.retryable:
                return self.every
            self._failures += 1
            asked = error.retry_after if isinstance(error, SourceUnavailable) else None
            return self._pause(timedelta(seconds=asked or 0))
        self._failures = 0
        return self.every if ended else timedelta()

    def _pause(self, asked: timedelta) -> timedelta:
        """After failures: longer each time, up to the usual pace, but never shorter than the source asked for."""
        longer: timedelta = AGAIN * 2 ** min(max(self._failures - 1, 0), 20)
        return max(min(longer, self.every), asked)

    async def _of(self, keys: Sequence[InstrumentKey], lease: Lease) -> None:
        known = await self._polling.stores.instruments.by_keys(keys)
        await self._strangers.make_known(frozenset(keys) - known.keys())
        listed = [each for each in known.values() if each.status is not InstrumentStatus.DELISTED]
        if listed:
            outcome = await self._ask(self._source, listed, self._polling.stores, lease)
            log.debug("source_polled", source=self._source.source, kind=self._kind, stored=outcome.stored)

    async def _until_due(self, lease: Lease, left: timedelta) -> None:
        """Keep the lease for so long, without anybody at work; nobody else takes it before."""
        if left > timedelta():
            await self._polling.leases.renew(lease, left)
        else:
            await self._polling.leases.release(lease)
