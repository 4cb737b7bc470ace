"""How work is shared: jobs, leases, positions of feeds, commit log, bus. Adapters live in `storage` and `bus`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from candlewick.domain.commit import Commit, CommitNotice
from candlewick.domain.feed import FeedPosition, Run
from candlewick.domain.job import (
    BackfillRequest,
    ImportRequest,
    IngestRequest,
    Job,
    JobFilter,
    JobId,
    Lease,
    NewJob,
    Step,
    StepProgress,
    StepRef,
    WorkQueue,
)
from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.domain.page import Page, TradePosition, TradeRow
from candlewick.domain.source import BudgetStatus, ProcessReport, SourceFigures
from candlewick.domain.watch import Watched


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime: ...


class JobStore(Protocol):
    """Jobs and their steps: the only copy there is. Who works on a step holds its lease.

    What is written with a lease that is no longer held changes nothing. Times are the database's.
    """

    async def submit(self, new: NewJob) -> Job:
        """Make the job; or the one there is with the same idempotency key, or still unfinished with the same
        `exclusive` name.

        Raises:
            JobConflict: the idempotency key was used with other arguments.
        """

    async def job(self, job_id: JobId) -> Job | None: ...

    async def jobs(self, where: JobFilter, first: int, after: JobId | None) -> Page[Job]:
        """Newest first."""

    async def cancel(self, job_id: JobId) -> Job:
        """Nothing of it is done from now on; what was stored stays. Its leases are gone with the same commit.

        Raises:
            UnknownJob, JobFinished: there is nothing to cancel.
        """

    async def retry(self, job_id: JobId) -> Job:
        """Do its failed steps again, from where each got to.

        Raises:
            UnknownJob, JobNotFailed: there is nothing to do again.
            JobSuperseded: another job with the same `exclusive` name is unfinished.
        """

    async def retry_step(self, job_id: JobId, number: int) -> Job:
        """Do that one of its steps again, from where it got to.

        Raises:
            UnknownJob: there is no such job or step. JobNotFailed: the step neither failed nor was cancelled.
            JobSuperseded: another job with the same `exclusive` name is unfinished.
        """

    async def due(self, queue: WorkQueue, limit: int) -> Sequence[StepRef]:
        """Steps that somebody should work on now, oldest job first, no job starving the others.

        Steps whose worker let its lease run out are among them: from this call on that worker can write no more.
        A step that ended `MOST_ATTEMPTS` workers this way fails for good.
        """

    async def claim(self, ref: StepRef, holder: str, duration: timedelta) -> Step | None:
        """Begin the step, with its lease; None if it is no longer due, or not in this attempt."""

    async def report(self, lease: Lease, progress: StepProgress) -> None:
        """What the step did so far, in place of what it reported before.

        Raises:
            LeaseLost: also for the three below.
        """

    async def complete(self, lease: Lease, progress: StepProgress) -> None:
        """The step is done; with its last one, the job."""

    async def put_off(self, lease: Lease, reason: str, wait: timedelta, *, failed: bool) -> None:
        """Try again after `wait`. `failed` counts against the step: a worker that stops, a database away do not."""

    async def fail(self, lease: Lease, reason: str) -> None:
        """The step failed for good: it is kept as a dead letter, the job fails when its other steps are through."""


class Backfills(Protocol):
    """The use case behind `backfill`, on the command line and in the API."""

    async def submit(self, request: BackfillRequest, *, idempotency_key: str | None, requested_by: str) -> Job:
        """Cut it into steps and make the job; workers do the rest.

        Raises:
            UnknownVenue, UnknownInstrument, InvalidRange, TooManySteps, JobConflict: as their names say.
            SourceUnavailable, SourceRefused: the venue had to be asked whether it lists the instrument.
        """


class Imports(Protocol):
    """The use case behind `POST /import`."""

    def look(self, start: bytes, name: str) -> None:
        """Refuse a file by its first bytes, while the rest of it still comes.

        Raises:
            WrongEncoding: it is no text, and nothing that text is packed in.
        """

    async def submit(
        self, request: ImportRequest, path: Path, *, idempotency_key: str | None, requested_by: str
    ) -> Job:
        """Look at the file's first rows, keep it, and make the job; workers do the rest. The file is copied.

        Raises:
            InvalidInput, NormaliseError: it can be told already that nothing of it would be stored. Nothing is kept.
            JobConflict: as its name says.
        """


class Ingests(Protocol):
    """The use case behind `ingest`, on the command line and in the API."""

    async def submit(self, request: IngestRequest, *, requested_by: str) -> Job:
        """Make the job of asking a source, or all of them, now; or the one there is of the same request.

        Raises:
            UnknownSource, UnknownInstrument, ForeignInstrument, CannotBeIngested, InvalidLimit: as their names say.
            SourceUnavailable, SourceRefused: it had to be asked whether it lists the instrument.
        """


class Leases(Protocol):
    """What only one process at a time may do. A lease is lost when it runs out and somebody else takes it."""

    async def acquire(self, name: str, holder: str, duration: timedelta) -> Lease | None:
        """The lease, with a token higher than any before; None while somebody else has it."""

    async def renew(self, lease: Lease, duration: timedelta) -> bool:
        """Whether it is still ours; then it lasts for `duration` from now."""

    async def release(self, lease: Lease) -> None:
        """Let others have it at once. Nothing happens if it is not ours any more."""


class LivePositions(Protocol):
    """How far each live feed has delivered everything (`Delivery.position` keeps it too)."""

    async def read(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, FeedPosition]: ...

    async def ahead(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Sequence[Run]]:
        """What is here from beyond the positions, as far as that is not too much to look at."""

    async def advance(self, instrument_id: InstrumentId, position: FeedPosition, lease: Lease) -> None:
        """Everything up to there was delivered, or the source has none of it. Never goes back.

        Raises:
            LeaseLost: the feed is somebody else's by now; the same for `confirm`.
        """

    async def confirm(self, positions: Mapping[InstrumentId, FeedPosition], until: datetime, lease: Lease) -> None:
        """Until then nothing happened after these positions, as far as anyone can tell. One that moved on stays."""


class WatchList(Protocol):
    """What is taken live beside what the settings name."""

    async def all(self) -> Sequence[Watched]:
        """In order of their keys' text."""

    async def add(self, keys: Sequence[InstrumentKey], requested_by: str) -> None:
        """Put them on the list; what is on it already stays as it is.

        Raises:
            WatchListFull: it would become longer than it may; nothing was added.
        """

    async def remove(self, keys: Sequence[InstrumentKey]) -> None:
        """Take them off the list; what is not on it does not matter."""


