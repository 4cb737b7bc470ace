"""A stream learns that what it should follow is something else by now."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

from candlewick.pipeline.roster import Roster
from source_doubles import instrument
from working import HANGS


async def test_a_change_is_told_to_those_who_wait() -> None:
    roster = Roster([instrument()])
    waiting = asyncio.create_task(roster.other_than(roster.instruments))
    await asyncio.sleep(0)
    assert not waiting.done()

    roster.change([])

    async with asyncio.timeout(HANGS):
        await waiting


async def test_a_change_that_came_before_is_not_missed() -> None:
    roster = Roster([instrument()])
    followed = roster.instruments
    roster.change([instrument("ETHUSDT")])

    async with asyncio.timeout(HANGS):
        await roster.other_than(followed)


async def test_what_no_stream_depends_on_is_no_change() -> None:
    roster = Roster([instrument()])
    waiting = asyncio.create_task(roster.other_than(roster.instruments))
    roster.change([replace(instrument(), tick_size=Decimal("0.01"))])
    for _ in range(3):
        await asyncio.sleep(0)

    assert not waiting.done()
    waiting.cancel()
