"""Carries event bars on as trades come, for as long as the worker lives. One worker does it at a time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Final, Protocol

import structlog

from candlewick.jobs.holding import HOLDER, LEASE, while_held
from candlewick.jobs.rounds import Pace, keep_at
from candlewick.ports import Leases

log = structlog.get_logger(__name__)

NAME: Final = "bars"
"""Of the lease. Two workers would not harm each other: of two that build the same one gives way, for nothing."""
PACE: Final = Pace(timedelta(seconds=1), timedelta(seconds=10))


class BarCarrying(Protocol):
    """What is needed of the use case."""

    async def is_behind(self) -> bool:
        """Whether there is anything to carry on."""

    async def carry_on(self) -> int:
        """A round: some turns of each series that is behind; how many were written."""


async def keep_carrying_on(bars: BarCarrying, leases: Leases, stop: asyncio.Event, pace: Pace = PACE) -> None:
    """Carry on at `pace` until `stop` what is behind, whenever no other worker does."""

    async def carry_on() -> None:
        if not await bars.is_behind():
            return
        lease = await leases.acquire(NAME, HOLDER, LEASE)
        if lease is None:
            return
        try:
            if written := await while_held(lease, partial(leases.renew, lease, LEASE), bars.carry_on()):
                log.debug("bars_carried_on", turns=written)
        finally:
            await leases.release(lease)

    await keep_at("bars", carry_on, pace, stop)
