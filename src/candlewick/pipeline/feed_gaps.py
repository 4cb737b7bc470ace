"""The gaps of one instrument's feed: rows made of its holes, and closed when the holes are gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog

from candlewick.domain.feed import FeedPosition
from candlewick.domain.gap import Gap, GapEvidence, GapId, GapState, NewGap
from candlewick.domain.time import MICROSECOND, Window
from candlewick.pipeline.contiguity import Contiguity, Hole
from candlewick.pipeline.history import Target
from candlewick.pipeline.retrying import FIRST_RETRY, lacking
from candlewick.ports import Clock, GapStore

log = structlog.get_logger(__name__)

_BY_TIME: Final = frozenset({GapEvidence.SILENCE, GapEvidence.DISCONNECTED})


class FeedGaps:
    """Keeps the rows in step with the holes. It writes with the feed's lease, and holds what it repairs by it."""

    def __init__(self, target: Target, gaps: GapStore, clock: Clock, *, repairs: bool) -> None:
        self._target = target
        self._gaps = gaps
        self._clock = clock
        self._repairs = repairs
        self._rows: dict[GapId, Gap] = {}
        self._noticed: list[Hole] = []

    async def adopt(self, unfilled: Sequence[Gap], came: Contiguity) -> None:
        """Take over what a former holder of the feed has left, as far as the feed will go over it again."""
        if came.position is None or self._target.lease is None:
            return
        left = [
            gap
            for gap in unfilled
            if (gap.evidence in _BY_TIME if gap.last_sequence is None else gap.last_sequence > came.position.sequence)
        ]
        if left and self._repairs:
            left = list(await self._gaps.begin([gap.id for gap in left], self._target.lease))
        self._rows = {gap.id: gap for gap in left}
        await self._finish([gap.id for gap in unfilled if gap.state is GapState.REPAIRING and gap.id not in self._rows])

    async def _finish(self, passed: Sequence[GapId]) -> None:
        """Close what a connection repaired that broke before it could say so: the position has passed it."""
        if passed and self._repairs and self._target.lease is not None:
            for gap in await self._gaps.begin(passed, self._target.lease):
                await self._close(gap)

    async def notice(self, holes: Sequence[Hole]) -> None:
        """Make rows of what is new among these."""
        fresh = [hole for hole in holes if not any(hole.is_in(known) for known in self._noticed)]
        if fresh:
            await self._record([self._new_gap(hole) for hole in fresh])
            self._noticed += fresh

    async def suspect(self, evidence: GapEvidence, window: Window) -> None:
        """Nobody can say whether there is anything in the window, and it would be unlike the market if not."""
        await self._record([NewGap(self._target.instrument.id, self._target.source, evidence, window)])

    async def dismiss(self) -> None:
        """The source was asked what there is: nothing. What was suspected was none."""
        for row in [row for row in self._rows.values() if row.first_sequence is None]:
            await self._close(row)

    async def settle(self, came: Contiguity) -> None:
        """Close the rows that no hole is left of. What the source had none of is open still: a job asks again."""
        holes, newest = came.holes(), came.newest
        for row in list(self._rows.values()):
            if newest is not None and not _is_under_way(row, holes, newest):
                await self._close(row)
        self._noticed = [hole for hole in self._noticed if any(each.is_in(hole) for each in holes)]

    async def _close(self, row: Gap) -> None:
        now, lease = self._clock.now(), self._target.lease
        reason = lacking(row)
        gap = await self._gaps.settle(row.id, now=now, lease=lease, retry_at=now + FIRST_RETRY, reason=reason)
        self._rows.pop(row.id, None)  # two connections may follow the instrument for a moment
        self._say("gap_closed" if gap.state is GapState.REPAIRED else "trades_missing", gap)

    async def _record(self, found: Sequence[NewGap]) -> None:
        made = await self._gaps.record(found, now=self._clock.now(), lease=self._target.lease, repairing=self._repairs)
        for gap in made:
            self._rows[gap.id] = gap
            self._say("gap_noticed", gap)

    def _new_gap(self, hole: Hole) -> NewGap:
        window = Window(min(hole.since, hole.until), max(hole.since, hole.until) + MICROSECOND)
        retry_at = self._clock.now() + FIRST_RETRY
        who = (self._target.instrument.id, self._target.source)
        return NewGap(*who, hole.evidence, window, hole.first, hole.last, retry_at)

    def _say(self, event: str, gap: Gap) -> None:
        log.warning(
            event, source=gap.source, instrument=str(self._target.instrument.key), evidence=gap.evidence.value,
            state=gap.state.value, first=gap.first_sequence, last=gap.last_sequence, missing=gap.missing,
        )  # fmt: skip


def _is_under_way(row: Gap, holes: Sequence[Hole], newest: FeedPosition) -> bool:
    """Whether the feed may still fill it."""
    if row.first_sequence is None or row.last_sequence is None:
        return bool(holes) or newest.ts < row.window.end
    return newest.sequence < row.last_sequence or any(
        hole.first <= row.last_sequence and row.first_sequence <= hole.last for hole in holes
    )
