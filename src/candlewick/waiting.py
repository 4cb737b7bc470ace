"""Waiting that ends early when something else happens first."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta


async def paused(stop: asyncio.Event, pause: timedelta) -> None:
    """Wait for `pause`, or until `stop`."""
    try:
        async with asyncio.timeout(pause.total_seconds()):
            await stop.wait()
    except TimeoutError:
        return


async def before(stop: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Whether the work came to its end before `stop`; if not, it is cancelled and what it did not commit is undone."""
    working = asyncio.create_task(work)
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            return False
        await working
        return True
    finally:
        stopped.cancel()
        working.cancel()
        await asyncio.wait({working})
