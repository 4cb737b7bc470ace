"""The relay: what was committed is told to all processes. One worker does it at a time, another takes over."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from candlewick.domain.errors import CandlewickError
from candlewick.ports import Bus, CommitLog, Relay
from candlewick.waiting import paused

log = structlog.get_logger(__name__)

BATCH: Final = 1_000
EVERY: Final = timedelta(milliseconds=25)
"""How often the commit log is looked at while it is quiet."""
TAKE_OVER: Final = timedelta(seconds=2)
"""How often a worker that is not the relay tries to become it."""
LONGEST_PAUSE: Final = timedelta(seconds=5)


async def keep_relaying(commits: CommitLog, bus: Bus, stop: asyncio.Event) -> None:
    """Publish commits until `stop`, whenever it is our turn. While a service is away it waits: nothing is skipped."""
    failures = 0
    while not stop.is_set():
        try:
            async with commits.relay() as relay:
                if relay is not None:
                    log.info("relay_started")
                    failures = 0
                    await _relay(relay, bus, stop)
        except CandlewickError as error:
            failures += 1
            log.warning("relay_waits", reason=str(error))
        except Exception:
            failures += 1
            log.exception("relay_failed")  # whatever it was, others wait for what was committed
        await paused(stop, min(TAKE_OVER * 2 ** min(failures, 10), LONGEST_PAUSE))


async def _relay(relay: Relay, bus: Bus, stop: asyncio.Event) -> None:
    while not stop.is_set():
        fresh = await relay.fresh(BATCH)
        if not fresh:
            await paused(stop, EVERY)
            continue
        await bus.publish([commit.notice for commit in fresh])
        await relay.mark(fresh)
