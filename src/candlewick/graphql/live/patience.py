"""Reads of a subscription: a service that is away for a while does not end it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from candlewick.domain.errors import DatabaseUnavailable, ServiceError

log = structlog.get_logger(__name__)

READ_SECONDS: Final = 15.0
PATIENCE: Final = 60.0
"""Seconds of trying before a subscription is given up."""
_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 5.0


async def patiently[**Arguments, Answer](
    read: Callable[Arguments, Awaitable[Answer]], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Answer:
    """The answer, even if it takes several tries.

    Raises:
        ServiceError: a service did not do its part, for too long or in a way that does not change.
    """
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + PATIENCE, _PAUSE
    while True:
        try:
            return await _in_time(read(*args, **kwargs))
        except ServiceError as error:
            if not error.retryable or loop.time() + pause > deadline:
                raise
            log.warning("live_read_failed", reason=str(error))
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


async def _in_time[Answer](read: Awaitable[Answer]) -> Answer:
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await read
    except TimeoutError as exc:
        raise DatabaseUnavailable("its address", f"nothing within {READ_SECONDS:g} s") from exc
