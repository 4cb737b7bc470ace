"""What of a window came, trade by trade: what did not is kept as gaps, the window as covered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from candlewick.domain.batch import TradeBatch
from candlewick.domain.feed import Run
from candlewick.domain.gap import GapEvidence, NewGap
from candlewick.domain.job import Lease
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import MICROSECOND, Window
from candlewick.pipeline.contiguity import joined, runs_of
from candlewick.pipeline.retrying import FIRST_RETRY
from candlewick.ports import GapStore

MOST_HOLES: Final = 1_000
"""Of a window. What has more is recorded with one last hole that holds the rest."""


class Account:
    """Takes the trades of one instrument as its source gives them, in any order.

    Sequences below zero were made by a normaliser: nothing is missing between them.
    """

    def __init__(self, instrument_id: InstrumentId, source: str, gaps: GapStore, lease: Lease | None) -> None:
        self._instrument_id = instrument_id
        self._source = source
        self._gaps = gaps
        self._lease = lease
        self._runs: list[Run] = []

    def take(self, batch: TradeBatch) -> None:
        """These came."""
        self._runs = joined([*self._runs, *runs_of(batch[batch.sequence >= 0])])

    async def close(self, window: Window, now: datetime) -> None:
        """All that the source has of the window came and is stored: keep what is missing, then that it is covered.

        Raises:
            LeaseLost: somebody else does this by now.
        """
        found = [
            self._gap(before, after, now)
            for before, after in pairwise(self._runs)
            if before.end < window.end and window.start <= after.start
        ]
        await self._gaps.record(_bounded(found), now=now, lease=self._lease)
        await self._gaps.cover(self._instrument_id, window, now=now, lease=self._lease)

    def _gap(self, before: Run, after: Run, now: datetime) -> NewGap:
        span = Window(min(before.end, after.start), max(before.end, after.start) + MICROSECOND)
        return NewGap(
            self._instrument_id,
            self._source,
            GapEvidence.MISSING_SEQUENCES,
            span,
            before.last + 1,
            after.first - 1,
            now + FIRST_RETRY,
        )


def _bounded(found: Sequence[NewGap]) -> Sequence[NewGap]:
    if len(found) <= MOST_HOLES:
        return found
    first, last = found[MOST_HOLES - 1], found[-1]
    rest = NewGap(
        first.instrument_id,
        first.source,
        first.evidence,
        Window(first.window.start, max(first.window.end, last.window.end)),
        first.first_sequence,
        last.last_sequence,
        first.retry_at,
    )
    return [*found[: MOST_HOLES - 1], rest]
