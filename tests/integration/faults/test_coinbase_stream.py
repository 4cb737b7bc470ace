"""What only Coinbase's stream can do while it breaks: heartbeats tell of trades that no other trade tells of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from candlewick.clock import SystemClock
from candlewick.pipeline import mending
from candlewick.providers.simulation.faults import Fault
from candlewick.storage.engine import Database
from integration.faults.following import Following
from integration.faults.wires import COINBASE

RATE = 300


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holes are mended at once."""
    monkeypatch.setattr(mending.Mender.__init__, "__defaults__", (timedelta(milliseconds=50),))


@pytest.fixture
async def following(database: Database, tmp_path: Path, silence: timedelta) -> AsyncIterator[Following]:
    async with COINBASE.open(COINBASE.market(RATE), SystemClock(), silence) as venue:
        yield await Following.of(venue, database, tmp_path)


async def test_trades_that_no_later_trade_tells_of_are_fetched_for_a_heartbeat(following: Following) -> None:
    async with following.running():
        await following.begun()
        await following.venue.order_trades(Fault.MISSING, count=1_000_000)
        await following.beyond(following.venue.newest() + RATE)  # not one trade has come over the stream since

    assert following.connections == 1
    assert await following.is_whole()


async def test_a_long_absence_is_made_up_for_page_by_page(following: Following) -> None:
    async with following.running():
        await following.begun()
    absent_until = await following.position() + 2_500
    while following.venue.newest() < absent_until:  # noqa: ASYNC110  (a market has no event to wait for)
        await asyncio.sleep(0.05)
    async with following.running():
        await following.beyond(following.venue.newest())

    assert len(following.venue.budget.spent) >= 3
    assert await following.is_whole()


async def test_a_limit_makes_the_history_wait_and_costs_no_trade(following: Following) -> None:
    async with following.running():
        await following.begun()
        await following.venue.order(Fault.RATE_LIMITED, COINBASE.history, count=3, seconds=0)
        struck = await following.venue.order_trades(Fault.MISSING, count=20)
        await following.beyond(struck.stop)

    assert following.venue.budget.pauses == [0.0, 0.0, 0.0]
    assert await following.is_whole()
