"""The relay: what was committed is told to all processes. One worker does it at a time, another takes over."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from candlewick.jobs.rounds import Pace, keep_at
from candlewick.ports import Bus, CommitLog, Relay
from candlewick.waiting import paused

log = structlog.get_logger(__name__)

BATCH: Final = 1_000
EVERY: Final = timedelta(milliseconds=25)
"""How often the commit log is looked at while it is quiet."""
TAKE_OVER: Final = timedelta(seconds=2)
"""How often a worker that is not the relay tries to become it."""


async def keep_relaying(commits: CommitLog, bus: Bus, stop: asyncio.Event) -> None:
    """Publish commits until `stop`, whenever it is our turn. While a service is away it waits: nothing is skipped."""

    async def take_turn() -> None:
        async with commits.relay() as relay:
            if relay is not None:
                log.info("relay_started")
                await _relay(relay, bus, stop)

    await keep_at("relay", take_turn, Pace(TAKE_OVER), stop)


async def _relay(relay: Relay, bus: Bus, stop: asyncio.Event) -> None:
    while not stop.is_set():
        fresh = await relay.fresh(BATCH)
        if not fresh:
            await paused(stop, EVERY)
            continue
        await bus.publish([commit.notice for commit in fresh])
        await relay.mark(fresh)
