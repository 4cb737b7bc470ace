"""One archive file on its way into the store: what it is, where to go on with it, and how far it got."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from candlewick.domain.batch import Rejected
from candlewick.domain.errors import MislabelledFile
from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument
from candlewick.domain.raw import ArchiveContents, ArchiveFile, DeadLetter, TradeLines
from candlewick.domain.time import Window
from candlewick.ports import Delivery, Outcome, Progress

STRAYING: Final = timedelta(hours=1)
"""How far outside the window that its name says a file's trades may lie."""


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import got: up to which line of the file everything is stored, and what became of it so far."""

    lines: int
    total_lines: int
    outcome: Outcome = field(default_factory=Outcome)


Report = Callable[[ImportProgress], None]


def silent(_: ImportProgress) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class FileJob:
    """One file on its way into the store."""

    file: ArchiveFile
    contents: ArchiveContents
    instrument: Instrument
    again: bool = False
    report: Report = silent
    lease: Lease | None = None

    @property
    def corrects(self) -> Window | None:
        """The window whose trades this file replaces, if it does."""
        return self.contents.window if self.file.replaces is not None and not self.file.complete else None

    @property
    def skip(self) -> int:
        """Lines that are stored already. A correction is all or nothing."""
        return 0 if self.again or self.corrects else self.file.lines_stored

    def check_times(self, batch: TradeLines) -> None:
        """Refuse trades of another day than the file's name says: as a correction they would wipe out that day.

        Files are split by the time of receipt: a trade near midnight may lie in its neighbour's file.
        """
        window = self.contents.window
        if window is None or not len(batch.trades):
            return
        found = batch.trades.window()
        if found.start < window.start - STRAYING or found.end > window.end + STRAYING:
            said = f"these are of {found.start:%Y-%m-%d %H:%M} to {found.end:%Y-%m-%d %H:%M}"
            raise MislabelledFile(self.file.name, window.start, window.end, said)

    def is_last(self, batch: TradeLines) -> bool:
        """Whether nothing of the file comes after this batch."""
        return batch.last_line >= self.contents.lines

    def progress(self, lines: int) -> Progress:
        """What is written down once that many lines are stored."""
        return Progress(self.file.id, lines, complete=lines >= self.contents.lines)

    def tell(self, lines: int, outcome: Outcome) -> None:
        """Report that everything up to that line is stored."""
        self.report(ImportProgress(lines, self.contents.lines, outcome))

    def delivery(self, batch: TradeLines) -> Delivery:
        """The trades on their way."""
        return Delivery(
            instrument=self.instrument,
            tape=self.contents.tape or self.instrument.tape,
            batch=batch.trades,
            received_at=self.file.received_at,
            source=self.file.source,
            raw_id=self.file.id,
            progress=self.progress(batch.last_line),
            rejected=batch.rejected,
            lease=self.lease,
        )

    def letter(self, rejected: Rejected) -> DeadLetter:
        """The dead letter of a row that cannot be read."""
        return DeadLetter.of_row(self.file.source, str(self.instrument.key), rejected, self.file.id)
