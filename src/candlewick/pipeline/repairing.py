"""Repair jobs: what was left open is asked for again, from history or archive, until it is here or given up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import structlog

from candlewick.domain.errors import (
    ArchiveStoreUnavailable,
    CandlewickError,
    LeaseLost,
    SourceUnavailable,
    UnknownInstrument,
)
from candlewick.domain.gap import Gap, GapState
from candlewick.domain.job import JobKind, NewJob, NewStep, Step
from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import Window
from candlewick.pipeline.backfill import Backfill
from candlewick.pipeline.history import Report, Target, fetch_sequences, fetch_trades
from candlewick.pipeline.importing import Stores
from candlewick.pipeline.retrying import FIRST_RETRY, is_for_archives, lacking, next_retry
from candlewick.ports import Clock, JobStore, MarketSource, Outcome

log = structlog.get_logger(__name__)

MOST_INSTRUMENTS: Final = 200
"""Jobs that are made at a time."""
MOST_GAPS: Final = 100
"""Of one instrument that a job repairs; the next one takes what is left."""
LONGEST_WAIT: Final = timedelta(hours=1)


class GapRepair:
    """Makes a job for each instrument that has gaps to repair, and does it."""

    def __init__(
        self, sources: Mapping[str, MarketSource], stores: Stores, jobs: JobStore, archives: Backfill, clock: Clock
    ) -> None:
        self._sources = sources
        self._stores = stores
        self._jobs = jobs
        self._archives = archives
        self._clock = clock

    async def submit(self) -> int:
        """A job for each instrument with gaps that are due, unless it has one; how many there are."""
        due = await self._stores.gaps.due(self._clock.now(), self._sources, MOST_INSTRUMENTS)
        instruments = await self._stores.instruments.by_ids(due)
        for instrument in instruments.values():
            arguments, name = {"instrument": str(instrument.key)}, f"repair/{instrument.key}"
            step = NewStep(f"gaps of {instrument.key}", arguments)
            await self._jobs.submit(NewJob(JobKind.REPAIR, arguments, [step], exclusive=name, requested_by="schedule"))
        return len(instruments)

    async def run(self, step: Step, report: Report) -> Outcome:
        """Do one step: all gaps of the instrument that are due. What cannot be asked for now is put off.

        Raises:
            LeaseLost, DatabaseUnavailable and the like: what was repaired before stays.
        """
        key = InstrumentKey.parse(step.arguments["instrument"])
        instrument = (await self._stores.instruments.by_keys([key])).get(key)
        if instrument is None or key.venue not in self._sources:
            raise UnknownInstrument(str(key))
        target, source = Target(instrument, key.venue, step.lease), self._sources[key.venue]
        due = await self._stores.gaps.due_of(instrument.id, self._clock.now(), MOST_GAPS)
        gaps = await self._stores.gaps.begin([gap.id for gap in due], step.lease)
        outcome, imported = Outcome(), set[Window]()
        for number, gap in enumerate(gaps, 1):
            outcome += await self._repair(source, target, gap, imported)
            report(outcome, number / len(gaps))
        return outcome

    async def _repair(self, source: MarketSource, target: Target, gap: Gap, imported: set[Window]) -> Outcome:
        """Ask for all of it once, and write down what it came to."""
        outcome, reason = Outcome(), lacking(gap)
        try:
            outcome = await self._fetch(source, target, gap, imported)
        except (SourceUnavailable, ArchiveStoreUnavailable) as error:
            wait = error.retry_after if isinstance(error, SourceUnavailable) else None
            await self._put_off(target, gap, str(error), timedelta(seconds=wait or 0))
            return outcome
        except CandlewickError as error:
            if error.retryable or isinstance(error, LeaseLost):
                raise
            reason = str(error)
        except Exception as error:  # it would come again every minute
            await self._put_off(target, gap, f"unexpected {type(error).__name__}", LONGEST_WAIT)
            raise
        now = self._clock.now()
        settled = await self._stores.gaps.settle(
            gap.id,
            now=now,
            lease=target.lease,
            retry_at=next_retry(gap, now, has_archives=source.shelf is not None),
            reason=reason,
        )
        event = log.info if settled.state is GapState.REPAIRED else log.warning
        event("gap_tried", instrument=str(target.instrument.key), gap=gap.id, state=settled.state.value, reason=reason)
        return outcome

    async def _fetch(self, source: MarketSource, target: Target, gap: Gap, imported: set[Window]) -> Outcome:
        if source.trades is None or (is_for_archives(gap) and source.shelf is not None):
            return await self._archives.import_days(target, gap.window, imported)
        if gap.first_sequence is None:
            return await fetch_trades(source.trades, self._stores, target, gap.window, _silent, self._clock)
        return await fetch_sequences(source.trades, self._stores, target, gap, _silent)

    async def _put_off(self, target: Target, gap: Gap, reason: str, wait: timedelta) -> None:
        retry_at = self._clock.now() + min(max(wait, FIRST_RETRY), LONGEST_WAIT)
        await self._stores.gaps.put_off(gap.id, lease=target.lease, retry_at=retry_at, reason=reason)
        log.warning("repair_waits", instrument=str(target.instrument.key), gap=gap.id, reason=reason)


def _silent(_: Outcome, __: float) -> None: ...
