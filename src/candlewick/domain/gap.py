"""Gaps: spans in which the feed, not the market, was silent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window

GapId = NewType("GapId", int)


class GapEvidence(StrEnum):
    """How a gap was noticed."""

    MISSING_SEQUENCES = "MISSING_SEQUENCES"
    """Trades before and after are here, those between are not."""
    MISSED_HEARTBEAT = "MISSED_HEARTBEAT"
    """The venue said that there are newer trades, or no longer said that it is there."""
    DISCONNECTED = "DISCONNECTED"
    """Nobody listened."""
    SILENCE = "SILENCE"
    """Nothing came for longer than the instrument's own rhythm makes likely."""
    RECONCILIATION = "RECONCILIATION"
    """The venue's own candles hold more than ours."""


class GapState(StrEnum):
    """What becomes of a gap."""

    OPEN = "OPEN"
    REPAIRING = "REPAIRING"
    REPAIRED = "REPAIRED"
    UNREPAIRABLE = "UNREPAIRABLE"
    """The source has no more than what is here; the reason is kept."""

    @property
    def unfilled(self) -> bool:
        """Whether something is missing here."""
        return self is not GapState.REPAIRED


@dataclass(frozen=True, slots=True)
class NewGap:
    """A gap as somebody notices it."""

    instrument_id: InstrumentId
    source: str
    evidence: GapEvidence
    window: Window
    """What is missing happened in it."""
    first_sequence: int | None = None
    last_sequence: int | None = None
    """The sequences that did not come, both included, where the venue numbers its trades without a hole."""
    retry_at: datetime | None = None
    """When a job repairs it, if nobody has until then. None: as soon as there is one."""

    def __post_init__(self) -> None:
        if (self.first_sequence is None) is not (self.last_sequence is None):
            raise ValueError("a gap has both its sequences or none")


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap as it is kept."""

    id: GapId
    instrument_id: InstrumentId
    source: str
    evidence: GapEvidence
    window: Window
    state: GapState
    detected_at: datetime
    first_sequence: int | None = None
    last_sequence: int | None = None
    """The missing sequences, both included, where the venue numbers its trades without a hole."""
    missing: int | None = None
    """Trades that are still missing, where that is known."""
    reason: str | None = None
    """Why it cannot be repaired, or needed no repair; of an open one, what the last try came to."""
    tries: int = 0
    """How often its source was asked in vain."""
    retry_at: datetime | None = None
    closed_at: datetime | None = None
