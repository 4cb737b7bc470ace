"""What is kept of a source before anyone parses it, and what could not be read of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType, Self

import numpy as np
import numpy.typing as npt

from candlewick.domain.batch import Rejected, TradeBatch
from candlewick.domain.candle import MinuteCandle
from candlewick.domain.market import DataKind, InstrumentId, Tape
from candlewick.domain.time import Window

RawId = NewType("RawId", int)

STREAM: Final = "stream:"
"""How the endpoint of messages of a stream begins: `stream:NAME`. They are joined by newlines, in order of arrival."""

_QUOTED: Final = 4096
"""Bytes of an unreadable payload that its dead letter quotes."""


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """A file of a source as it was received: kept in the archive store under its sha256, named in the database."""

    id: RawId
    source: str
    name: str
    sha256: str
    received_at: datetime
    lines_stored: int
    """Lines of it that are committed: where an interrupted import goes on."""
    complete: bool
    replaces: RawId | None = None
    """The file of the same name, under another checksum, whose window this one replaces."""
    superseded: bool = False
    """A later file of the same name, under another checksum, took its place."""
    instrument_id: InstrumentId | None = None
    """Whose rows it has; None: of several, or of none yet."""
    mapping: str | None = None
    """By what it was read, where that was said (see `ArchiveContents`)."""


@dataclass(frozen=True, slots=True)
class ReplacedFile:
    """An archive file that its source has replaced, with the sha256 of before and after."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Payload:
    """A provider's answer as received, before anyone parsed it. Holds no key of ours."""

    source: str
    endpoint: str
    """What was asked, without host and secrets: `/api/v3/aggTrades?symbol=BTCUSDT&fromId=1`."""
    body: bytes
    received_at: datetime
    wanted: Window | None = None
    """Only rows of these times are to be stored: the others are on it because the source pages otherwise."""
    wanted_of: Sequence[InstrumentId] | None = None
    """Only rows of these instruments are to be stored, if given: the others are on it because all are asked at once."""


@dataclass(frozen=True, slots=True)
class RawRecord:
    """What is known of raw bytes without reading them."""

    id: RawId
    source: str
    endpoint: str
    """What was asked; of an archive file, its name."""
    sha256: str
    byte_count: int
    received_at: datetime
    archived: bool
    """They are a file in the archive store; else they lie in the database."""


@dataclass(frozen=True, slots=True)
class KeptPayload:
    """A payload as it is kept."""

    id: RawId
    payload: Payload
    damage: str | None = None
    """Why its bytes are not those that were received; then they are missing here."""
    archived: bool = False
    """It is a file in the archive store: its endpoint is its name, its bytes are not here."""


@dataclass(frozen=True, slots=True)
class Correction:
    """An archive file that took the place of what was stored in the window before it was received."""

    file_id: RawId
    window: Window


class LetterKind(StrEnum):
    """Why a row, a payload or a step became a dead letter."""

    MALFORMED = "MALFORMED"
    INVALID = "INVALID"
    CLASH = "CLASH"
    """The key is taken by a trade with other content."""
    JOB = "JOB"
    """Not a row but a step of a job, which failed for good."""
    PAYLOAD = "PAYLOAD"
    """Not a row but a whole payload, of which nothing could be read."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A row or payload that could not be stored, with its reason. Kept once, however often it is delivered."""

    source: str
    subject: str
    """What it belongs to: an instrument key, a file's name and row."""
    kind: LetterKind
    reason: str
    payload: str
    raw_id: RawId | None = None
    job_id: int | None = None
    step: int | None = None
    """Of a letter of kind JOB: the step that failed."""

    @classmethod
    def of_row(cls, source: str, subject: str, rejected: Rejected, raw_id: RawId | None) -> Self:
        """A row that could not be read."""
        reason = f"row {rejected.row}: {rejected.reason}"
        return cls(source, subject, LetterKind.MALFORMED, reason, rejected.text, raw_id)

    @classmethod
    def of_payload(cls, payload: Payload, reason: str, raw_id: RawId | None) -> Self:
        """A payload of which nothing could be read. All of it is kept as received."""
        text = payload.body[:_QUOTED].decode("utf-8", "backslashreplace")
        return cls(payload.source, payload.endpoint, LetterKind.PAYLOAD, reason, text, raw_id)


@dataclass(frozen=True, slots=True)
class ArchiveContents:
    """What an archive file holds, found out before anything of it is stored."""

    name: str
    lines: int
    kind: DataKind
    tape: Tape | None = None
    """Of trades."""
    symbol: str | None = None
    """The venue's spelling, if the file's name says it."""
    window: Window | None = None
    """What it covers, if the file's name says it: the span that a corrected file replaces."""
    reading: str | None = None
    """How it is read, where there are several ways: the same file, read in another way, is another import."""
    mapping: str | None = None
    """By what it is read, where that is said: a text that its source reads again."""
    unused: Sequence[str] = ()
    """Columns of it that nothing is made of."""


@dataclass(frozen=True, slots=True)
class TradeLines:
    """Consecutive lines of an archive file: their trades, in the order of the file, and the lines that are none."""

    trades: TradeBatch
    lines: npt.NDArray[np.int64]
    """The number of the line that each trade stands in, from 1."""
    rejected: Sequence[Rejected]
    last_line: int

    def after(self, line: int) -> TradeLines:
        """What stands behind that line."""
        if not len(self.lines) or int(self.lines[0]) > line:
            return self
        behind = self.lines > line
        rejected = [row for row in self.rejected if row.row > line]
        return TradeLines(self.trades[behind], self.lines[behind], rejected, self.last_line)

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """One after the other; at least one."""
        return cls(
            TradeBatch.concat([part.trades for part in parts]),
            np.concatenate([part.lines for part in parts]),
            [rejected for part in parts for rejected in part.rejected],
            parts[-1].last_line,
        )


@dataclass(frozen=True, slots=True)
class CandleLines:
    """Consecutive lines of an archive file: the minute candles in them, and the lines that are none."""

    candles: Sequence[MinuteCandle]
    rejected: Sequence[Rejected]
    last_line: int
