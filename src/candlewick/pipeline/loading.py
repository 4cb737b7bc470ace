"""The rows of a file that is kept, batch by batch with its progress, so that a kill loses nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, assert_never

from candlewick.domain.day import DayLines
from candlewick.domain.errors import MislabelledFile
from candlewick.domain.market import DataKind
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import CandleLines
from candlewick.domain.time import Window
from candlewick.pipeline.ahead import ahead
from candlewick.pipeline.batches import gather
from candlewick.pipeline.day_account import DayAccount
from candlewick.pipeline.file_account import FileAccount
from candlewick.pipeline.file_job import FileJob
from candlewick.ports import ArchiveSource, Clock, DayDelivery, Delivery, Outcome, QuoteDelivery

if TYPE_CHECKING:
    from candlewick.pipeline.importing import Stores

MOST_DIRT: Final = timedelta(days=32)
"""Of one instrument: more, and the import refreshes the candle tree before it goes on."""


class Block(Protocol):
    """Consecutive lines of a file."""

    @property
    def last_line(self) -> int: ...


class FileLoader:
    """Puts what one source's files hold where it belongs."""

    def __init__(self, source: ArchiveSource, stores: Stores, clock: Clock, batch_rows: int) -> None:
        self._source = source
        self._stores = stores
        self._clock = clock
        self._batch_rows = batch_rows

    async def load(self, job: FileJob) -> Outcome:
        """Store the file's rows, from the line on that it got to before.

        Raises:
            TapeMismatch, MislabelledFile, LeaseLost: see `ArchiveImport.run`.
        """
        path = self._stores.raw.open_path(job.file)
        source, contents, skip = self._source, job.contents, job.skip
        match contents.kind:
            case DataKind.TRADES if job.corrects is not None:
                return await self._replace_trades(job, job.corrects, path)
            case DataKind.TRADES:
                return await self._insert_trades(job, path)
            case DataKind.CANDLES:
                candles = source.candles(path, contents, skip=skip)
                outcome = await self._put(job, candles, CandleLines((), (), contents.lines), self._put_candles)
                await self.account(job).cover_candles()
                return outcome
            case DataKind.QUOTES:
                quotes = source.quotes(path, contents, skip=skip)
                return await self._put(job, quotes, QuoteLines((), (), contents.lines), self._put_quotes)
            case DataKind.DAYS:
                return await self._load_days(job, path)
            case _:
                assert_never(contents.kind)

    def account(self, job: FileJob) -> FileAccount:
        """What the file will leave out."""
        return FileAccount(job, self._stores.gaps, self._clock)

    async def _insert_trades(self, job: FileJob, path: Path) -> Outcome:
        outcome, account = Outcome(), self.account(job)
        async with aclosing(self._deliveries(job, path)) as deliveries:
            async for delivery in deliveries:
                account.take(delivery.batch)
                outcome += await self._stores.trades.insert(delivery)
                if delivery.progress is not None:
                    job.tell(delivery.progress.lines, outcome)
                await self._bound_dirt()
        await account.close(seen=not job.skip)
        return outcome

    async def _replace_trades(self, job: FileJob, window: Window, path: Path) -> Outcome:
        account = self.account(job)
        async with aclosing(self._told(job, path, account)) as deliveries:
            outcome = await self._stores.trades.replace(window, deliveries)
        await account.close(seen=True)
        return outcome

    async def _told(self, job: FileJob, path: Path, account: FileAccount) -> AsyncGenerator[Delivery]:
        """The deliveries, each reported when the next one is asked for: nothing of them is committed before the end."""
        async with aclosing(self._deliveries(job, path)) as deliveries:
            async for delivery in deliveries:
                account.take(delivery.batch)
                yield delivery
                if delivery.progress is not None:
                    job.tell(delivery.progress.lines, Outcome())

    async def _deliveries(self, job: FileJob, path: Path) -> AsyncGenerator[Delivery]:
        """The file's trades in batches."""
        blocks = self._source.trades(path, job.contents, skip=job.skip)
        async with aclosing(ahead(gather(blocks, self._batch_rows, start=job.skip))) as batches:
            rows = 0
            async for batch in batches:
                job.check_times(batch)
                rows += len(batch.trades)
                if job.corrects and job.is_last(batch) and not rows:
                    raise MislabelledFile(job.file.name, job.corrects.start, job.corrects.end, "it holds none at all")
                yield job.delivery(batch)

    async def _put[Lines: Block](
        self, job: FileJob, blocks: Iterator[Lines], end: Lines, put: Callable[[FileJob, Lines], Awaitable[Outcome]]
    ) -> Outcome:
        """Each block with its progress, then the end of the file."""
        outcome = Outcome()
        async with aclosing(ahead(chain(blocks, [end]))) as parsed:
            async for block in parsed:
                outcome += await put(job, block)
                job.tell(block.last_line, outcome)
                await self._bound_dirt()
        return outcome

    async def _load_days(self, job: FileJob, path: Path) -> Outcome:
        account, days = DayAccount(), self._source.days(path, job.contents, skip=job.skip)

        async def put(job: FileJob, block: DayLines) -> Outcome:
            account.take(block)
            return await self._put_days(job, block)

        outcome = await self._put(job, days, DayLines((), (), (), job.contents.lines), put)
        await account.close(self._stores.gaps, job.instrument.id, self._clock.now(), job.lease)
        return outcome

    async def _put_candles(self, job: FileJob, block: CandleLines) -> Outcome:
        await self._stores.letters.keep([job.letter(rejected) for rejected in block.rejected])
        return Outcome(dead=len(block.rejected)) + await self._stores.candles.put_published(
            job.instrument,
            block.candles,
            received_at=job.file.received_at,
            progress=job.progress(block.last_line),
            lease=job.lease,
        )

    async def _put_quotes(self, job: FileJob, block: QuoteLines) -> Outcome:
        return await self._stores.quotes.put(
            QuoteDelivery(
                job.instrument, job.file.source, block, job.file.received_at, job.file.id,
                job.progress(block.last_line), job.lease,
            )
        )  # fmt: skip

    async def _put_days(self, job: FileJob, block: DayLines) -> Outcome:
        return await self._stores.days.put(
            DayDelivery(
                job.instrument, job.file.source, block, job.file.received_at, job.file.id,
                job.progress(block.last_line), job.lease,
            )
        )  # fmt: skip

    async def _bound_dirt(self) -> None:
        if timedelta(minutes=await self._stores.candles.dirty_minutes()) > MOST_DIRT:
            await self._stores.candles.settle()
