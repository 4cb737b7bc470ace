"""How it stands with a source of data: endpoints, streams, what is left of its budgets, how new its data is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

RECENTLY: Final = timedelta(hours=2)
"""An endpoint that nobody has asked for longer says nothing about its source."""


class CircuitState(StrEnum):
    """Whether an endpoint is asked."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"
    """One request is on its way: it decides."""


@dataclass(frozen=True, slots=True)
class CircuitStatus:
    """How it stands with an endpoint of a source, for people."""

    source: str
    endpoint: str
    state: CircuitState
    failures: int
    """In a row."""
    reason: str | None
    """Of the last failure, while there is one."""
    retry_at: datetime | None
    """When it is asked again; None while it is asked anyway."""
    succeeded_at: datetime | None = None
    """When it last answered what it was asked."""
    failed_at: datetime | None = None
    """When it last did not, or refused."""
    last_error: str | None = None
    """What was wrong then."""

    @property
    def asked_at(self) -> datetime | None:
        """When it was last heard of."""
        return max((moment for moment in (self.succeeded_at, self.failed_at) if moment), default=None)


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """How it stands with a stream that a worker holds."""

    source: str
    name: str
    instruments: int
    connected_at: datetime | None
    """Since when it is connected; None while it is not."""
    heard_at: datetime | None
    """When the last message came."""
    failures: int
    """In a row."""
    failed_at: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """What one process says of the sources that it asks."""

    circuits: Sequence[CircuitStatus] = ()
    streams: Sequence[StreamStatus] = ()


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """What is left of a budget that all workers share."""

    name: str
    """The source's code; behind a colon what of it is counted, if that is not its REST API."""
    limit: int
    """Weight in each `span`."""
    span: timedelta
    used: int
    """In the last `span`."""
    paused_for: timedelta | None = None
    """How long nobody asks, since the source said so."""

    @property
    def left(self) -> int:
        return max(self.limit - self.used, 0)


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """What the database knows of a source."""

    newest: datetime | None = None
    """When the newest of its data that is stored happened."""
    received_at: datetime | None = None
    """When something was last received from it and kept."""
    open_gaps: int = 0
    dead_letters: int = 0


class SourceCapability(StrEnum):
    """What a source can do."""

    STREAM = "STREAM"
    TRADES = "TRADES"
    CANDLES = "CANDLES"
    QUOTES = "QUOTES"
    QUOTE_HISTORY = "QUOTE_HISTORY"
    DAYS = "DAYS"
    ARCHIVES = "ARCHIVES"
    FILES = "FILES"
    DISCOVERY = "DISCOVERY"


class SourceState(StrEnum):
    """How it stands with a source in a word."""

    OK = "OK"
    DEGRADED = "DEGRADED"
    """Some of it fails, or it told us to keep away."""
    DOWN = "DOWN"
    """All of it that is asked fails."""
    IDLE = "IDLE"
    """Nobody asks it."""
    UNKNOWN = "UNKNOWN"
    """What the workers see of it cannot be found out now."""


@dataclass(frozen=True, slots=True)
class SourceProfile:
    """What a source is, whatever it does just now."""

    code: str
    name: str
    capabilities: Sequence[SourceCapability] = ()


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How it stands with a source, over all processes."""

    code: str
    state: SourceState
    figures: SourceFigures
    circuits: Sequence[CircuitStatus] = ()
    """Of each endpoint that was asked, the worst that a process sees."""
    streams: Sequence[StreamStatus] = ()
    budgets: Sequence[BudgetStatus] = ()
    succeeded_at: datetime | None = None
    failed_at: datetime | None = None
    last_error: str | None = None
    unknown: str | None = None
    """Why the last six may be incomplete; None: they are not."""

    def lag(self, now: datetime) -> timedelta | None:
        """How old its newest data is; None if there is none. A source whose clock is ahead lags by nothing."""
        return None if self.figures.newest is None else max(now - self.figures.newest, timedelta())
