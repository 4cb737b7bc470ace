"""A backfill of a venue that breaks: real adapters, stores and step runner, and the test as the worker."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from candlewick.domain.job import BackfillRequest, Job, JobId, JobKind, WorkQueue
from candlewick.domain.market import DataKind
from candlewick.domain.time import Window
from candlewick.jobs.steps import StepRunner
from candlewick.pipeline.backfill import Backfill
from candlewick.pipeline.importing import Stores
from candlewick.ports import Delivery, MarketSource, Outcome
from candlewick.storage.candles import Candles
from candlewick.storage.days import Days
from candlewick.storage.dead_letters import DeadLetters
from candlewick.storage.engine import Database
from candlewick.storage.gaps import StoredGaps
from candlewick.storage.instruments import Instruments
from candlewick.storage.jobs import Jobs
from candlewick.storage.leases import StoredLeases
from candlewick.storage.quotes import Quotes
from candlewick.storage.raw import RawFiles
from candlewick.storage.trades import Trades
from integration.faults.venue import Venue, known_instrument
from working import EVERYTHING

_BRING_FORWARD: Final = "UPDATE job_step SET due_at = now() WHERE job_id = $1 AND status = 'PENDING'"
_WAITS: Final = "SELECT due_at - clock_timestamp() FROM job_step WHERE job_id = $1 AND status = 'PENDING'"
_FAILURES: Final = "SELECT sum(failures) FROM job_step WHERE job_id = $1"


def stores_of(database: Database, venue: Venue, folder: Path) -> Stores:
    """The real ones."""
    return Stores(
        Instruments(database),
        RawFiles(database, folder / "archives"),
        Trades(database),
        Candles(database, venue.clock),
        DeadLetters(database),
        Quotes(database),
        Days(database),
        StoredGaps(database),
    )


class FailingTrades(Trades):
    """The TradeStore of a database that goes away once, with the delivery of that number."""

    def __init__(self, database: Database, fails_at: int, error: Exception) -> None:
        super().__init__(database)
        self._left = fails_at
        self._error = error
        self.failed = asyncio.Event()

    async def insert_together(self, deliveries: Sequence[Delivery]) -> Outcome:
        """See `TradeStore.insert_together`; `insert` is the same with one."""
        self._left -= 1
        if not self._left:
            self.failed.set()
            raise self._error
        return await super().insert_together(deliveries)


@dataclass(frozen=True, slots=True)
class Backfilling:
    """Backfills of one venue's instrument."""

    venue: Venue
    database: Database
    folder: Path
    stores: Stores

    @classmethod
    async def of(cls, venue: Venue, database: Database, folder: Path) -> Backfilling:
        """With the instrument known."""
        await known_instrument(venue, database)
        return cls(venue, database, folder, stores_of(database, venue, folder))

    async def submit(self, window: Window, kind: DataKind = DataKind.TRADES) -> JobId:
        """Make the job."""
        request = BackfillRequest([self.venue.key], window, kind)
        return (await self._backfill(self.venue.source).submit(request, idempotency_key=None, requested_by="test")).id

    async def work(self, job_id: JobId, source: MarketSource | None = None) -> list[str]:
        """Do the job's steps that wait, as if their time had come, each once; in a word what became of each."""
        async with self.database.driver() as driver:
            await driver.execute(_BRING_FORWARD, job_id)
        due = [ref for ref in await Jobs(self.database).due(WorkQueue.IO, EVERYTHING) if ref.job_id == job_id]
        backfill = self._backfill(source or self.venue.source)
        runner = StepRunner(Jobs(self.database), StoredLeases(self.database), {JobKind.BACKFILL: backfill.run})
        return [await runner.run(ref) for ref in due]

    async def job(self, job_id: JobId) -> Job:
        """As it is now."""
        found = await Jobs(self.database).job(job_id)
        assert found is not None
        return found

    async def wait(self, job_id: JobId) -> timedelta:
        """How long its step is put off."""
        async with self.database.driver() as driver:
            waits: timedelta = await driver.fetchval(_WAITS, job_id)
        return waits

    async def failures(self, job_id: JobId) -> int:
        """What counts against its steps."""
        async with self.database.driver() as driver:
            return int(await driver.fetchval(_FAILURES, job_id))

    def with_failing_trades(self, fails_at: int, error: Exception) -> Backfilling:
        """The same with a database that goes away once."""
        return replace(self, stores=replace(self.stores, trades=FailingTrades(self.database, fails_at, error)))

    def _backfill(self, source: MarketSource) -> Backfill:
        jobs = Jobs(self.database)
        return Backfill({source.source: source}, self.stores, jobs, self.venue.clock, self.folder / "downloads")
