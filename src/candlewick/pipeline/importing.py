"""Archive files into the store: raw file first, then batch by batch with its progress, so that a kill loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Final

import structlog

from candlewick.domain.batch import Rejected
from candlewick.domain.errors import MislabelledFile, SupersededFile, TapeMismatch, UnknownSymbol
from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument, InstrumentKey, Tape
from candlewick.domain.raw import ArchiveContents, ArchiveFile, CandleLines, DeadLetter, TradeLines
from candlewick.domain.time import Window
from candlewick.pipeline.accounting import Account
from candlewick.pipeline.ahead import ahead
from candlewick.pipeline.batches import BATCH_ROWS, gather
from candlewick.ports import (
    ArchiveSource,
    CandleStore,
    Clock,
    DayStore,
    DeadLetterStore,
    Delivery,
    GapStore,
    InstrumentStore,
    Outcome,
    Progress,
    QuoteStore,
    RawStore,
    TradeStore,
)

log = structlog.get_logger(__name__)

MOST_DIRT: Final = timedelta(days=32)
"""Of one instrument: more, and the import refreshes the candle tree before it goes on."""

STRAYING: Final = timedelta(hours=1)
"""How far outside the window that its name says a file's trades may lie."""


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import got: up to which line of the file everything is stored, and what became of it so far."""

    lines: int
    total_lines: int
    outcome: Outcome = field(default_factory=Outcome)


Report = Callable[[ImportProgress], None]


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
    """Takes the archive files of one provider into the store."""

    def __init__(self, source: ArchiveSource, stores: Stores, clock: Clock, batch_rows: int = BATCH_ROWS) -> None:
        self._source = source
        self._stores = stores
        self._clock = clock
        self._batch_rows = batch_rows

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

        The file is checked as a whole before it is kept, and kept before a row of it is parsed. `again` delivers all
        rows once more, also of a file that is complete. A file that carries the name and date of an earlier one, with
        other bytes, is a correction: it takes the place of the window that its name says, in one transaction.
        With a `lease` nothing is written once that is lost, and the candle tree is left to the refresher.

        Raises:
            ChecksumMismatch, DamagedFile, UnknownFormat, UnsupportedInterval: nothing of the file was stored.
            UnknownSymbol, TapeMismatch: the file is not for this instrument.
            MislabelledFile: its trades are not of the time that its name says; of a correction, nothing was stored.
            SupersededFile: a newer version of it is here.
            LeaseLost: somebody else does this by now.
        """
        contents = await asyncio.to_thread(self._source.inspect, path)
        await self._check(key, contents)
        name = contents.name if contents.symbol else f"{key}/{contents.name}"  # such a name may serve many instruments
        received_at = self._clock.now()
        file = await self._stores.raw.keep_file(self._source.source, name, path, received_at=received_at)
        if file.superseded:
            raise SupersededFile(name)
        listing = self._source.listing(key, contents.tape or Tape.TRADES)
        instrument = await self._stores.instruments.list_instrument(listing)
        imported = await self._store(_FileJob(file, contents, instrument, again, report or _silent, lease))
        if lease is None:
            await self._stores.candles.settle()
        log.debug("file_imported", file=name, instrument=str(key), already=imported.already, **asdict(imported.outcome))
        return imported

    async def _check(self, key: InstrumentKey, contents: ArchiveContents) -> None:
        """Refuse a file of another instrument or of the tape that this one does not keep, before anything is made."""
        known = (await self._stores.instruments.by_keys([key])).get(key)
        symbols = frozenset({self._source.listing(key, Tape.TRADES).symbol})
        if known and contents.window:
            symbols = await self._stores.instruments.symbols(known.id, contents.window)
        if contents.symbol and contents.symbol not in symbols:
            raise UnknownSymbol(self._source.source, contents.symbol, str(key))
        if known and contents.tape and contents.tape is not known.tape:
            known = await self._stores.instruments.choose_tape(known.id, contents.tape)
            if contents.tape is not known.tape:
                raise TapeMismatch(str(key), known.tape, contents.tape)

    async def _store(self, job: _FileJob) -> Imported:
        imported = Imported(job.file, job.contents, job.instrument, Outcome())
        if job.file.complete and not job.again:
            await self._account(job, None)
            return replace(imported, already=True)
        if job.contents.tape is None:
            return replace(imported, outcome=await self._put_candles(job))
        if job.corrects is None:
            return replace(imported, outcome=await self._insert_trades(job))
        return replace(imported, outcome=await self._replace_trades(job, job.corrects), corrected=True)

    async def _insert_trades(self, job: _FileJob) -> Outcome:
        outcome, account = Outcome(), self._account_of(job)
        async with aclosing(self._deliveries(job)) as deliveries:
            async for delivery in deliveries:
                account.take(delivery.batch)
                outcome += await self._stores.trades.insert(delivery)
                if delivery.progress is not None:
                    job.report(ImportProgress(delivery.progress.lines, job.contents.lines, outcome))
                await self._bound_dirt()
        await self._account(job, None if job.skip else account)
        return outcome

    async def _replace_trades(self, job: _FileJob, window: Window) -> Outcome:
        account = self._account_of(job)
        async with aclosing(self._told(job, account)) as deliveries:
            outcome = await self._stores.trades.replace(window, deliveries)
        await self._account(job, account)
        return outcome

    def _account_of(self, job: _FileJob) -> Account:
        return Account(job.instrument.id, job.file.source, self._stores.gaps, job.lease)

    async def _account(self, job: _FileJob, account: Account | None) -> None:
        """Keep what the file leaves out of the day or month in its name. None: not all of it was seen just now."""
        window, gaps = job.contents.window, self._stores.gaps
        if window is None or job.contents.tape is None:
            return
        if account is None:
            if await gaps.covers(job.instrument.id, window):
                return
            now = self._clock.now()
            await gaps.search(job.instrument.id, job.file.source, window, now=now, lease=job.lease)
            account = self._account_of(job)
        await account.close(window, self._clock.now())

    async def _told(self, job: _FileJob, account: Account) -> AsyncGenerator[Delivery]:
        """The deliveries, each reported when the next one is asked for: nothing of them is committed before the end."""
        async with aclosing(self._deliveries(job)) as deliveries:
            async for delivery in deliveries:
                account.take(delivery.batch)
                yield delivery
                if delivery.progress is not None:
                    job.report(ImportProgress(delivery.progress.lines, job.contents.lines))

    async def _put_candles(self, job: _FileJob) -> Outcome:
        outcome = Outcome()
        blocks = self._source.candles(self._path(job), job.contents, skip=job.skip)
        async with aclosing(ahead(chain(blocks, [CandleLines((), (), job.contents.lines)]))) as parsed:
            async for block in parsed:
                await self._stores.letters.keep([job.letter(rejected) for rejected in block.rejected])
                outcome += Outcome(dead=len(block.rejected)) + await self._stores.candles.put_published(
                    job.instrument,
                    block.candles,
                    received_at=job.file.received_at,
                    progress=job.progress(block.last_line),
                    lease=job.lease,
                )
                job.report(ImportProgress(block.last_line, job.contents.lines, outcome))
                await self._bound_dirt()
        return outcome

    async def _deliveries(self, job: _FileJob) -> AsyncGenerator[Delivery]:
        """The file's trades in batches."""
        blocks = self._source.trades(self._path(job), job.contents, skip=job.skip)
        async with aclosing(ahead(gather(blocks, self._batch_rows, start=job.skip))) as batches:
            rows = 0
            async for batch in batches:
                job.check_times(batch)
                rows += len(batch.trades)
                if job.corrects and job.is_last(batch) and not rows:
                    raise MislabelledFile(job.file.name, job.corrects.start, job.corrects.end, "it holds none at all")
                yield job.delivery(batch)

    def _path(self, job: _FileJob) -> Path:
        return self._stores.raw.open_path(job.file)

    async def _bound_dirt(self) -> None:
        if timedelta(minutes=await self._stores.candles.dirty_minutes()) > MOST_DIRT:
            await self._stores.candles.settle()


@dataclass(frozen=True, slots=True)
class _FileJob:
    """One file on its way into the store."""

    file: ArchiveFile
    contents: ArchiveContents
    instrument: Instrument
    again: bool
    report: Report
    lease: Lease | None

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
        return Progress(self.file.id, lines, complete=lines >= self.contents.lines)

    def delivery(self, batch: TradeLines) -> Delivery:
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
        return DeadLetter.of_row(self.file.source, str(self.instrument.key), rejected, self.file.id)


def _silent(_: ImportProgress) -> None: ...
