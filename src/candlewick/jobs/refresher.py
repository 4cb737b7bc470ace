"""Carries changed minute candles into the wider intervals, again and again, for as long as the worker lives."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from candlewick.domain.errors import CandlewickError
from candlewick.telemetry import traced
from candlewick.waiting import paused

log = structlog.get_logger(__name__)


class CandleTree(Protocol):
    """What the refresher needs of the candle store: `settle` never runs twice at the same time in one database."""

    async def settle(self, older_than: timedelta) -> int:
        """Refresh what has been dirty for that long; how many rows of the ledger were cleared."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look for what has been dirty for `patience`, which lets changes of a live minute gather.

    Reads are right all the same: they fold what is dirty. After failures, twice as long a pause each time.
    """

    every: timedelta = timedelta(seconds=1)
    patience: timedelta = timedelta(seconds=10)
    slowest: timedelta = timedelta(seconds=10)

    def pause(self, failures: int) -> timedelta:
        """How long to wait after so many failures in a row."""
        return min(self.every * 2 ** min(failures, 16), max(self.slowest, self.every)) if failures else self.every


async def keep_settling(candles: CandleTree, pace: Pace, stop: asyncio.Event) -> None:
    """Settle at `pace` until `stop`; what is running then is finished. A failure is logged and tried again."""
    failures = 0
    while not stop.is_set():
        with traced(task="settle"):
            failures = 0 if await _settle(candles, pace.patience) else failures + 1
        await paused(stop, pace.pause(failures))


async def _settle(candles: CandleTree, patience: timedelta) -> bool:
    try:
        cleared = await candles.settle(patience)
    except CandlewickError as error:
        log.warning("settling_failed", reason=str(error), retryable=error.retryable)
        return False
    except Exception:
        log.exception("settling_failed")  # whatever it was, candles have to go on being settled
        return False
    if cleared:
        log.debug("candles_settled", ranges=cleared)
    return True
