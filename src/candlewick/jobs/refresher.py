"""Carries changed minute candles into the wider intervals, again and again, for as long as the worker lives."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final, Protocol

import structlog

from candlewick.jobs.rounds import Pace, keep_at

log = structlog.get_logger(__name__)

SLOWEST: Final = timedelta(seconds=10)
"""How long to pause at most while settling fails: reads are right meanwhile, they fold what is dirty."""


class CandleTree(Protocol):
    """What the refresher needs of the candle store: `settle` never runs twice at the same time in one database."""

    async def settle(self, older_than: timedelta) -> int:
        """Refresh what has been dirty for that long; how many rows of the ledger were cleared."""


async def keep_settling(candles: CandleTree, patience: timedelta, pace: Pace, stop: asyncio.Event) -> None:
    """Settle at `pace` until `stop` what has been dirty for `patience`, which lets changes of a live minute gather."""

    async def settle() -> None:
        if cleared := await candles.settle(patience):
            log.debug("candles_settled", ranges=cleared)

    await keep_at("settle", settle, pace, stop)
