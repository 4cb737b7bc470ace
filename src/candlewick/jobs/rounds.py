"""Work that a worker does round after round while it lives: tried again when it fails, more and more slowly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

import structlog
from redis.exceptions import RedisError

from candlewick.domain.errors import CandlewickError
from candlewick.telemetry import traced
from candlewick.waiting import paused

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to pause between rounds; after failures twice as long each time, up to `slowest`."""

    every: timedelta = timedelta(seconds=1)
    slowest: timedelta = timedelta(seconds=5)

    def pause(self, failures: int) -> timedelta:
        """How long to wait after so many failures in a row."""
        return min(self.every * 2 ** min(failures, 16), max(self.slowest, self.every)) if failures else self.every


async def keep_at(task: str, round_: Callable[[], Awaitable[None]], pace: Pace, stop: asyncio.Event) -> None:
    """Do rounds at `pace` until `stop`; what is running then is finished. A failure is logged under the task's name.

    A round that lasted longer than the longest pause went well: what ended it counts as the first failure.
    """
    failures = 0
    while not stop.is_set():
        begun = monotonic()
        with traced(task=task):
            failed = not await _went_well(round_)
        if not failed or monotonic() - begun > pace.slowest.total_seconds():
            failures = 0
        failures += failed
        await paused(stop, pace.pause(failures))


async def _went_well(round_: Callable[[], Awaitable[None]]) -> bool:
    try:
        await round_()
    except (CandlewickError, RedisError, OSError) as error:
        log.warning("task_waits", reason=str(error) or type(error).__name__)
        return False
    except Exception:
        log.exception("task_failed")  # whatever it was, others depend on it
        return False
    return True
