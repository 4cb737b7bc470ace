"""What a file leaves out of the day or month in its name: kept as gaps, and the rest of it as covered."""

from __future__ import annotations

from candlewick.domain.batch import TradeBatch
from candlewick.domain.candle import CandleOrigin
from candlewick.domain.market import DataKind
from candlewick.pipeline.accounting import Account
from candlewick.pipeline.file_job import FileJob
from candlewick.ports import Clock, GapStore


class FileAccount:
    """Takes the trades of one file. A file whose name says no window leaves nothing out that anybody could name."""

    def __init__(self, job: FileJob, gaps: GapStore, clock: Clock) -> None:
        self._job = job
        self._gaps = gaps
        self._clock = clock
        self._window = job.contents.window if job.contents.kind is DataKind.TRADES else None
        self._account = self._fresh()

    def take(self, batch: TradeBatch) -> None:
        """These came."""
        if self._window is not None:
            self._account.take(batch)

    async def cover_candles(self) -> None:
        """The venue's own candles of the window are stored, all that it has. Raises LeaseLost."""
        job, window = self._job, self._job.contents.window
        if window is not None:
            await self._gaps.cover(
                job.instrument.id, window, now=self._clock.now(), lease=job.lease, origin=CandleOrigin.VENUE
            )

    async def close(self, *, seen: bool) -> None:
        """The whole file is stored. `seen`: all of its trades were taken; if not, what is stored is searched.

        Raises:
            LeaseLost: somebody else does this by now.
        """
        if self._window is None:
            return
        job, now = self._job, self._clock.now()
        if not seen:
            if await self._gaps.covers(job.instrument.id, self._window):
                return
            await self._gaps.search(job.instrument.id, job.file.source, self._window, now=now, lease=job.lease)
            self._account = self._fresh()
        await self._account.close(self._window, self._clock.now())

    def _fresh(self) -> Account:
        return Account(self._job.instrument.id, self._job.file.source, self._gaps, self._job.lease)
