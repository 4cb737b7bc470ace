"""Archive files into the store: checked as a whole, kept as received, then row by row."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import structlog

from candlewick.domain.errors import SupersededFile, TapeMismatch, UnknownSymbol
from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument, InstrumentKey, Tape
from candlewick.domain.raw import ArchiveContents, ArchiveFile
from candlewick.pipeline.batches import BATCH_ROWS
from candlewick.pipeline.file_job import FileJob, Report, silent
from candlewick.pipeline.loading import FileLoader
from candlewick.ports import (
    ArchiveSource,
    CandleStore,
    Clock,
    DayStore,
    DeadLetterStore,
    GapStore,
    InstrumentStore,
    Listing,
    Outcome,
    QuoteStore,
    RawStore,
    TradeStore,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    file: ArchiveFile
    contents: ArchiveContents
    instrument: Instrument
    outcome: Outcome
    already: bool = False
    """The same bytes were imported before: nothing was read again."""
    corrected: bool = False
    """It took the place of an earlier file of that name."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the use cases put things."""

    instruments: InstrumentStore
    raw: RawStore
    trades: TradeStore
    candles: CandleStore
    letters: DeadLetterStore
    quotes: QuoteStore
    days: DayStore
    gaps: GapStore


class ArchiveImport:
    """Takes the archive files of one source into the store."""

    def __init__(self, source: ArchiveSource, stores: Stores, clock: Clock, batch_rows: int = BATCH_ROWS) -> None:
        self._source = source
        self._stores = stores
        self._clock = clock
        self._loader = FileLoader(source, stores, clock, batch_rows)

    async def run(
        self,
        path: Path,
        key: InstrumentKey,
        *,
        again: bool = False,
        report: Report | None = None,
        lease: Lease | None = None,
    ) -> Imported:
        """Import one file; go on where an earlier import of the same bytes was interrupted.

        The file is checked as a whole before it is kept, and kept before a row of it is stored. `again` delivers all
        rows once more, also of a file that is complete. A file that carries the name and date of an earlier one, with
        other bytes, is a correction: it takes the place of the window that its name says, in one transaction.
        With a `lease` nothing is written once that is lost, and the candle tree is left to the refresher.

        Raises:
            ChecksumMismatch, DamagedFile, UnknownFormat, UnsupportedInterval: nothing of the file was stored.
            WrongEncoding, MisleadingColumns, TooManyRejected, MadeSequences, UnknownAssetClass: the same.
            UnknownSymbol, TapeMismatch: the file is not for this instrument.
            MislabelledFile: its trades are not of the time that its name says; of a correction, nothing was stored.
            SupersededFile: a newer version of it is here.
            LeaseLost: somebody else does this by now.
        """
        contents = await asyncio.to_thread(self._source.inspect, path)
        await self.check(key, contents)
        received_at = self._clock.now()
        name = registered_name(key, contents)
        file = await self._stores.raw.keep_file(
            self._source.source, name, path, received_at=received_at, mapping=contents.mapping
        )
        return await self._load(file, contents, key, again=again, report=report, lease=lease)

    async def run_kept(
        self,
        file: ArchiveFile,
        name: str,
        key: InstrumentKey,
        *,
        again: bool = False,
        report: Report | None = None,
        lease: Lease | None = None,
    ) -> Imported:
        """The same for a file that is kept already, and that was called `name` when it came."""
        contents = await asyncio.to_thread(self._source.inspect, self._stores.raw.open_path(file), name)
        await self.check(key, contents)
        return await self._load(file, contents, key, again=again, report=report, lease=lease)

    async def _load(
        self,
        file: ArchiveFile,
        contents: ArchiveContents,
        key: InstrumentKey,
        *,
        again: bool,
        report: Report | None,
        lease: Lease | None,
    ) -> Imported:
        if file.superseded:
            raise SupersededFile(file.name)
        instrument = await self._instrument(key, contents)
        imported = await self._store(FileJob(file, contents, instrument, again, report or silent, lease))
        if lease is None:
            await self._stores.candles.settle()
        outcome = asdict(imported.outcome)
        log.debug("file_imported", file=file.name, instrument=str(key), already=imported.already, **outcome)
        return imported

    async def _store(self, job: FileJob) -> Imported:
        imported = Imported(job.file, job.contents, job.instrument, Outcome())
        if job.file.complete and not job.again:
            await self._loader.account(job).close(seen=False)
            return replace(imported, already=True)
        return replace(imported, outcome=await self._loader.load(job), corrected=job.corrects is not None)

    async def check(self, key: InstrumentKey, contents: ArchiveContents) -> None:
        """Refuse a file of another instrument or of the tape that this one does not keep, before anything is made.

        Raises:
            UnknownSymbol, TapeMismatch, UnknownAssetClass: see `run`.
        """
        known = (await self._stores.instruments.by_keys([key])).get(key)
        if known is None:
            self._listing(key, contents)  # it may be unknown what to make
        if contents.symbol is not None and contents.symbol not in await self._symbols(key, known, contents):
            raise UnknownSymbol(self._source.source, contents.symbol, str(key))
        if known and contents.tape and contents.tape is not known.tape:
            known = await self._stores.instruments.choose_tape(known.id, contents.tape)
            if contents.tape is not known.tape:
                raise TapeMismatch(str(key), known.tape, contents.tape)

    async def _symbols(self, key: InstrumentKey, known: Instrument | None, contents: ArchiveContents) -> frozenset[str]:
        """What the venue may call the instrument in the file's time."""
        if known and contents.window:
            return await self._stores.instruments.symbols(known.id, contents.window)
        return frozenset({self._listing(key, contents).symbol})

    async def _instrument(self, key: InstrumentKey, contents: ArchiveContents) -> Instrument:
        known = (await self._stores.instruments.by_keys([key])).get(key)
        return known or await self._stores.instruments.list_instrument(self._listing(key, contents))

    def _listing(self, key: InstrumentKey, contents: ArchiveContents) -> Listing:
        return self._source.listing(key, contents.tape or Tape.TRADES)


def registered_name(key: InstrumentKey, contents: ArchiveContents) -> str:
    """What the file is kept as. A name that says no symbol may serve many instruments; one file, read in two ways,
    is two imports."""
    name = contents.name if contents.symbol else f"{key}/{contents.name}"
    return f"{name} ({contents.reading})" if contents.reading else name
