"""Each fault of a stream that leaves a lasting hole is one gap, and no other is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from candlewick.clock import SystemClock
from candlewick.domain.gap import Gap, GapEvidence, GapState
from candlewick.pipeline import mending
from candlewick.pipeline.retrying import FIRST_RETRY
from candlewick.providers.simulation.faults import Fault
from candlewick.storage.engine import Database
from candlewick.storage.leases import StoredLeases
from integration.faults.following import Following
from integration.faults.venue import open_venue, steady_market
from working import HANGS

RATE = 300
STREAM = "^/stream"
HISTORY = "historicalTrades"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short enough to wait for."""
    set_patience(monkeypatch, timedelta(milliseconds=400))


def set_patience(monkeypatch: pytest.MonkeyPatch, patience: timedelta) -> None:
    monkeypatch.setattr(mending.Mender.__init__, "__defaults__", (patience,))


@pytest.fixture
async def following(database: Database, tmp_path: Path, silence: timedelta) -> AsyncIterator[Following]:
    async with open_venue(steady_market(RATE), SystemClock(), silence) as venue:
        yield await Following.of(venue, database, tmp_path)


def told(gap: Gap) -> tuple[GapEvidence, GapState, int | None]:
    return gap.evidence, gap.state, gap.missing


async def test_missing_trades_are_one_gap_of_exactly_these(following: Following) -> None:
    async with following.running():
        await following.begun()
        struck = await following.venue.order_trades(Fault.MISSING, count=40)
        [gap] = await following.settled(1)
        await following.beyond(struck.stop + RATE)

    assert told(gap) == (GapEvidence.MISSING_SEQUENCES, GapState.REPAIRED, 0)
    assert (gap.first_sequence, gap.last_sequence) == (struck.start, struck.stop - 1)
    [before, after] = following.venue.trades(range(struck.start - 1, struck.start)) + following.venue.trades(
        range(struck.stop, struck.stop + 1)
    )
    assert (gap.window.start, gap.window.end - timedelta(microseconds=1)) == (before.ts, after.ts)
    assert await following.gaps() == [gap]
    assert await following.is_whole()


async def test_trades_that_are_nowhere_are_a_gap_that_is_tried_again(following: Following) -> None:
    async with following.running():
        await following.begun()
        gone = await following.venue.order_trades(Fault.GONE, first=following.venue.newest() + 2 * RATE, count=7)
        [gap] = await following.settled(1)
        await following.beyond(gone.stop + RATE // 2)

    assert told(gap) == (GapEvidence.MISSING_SEQUENCES, GapState.OPEN, 7)
    assert (gap.first_sequence, gap.last_sequence, gap.tries) == (gone.start, gone.stop - 1, 1)
    assert gap.retry_at is not None
    assert timedelta() < gap.retry_at - gap.detected_at - FIRST_RETRY < timedelta(seconds=HANGS)
    assert await following.gaps() == [gap]
    assert await following.is_whole(without=gone)


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.SILENT])
async def test_a_connection_that_lost_trades_is_one_gap(following: Following, fault: Fault) -> None:
    async with following.running():
        await following.begun()
        await following.venue.order(fault, STREAM)
        await following.past_faults()
        [gap] = await following.settled(1)
        await following.beyond(following.venue.newest() + RATE // 2)

    assert told(gap) == (GapEvidence.DISCONNECTED, GapState.REPAIRED, 0)
    assert await following.gaps() == [gap]
    assert await following.is_whole()


async def test_a_worker_that_was_away_is_one_gap(following: Following) -> None:
    async with following.running():
        await following.begun()
    reached = await following.position()
    await asyncio.sleep(0.3)
    async with following.running():
        await following.beyond(following.venue.newest())
        [gap] = await following.settled(1)

    assert told(gap) == (GapEvidence.DISCONNECTED, GapState.REPAIRED, 0)
    assert gap.first_sequence == reached + 1
    assert await following.is_whole()


async def test_a_worker_that_died_over_a_gap_leaves_it_to_the_next_one(following: Following) -> None:
    async with following.running():
        await following.begun()
        await following.venue.order(Fault.SERVER_ERROR, HISTORY, count=None)
        struck = await following.venue.order_trades(Fault.MISSING, count=40)
        while not await following.gaps():  # noqa: ASYNC110  (a database has no event to wait for)
            await asyncio.sleep(0.02)
    [left] = await following.gaps()
    assert left.state is GapState.REPAIRING
    leases = StoredLeases(following.database)
    await leases.renew(following.lease, timedelta(seconds=-1))
    lease = await leases.acquire(following.lease.name, "another", timedelta(hours=1))
    assert lease is not None
    await following.venue.heal()
    async with replace(following, lease=lease).running():
        await following.beyond(struck.stop + RATE // 2)
        gaps = await following.settled(2)

    assert sorted((gap.evidence, gap.state) for gap in gaps) == [
        (GapEvidence.DISCONNECTED, GapState.REPAIRED), (GapEvidence.MISSING_SEQUENCES, GapState.REPAIRED)
    ]  # fmt: skip
    assert await following.is_whole()


@pytest.mark.parametrize("fault", [Fault.DUPLICATE, Fault.SHUFFLED, Fault.LATE])
async def test_disorder_is_no_gap(following: Following, fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    set_patience(monkeypatch, timedelta(minutes=1))
    async with following.running():
        await following.begun()
        struck = await following.venue.order_trades(fault, count=RATE // 3, probability=0.5, seconds=0.2)
        await following.beyond(struck.stop + RATE // 2)

    assert await following.venue.struck() > 0
    assert await following.gaps() == []
    assert await following.is_whole()
