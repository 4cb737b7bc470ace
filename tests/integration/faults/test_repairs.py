"""What a feed could not mend is repaired by a job, and its candles are told anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from candlewick.domain.candle import Candle, CandleOrigin, CandleStatus
from candlewick.domain.commit import CommitKind
from candlewick.domain.gap import Gap, GapState
from candlewick.domain.interval import Interval
from candlewick.domain.job import JobKind, WorkQueue
from candlewick.domain.page import CandleQuery
from candlewick.domain.time import Window
from candlewick.jobs.steps import StepRunner
from candlewick.pipeline import mending
from candlewick.pipeline.backfill import Backfill
from candlewick.pipeline.repairing import GapRepair
from candlewick.pipeline.verifying import Verification
from candlewick.providers.simulation.faults import Fault
from candlewick.storage.candles import Candles
from candlewick.storage.commit_log import StoredCommits
from candlewick.storage.engine import Database
from candlewick.storage.jobs import Jobs
from candlewick.storage.leases import StoredLeases
from integration.faults.following import Following
from integration.faults.venue import open_venue, steady_market, stored_trades
from markets import delivery
from working import EVERYTHING

RATE = 300
HISTORY = "historicalTrades"


@dataclass
class MovedClock:
    """The machine's clock, moved on by as much as a test wants."""

    by: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


@dataclass
class Scene:
    """A feed, and the worker that does its repair jobs."""

    following: Following
    clock: MovedClock
    folder: Path

    async def leave_a_gap(self, count: int) -> range:
        """Follow until so many trades are a gap; the worker dies over it."""
        venue = self.following.venue
        async with self.following.running():
            await self.following.begun()
            await venue.order(Fault.SERVER_ERROR, HISTORY, count=None)
            struck = await venue.order_trades(Fault.MISSING, count=count)
            while not await self.following.gaps():  # noqa: ASYNC110  (a database has no event to wait for)
                await asyncio.sleep(0.02)
        await StoredLeases(self.following.database).release(self.following.lease)
        await venue.heal()
        return struck

    async def repair(self) -> Gap:
        """Do the jobs that are due by now; the gap as it is then."""
        source, database = self.following.venue.source, self.following.database
        jobs, sources = Jobs(database), {source.source: source}
        backfill = Backfill(sources, self.following.stores, jobs, self.clock, self.folder / "downloads")
        repair = GapRepair(sources, self.following.stores, jobs, backfill, self.clock)
        await repair.submit()
        runner = StepRunner(jobs, StoredLeases(database), {JobKind.REPAIR: repair.run})
        mine = f"gaps of {self.following.instrument.key}"
        for ref in await jobs.due(WorkQueue.IO, EVERYTHING):
            async with database.driver() as driver:
                named = "SELECT subject FROM job_step WHERE job_id = $1 AND number = $2"
                if await driver.fetchval(named, ref.job_id, ref.number) == mine:
                    assert await runner.run(ref) == "done"
        [gap] = await self.following.gaps()
        return gap

    async def candles(self) -> list[Candle]:
        key, query = self.following.instrument.id, CandleQuery(Interval.M1.duration, 100, CandleOrigin.TRADES)
        return list((await Candles(self.following.database, self.clock).read([key], query))[key].rows)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mending.Mender.__init__, "__defaults__", (timedelta(milliseconds=50),))


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    clock = MovedClock()
    async with open_venue(steady_market(RATE), clock) as venue:
        yield Scene(await Following.of(venue, database, tmp_path), clock, tmp_path)


async def test_a_gap_is_repaired_by_a_job_and_its_candles_are_revised_and_told(scene: Scene) -> None:
    struck = await scene.leave_a_gap(40)
    scene.clock.by = timedelta(minutes=3)
    key, commits = scene.following.instrument.id, StoredCommits(scene.following.database)
    before = (await commits.versions([key]))[key]

    gap = await scene.repair()

    assert (gap.state, gap.missing) == (GapState.REPAIRED, 0)
    assert (gap.first_sequence, gap.last_sequence) == (struck.start, struck.stop - 1)
    minutes = {trade.ts.replace(second=0, microsecond=0) for trade in scene.following.venue.trades(struck)}
    revised = {candle.open_time for candle in await scene.candles() if candle.status is CandleStatus.REVISED}
    assert revised == minutes
    told = await commits.since(key, before, 10)
    assert [commit.notice.kind for commit in told] == [CommitKind.TRADES, CommitKind.GAP]
    assert told[0].rows == len(struck)
    assert told[0].notice.window.start in minutes
    assert await scene.following.is_whole()


async def test_a_gap_that_a_live_feed_repairs_is_left_to_it(scene: Scene) -> None:
    await scene.leave_a_gap(40)
    lease = await StoredLeases(scene.following.database).acquire("stream/other", "another", timedelta(hours=1))
    assert lease is not None
    await scene.following.stores.gaps.begin([(await scene.following.gaps())[0].id], lease)
    scene.clock.by = timedelta(minutes=3)

    assert (await scene.repair()).state is GapState.REPAIRING


async def test_a_gap_that_nothing_fills_is_given_up_with_the_reason(scene: Scene) -> None:
    venue = scene.following.venue
    async with scene.following.running():
        await scene.following.begun()
        gone = await venue.order_trades(Fault.GONE, first=venue.newest() + 2 * RATE, count=7)
        await scene.following.settled(1)
    scene.following = replace(scene.following, venue=replace(venue, source=replace(venue.source, shelf=None)))
    tries = 1
    while (gap := (await scene.following.gaps())[0]).state is not GapState.UNREPAIRABLE:
        assert gap.retry_at is not None
        scene.clock.by = gap.retry_at - datetime.now(UTC) + timedelta(seconds=1)
        await scene.repair()
        tries += 1

    assert (gap.missing, gap.first_sequence, gap.tries) == (len(gone), gone.start, tries)
    assert gap.reason is not None
    assert f"has none of these trades, though it has later ones, asked {tries} times" in gap.reason


async def test_a_source_that_is_away_puts_the_repair_off(scene: Scene) -> None:
    await scene.leave_a_gap(40)
    await scene.following.venue.order(Fault.SERVER_ERROR, HISTORY, count=None)
    scene.clock.by = timedelta(minutes=3)

    gap = await scene.repair()

    assert (gap.state, gap.tries) == (GapState.OPEN, 0)
    assert "status 503" in (gap.reason or "")
    await scene.following.venue.heal()
    scene.clock.by = timedelta(minutes=10)
    assert (await scene.repair()).state is GapState.REPAIRED
    assert await scene.following.is_whole()


async def test_what_only_the_venue_s_own_candles_tell_of_is_repaired(scene: Scene) -> None:
    """No later trade of the minute is here: its ids have no hole."""
    following, venue = scene.following, scene.following.venue
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=10)
    first, end = (venue.market.sequence_at(venue.key, start + n * timedelta(minutes=1)) for n in (0, 1))
    await following.stores.trades.insert(
        delivery(following.instrument, venue.trades(range(first, end - 50)), scene.clock.now())
    )
    verification = Verification({"binance": venue.source}, following.stores, Jobs(following.database), scene.clock)
    minute = Window(start, start + timedelta(minutes=1))

    assert (await verification.run(following.instrument.key, minute)).lacking == [minute]
    assert (await scene.repair()).state is GapState.REPAIRED
    assert (await verification.run(following.instrument.key, minute)).equal
    assert await stored_trades(following.database, following.instrument.key) == venue.trades(range(first, end))
