"""The commit log as others see it: which data of an instrument changed, in an order that never changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window


class CommitKind(StrEnum):
    """What a commit did."""

    TRADES = "TRADES"
    PUBLISHED = "PUBLISHED"
    """Minute candles of the venue."""
    CORRECTION = "CORRECTION"
    """Trades were replaced by those of a newer archive."""
    QUOTES = "QUOTES"
    """Quotes, and the minute candles made of them."""
    GAP = "GAP"
    """No data: a gap was noticed or closed."""


@dataclass(frozen=True, slots=True)
class CommitNotice:
    """What others need to know to look for themselves."""

    instrument_id: InstrumentId
    version: int
    """Counts the instrument's commits, without a hole."""
    kind: CommitKind
    window: Window
    """The minutes that changed."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A row of the log."""

    id: int
    notice: CommitNotice
    rows: int
    committed_at: datetime
