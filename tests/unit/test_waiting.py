"""Waiting that ends early."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from candlewick.waiting import before, paused


async def test_work_that_ends_first_was_done() -> None:
    assert await before(asyncio.Event(), asyncio.sleep(0))


async def test_work_is_given_up_at_the_stop() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, stop.set)

    assert not await before(stop, asyncio.sleep(60))


async def test_an_error_of_the_work_is_not_swallowed() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await before(asyncio.Event(), fail())


async def test_a_pause_ends_at_the_stop() -> None:
    stop = asyncio.Event()
    stop.set()

    async with asyncio.timeout(1):
        await paused(stop, timedelta(minutes=1))
