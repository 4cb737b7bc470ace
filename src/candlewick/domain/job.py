"""Jobs: what was asked for, cut into steps, and how far it got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NewType

from candlewick.domain.market import AssetClass, DataKind, InstrumentKey
from candlewick.domain.time import Window

JobId = NewType("JobId", int)

MOST_ATTEMPTS: Final = 20
"""How often a step may end with its worker before it is given up."""
MOST_STEPS: Final = 20_000
"""Steps that one job may have."""


class JobKind(StrEnum):
    """What a job does."""

    BACKFILL = "BACKFILL"
    DISCOVER = "DISCOVER"
    REPAIR = "REPAIR"
    """What is missing of an instrument is asked for again."""
    REPLAY = "REPLAY"
    """Reads kept payloads and files again."""
    VERIFY = "VERIFY"
    """Compares candles with the venue's own."""
    IMPORT = "IMPORT"
    """A table that somebody sent is stored."""
    INGEST = "INGEST"
    """A source is asked now."""
    BUILD_BARS = "BUILD_BARS"
    """Event bars are built of stored trades."""
    BACKTEST = "BACKTEST"
    """A strategy is tried on the candles of the past."""


class JobStatus(StrEnum):
    """QUEUED until a worker begins its first step."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def finished(self) -> bool:
        return self not in {JobStatus.QUEUED, JobStatus.RUNNING}


class WorkQueue(StrEnum):
    """Which workers take a step: those that wait for others, or those that compute."""

    IO = "io"
    CPU = "cpu"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do something alone, until it runs out. The token grows with every holder: it fences old ones off."""

    name: str
    token: int


@dataclass(frozen=True, slots=True)
class NewStep:
    """A part of a job that one worker does in one go, again from its start (or from what it stored) if need be."""

    subject: str
    """What it is about, for people: `binance:BTC-USDT 2024-08-08`."""
    arguments: Mapping[str, Any]
    """JSON."""
    queue: WorkQueue = WorkQueue.IO


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is asked for."""

    kind: JobKind
    arguments: Mapping[str, Any]
    """JSON, as the caller gave them: what an idempotency key stands for."""
    steps: Sequence[NewStep]
    idempotency_key: str | None = None
    exclusive: str | None = None
    """At most one unfinished job has this name: how scheduled jobs never overlap."""
    requested_by: str | None = None
    """The API key's prefix, or `cli`, or `schedule`."""


@dataclass(frozen=True, slots=True)
class StepProgress:
    """Rows that a step dealt with so far (see `ports.Outcome`); `part` of it is done, 0 to 1."""

    part: float = 0.0
    stored: int = 0
    repeated: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far a job got: counts of its steps, and rows over all of them."""

    steps: int
    done: int
    failed: int
    running: int
    part: float
    """0 to 1, unfinished steps included as far as they got."""
    stored: int
    repeated: int
    dead: int


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is now."""

    id: JobId
    kind: JobKind
    status: JobStatus
    arguments: Mapping[str, Any]
    progress: JobProgress
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    """Why it failed; of a running job, why a step of it waits for another try."""
    idempotency_key: str | None = None
    requested_by: str | None = None

    def rate(self, now: datetime) -> float | None:
        """Rows stored a second since it began; None before that."""
        if self.started_at is None:
            return None
        seconds = ((self.finished_at or now) - self.started_at).total_seconds()
        return self.progress.stored / seconds if seconds > 0 else None

    def time_left(self, now: datetime) -> timedelta | None:
        """At the pace so far; None before there is one, and after the end."""
        if self.started_at is None or self.status.finished or not self.progress.part:
            return None
        return (now - self.started_at) * (1 / self.progress.part - 1)


@dataclass(frozen=True, slots=True)
class BackfillRequest:
    """The past of some instruments: their trades, the venue's minute candles, or quotes."""

    instruments: Sequence[InstrumentKey]
    window: Window
    kind: DataKind = DataKind.TRADES
    up_to_now: bool = False
    """The window ends where it does because it is that late: the same request, made later, is the same."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """A table of somebody's making, and what was said about it."""

    instrument: InstrumentKey
    name: str
    """What the file was called."""
    mapping: str = ""
    """TOML: what its columns mean, as far as its header does not say."""
    kind: DataKind | None = None
    base_class: AssetClass | None = None
    quote_class: AssetClass | None = None


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """A source asked now, or all of them."""

    source: str | None = None
    """Its code; None: all."""
    limit: int | None = None
    """So many of the largest. Without it, and without `instruments`: what is watched."""
    instruments: Sequence[InstrumentKey] = ()


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs: every field that is given must match."""

    kind: JobKind | None = None
    status: JobStatus | None = None


@dataclass(frozen=True, slots=True)
class StepRef:
    """A step in one of its attempts: what goes through the queue. Another attempt is another reference."""

    job_id: JobId
    number: int
    attempt: int
    queue: WorkQueue = WorkQueue.IO


@dataclass(frozen=True, slots=True)
class Step:
    """A step that a worker has begun."""

    ref: StepRef
    kind: JobKind
    subject: str
    arguments: Mapping[str, Any]
    lease: Lease
    failures: int = 0
    """How often it failed and was put off."""
    progress: StepProgress = field(default_factory=StepProgress)
