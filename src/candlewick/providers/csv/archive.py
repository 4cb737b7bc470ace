"""Tables in files, from disk to the rows in them: bare, zipped or gzipped, read by a mapping or by their header."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, assert_never

from candlewick.domain.batch import Rejected
from candlewick.domain.day import DayLines
from candlewick.domain.errors import MadeSequences, UnknownFormat
from candlewick.domain.market import DataKind, InstrumentKey, Tape
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import ArchiveContents, CandleLines, TradeLines
from candlewick.ports import Clock, Listing
from candlewick.providers import container
from candlewick.providers.csv import normalise, text
from candlewick.providers.csv.listing import list_instrument
from candlewick.providers.csv.mapping import FileMapping, written
from candlewick.providers.csv.names import Names
from candlewick.providers.csv.numbering import Numbering
from candlewick.providers.csv.plan import Plan, make_plan
from candlewick.providers.csv.table import SAMPLE, look_at
from candlewick.providers.csv.trial import Count, check_sample

SOURCE: Final = "csv"
_START: Final = 4096
"""Bytes that tell what is no text."""
_BY_HEADER: Final = FileMapping()


class CsvFiles:
    """The ArchiveSource for tables of anybody's making. `ids_of`: a venue that numbers its trades itself."""

    def __init__(
        self,
        clock: Clock,
        mapping: FileMapping | None = None,
        *,
        ids_of: str | None = None,
        block_bytes: int = container.BLOCK,
    ) -> None:
        self._clock = clock
        self._mapping = mapping or _BY_HEADER
        self._ids_of = ids_of
        self._block_bytes = block_bytes

    @property
    def source(self) -> str:
        """See `ArchiveSource.source`."""
        return SOURCE

    def listing(self, key: InstrumentKey, tape: Tape) -> Listing:
        """See `ArchiveSource.listing`."""
        return list_instrument(key, tape, self._mapping, self._clock)

    def inspect(self, path: Path, name: str | None = None) -> ArchiveContents:
        """See `ArchiveSource.inspect`. All rows are read once, so that a file is refused before any is stored."""
        plan = self._plan(path, name or path.name)
        count, lines = Count(), 0
        for block in self._blocks(path, plan, 0):
            lines = block.first_line + block.lines - 1
            count.add(*_trial(plan, block))
        if not count.rows:
            raise UnknownFormat(plan.name, "it has no rows")
        count.check(plan.name, self._mapping.max_rejected)
        return self._contents(path, plan, lines)

    def preview(self, path: Path, name: str) -> ArchiveContents:
        """See `TableSource.preview`."""
        return self._contents(path, self._plan(path, name), 0)

    def trades(self, path: Path, contents: ArchiveContents, *, skip: int = 0) -> Iterator[TradeLines]:
        """See `ArchiveSource.trades`."""
        plan = self._plan(path, contents.name)
        numbering = Numbering(plan.times.zone) if plan.numbered else None
        for block in self._blocks(path, plan, skip if numbering is None else 0):
            lines = normalise.trades(block.text, plan, first_line=block.first_line)
            if numbering is not None:
                lines = numbering.number(lines)
            if lines.last_line > skip:
                yield lines.after(skip)

    def candles(self, path: Path, contents: ArchiveContents, *, skip: int = 0) -> Iterator[CandleLines]:
        """See `ArchiveSource.candles`."""
        plan = self._plan(path, contents.name)
        for block in self._blocks(path, plan, skip):
            yield normalise.candles(block.text, plan, first_line=block.first_line)

    def quotes(self, path: Path, contents: ArchiveContents, *, skip: int = 0) -> Iterator[QuoteLines]:
        """See `ArchiveSource.quotes`."""
        plan = self._plan(path, contents.name)
        for block in self._blocks(path, plan, skip):
            yield normalise.quotes(block.text, plan, first_line=block.first_line)

    def days(self, path: Path, contents: ArchiveContents, *, skip: int = 0) -> Iterator[DayLines]:
        """See `ArchiveSource.days`."""
        plan, names = self._plan(path, contents.name), Names()
        for block in self._blocks(path, plan, 0 if plan.named else skip):
            yield normalise.days(block.text, plan, first_line=block.first_line, names=names)

    def _plan(self, path: Path, name: str) -> Plan:
        """How the file is read, made and tried on its first rows."""
        text.check_start(_start(path, name), name)
        first = next(text.checked(container.blocks(path, name, size=self._block_bytes), name), None)
        lines = first.text.decode("utf-8").split("\n") if first else []
        table = look_at(lines[: SAMPLE + self._mapping.skip_lines + 1], self._mapping, name)
        plan = make_plan(table, self._mapping, name, self._clock.now())
        if plan.numbered and self._ids_of is not None:
            raise MadeSequences(self._ids_of)
        check_sample(plan, table.rows)
        return plan

    def _blocks(self, path: Path, plan: Plan, skip: int) -> Iterator[container.Block]:
        blocks = container.blocks(path, plan.name, skip=max(skip, plan.lead), size=self._block_bytes)
        return text.checked(blocks, plan.name)

    def _contents(self, path: Path, plan: Plan, lines: int) -> ArchiveContents:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return ArchiveContents(
            name=plan.name,
            lines=lines,
            kind=plan.kind,
            tape=self._mapping.tape if plan.kind is DataKind.TRADES else None,
            reading=f"{plan.kind.lower()} by {self._mapping.digest} of {digest[:12]}",
            mapping=written(self._mapping),
            unused=plan.unused,
        )


def _start(path: Path, name: str) -> bytes:
    with container.opened(path, name) as stream:
        return stream.read(_START)


def _trial(plan: Plan, block: container.Block) -> tuple[int, Sequence[Rejected]]:
    """How many rows of the block can be read, and those that cannot."""
    match plan.kind:
        case DataKind.TRADES:
            lines = normalise.trades(block.text, plan, first_line=block.first_line)
            return len(lines.trades), lines.rejected
        case DataKind.CANDLES:
            candles = normalise.candles(block.text, plan, first_line=block.first_line)
            return len(candles.candles), candles.rejected
        case DataKind.QUOTES:
            quotes = normalise.quotes(block.text, plan, first_line=block.first_line)
            return len(quotes.quotes), quotes.rejected
        case DataKind.DAYS:
            days = normalise.days(block.text, plan, first_line=block.first_line)
            return max(len(days.candles), len(days.factors), len(days.spellings)), days.rejected
        case _:
            assert_never(plan.kind)
