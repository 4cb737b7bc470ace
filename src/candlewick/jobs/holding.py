"""Work that is done with a lease: it is renewed for as long as the work takes, and the work ends when it is lost."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Final

import structlog

from candlewick.domain.errors import CandlewickError, LeaseLost
from candlewick.domain.job import Lease

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(seconds=12)
"""How long others wait before they take over from a worker that died."""
BEAT: Final = timedelta(seconds=3)

HOLDER: Final = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
"""This process, as others see it."""

Renew = Callable[[], Awaitable[bool]]


async def while_held[T](lease: Lease, renew: Renew, work: Coroutine[None, None, T]) -> T:
    """Do the work; `renew` says again and again whether the lease is still ours.

    Raises:
        LeaseLost: it is not; the work was cancelled.
    """
    working = asyncio.create_task(work)
    beating = asyncio.create_task(_beat(lease, renew))
    try:
        await asyncio.wait({working, beating}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise LeaseLost(lease.name)
        return await working
    finally:
        for task in (working, beating):
            task.cancel()
        await asyncio.gather(working, beating, return_exceptions=True)


async def _beat(lease: Lease, renew: Renew) -> None:
    """Returns when the lease is lost. While the database is away nobody can take it: that is not losing it."""
    while True:
        await asyncio.sleep(BEAT.total_seconds())
        try:
            if not await renew():
                return
        except LeaseLost:
            return
        except CandlewickError as error:
            log.warning("lease_not_renewed", lease=lease.name, reason=str(error))