class StatusBoard(Protocol):
    """Where processes tell each other how it stands with the sources that they ask. It may lose what they say."""

    async def publish(self, report: ProcessReport) -> None:
        """What this process says from now on, in place of what it said before. Forgotten soon if it says no more.

        Raises:
            RedisUnavailable: also for `reports`.
        """

    async def reports(self) -> Sequence[ProcessReport]:
        """What the processes said lately."""


class BudgetReads(Protocol):
    """What is left of the budgets that all workers share."""

    async def statuses(self) -> Sequence[BudgetStatus]:
        """Of all that this process knows of. Raises RedisUnavailable."""


class FigureReads(Protocol):
    """What the database knows of sources."""

    async def figures(self, sources: Sequence[str]) -> Mapping[str, SourceFigures]:
        """Of each of them."""


class CommitLog(Protocol):
    """What was committed, in the order in which each instrument's commits became visible: versions 1, 2, 3, …"""

    async def versions(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, int]:
        """The newest version of each; 0 before the first commit."""

    async def since(self, instrument_id: InstrumentId, version: int, limit: int) -> Sequence[Commit]:
        """The commits after that version, in order."""

    async def trades_since(
        self, instrument_id: InstrumentId, after: int, upto: int, limit: int, beyond: TradePosition | None = None
    ) -> Page[TradeRow]:
        """The trades that versions in (after, upto] stored, in order of (version, minute, sequence).

        With `beyond`, of the version `after + 1` only those behind that position: a commit may have millions.
        """

    def relay(self) -> AbstractAsyncContextManager[Relay | None]:
        """The relay, for as long as the block lasts; None while another process has it."""


class Relay(Protocol):
    """Reads what nobody has published yet. One at a time in a database."""

    async def fresh(self, limit: int) -> Sequence[Commit]:
        """Commits that were not marked yet, each instrument's in order and without a hole. No transaction is
        waited for: neither a long one of another instrument nor one that is rolled back holds anything up."""

    async def mark(self, commits: Sequence[Commit]) -> None:
        """These were published. If it is not said, they come again: at least once."""


class Bus(Protocol):
    """Tells other processes what was committed. It may lose a notice; the commit log never does."""

    async def publish(self, notices: Sequence[CommitNotice]) -> None:
        """Raises RedisUnavailable."""

    def listen(self) -> AsyncIterator[CommitNotice | None]:
        """Notices as they come; None whenever some may have been lost (the connection was made anew)."""
