"""Which sequences of a feed came, and which are missing: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from candlewick.domain.batch import TradeBatch
from candlewick.domain.feed import FeedPosition, Run
from candlewick.domain.gap import GapEvidence
from candlewick.domain.time import from_microseconds


@dataclass(frozen=True, slots=True)
class Hole:
    """Consecutive sequences that did not come, `first` to `last`, both included."""

    first: int
    last: int
    since: datetime
    """When the trade before it happened."""
    until: datetime
    """When the trade after it happened, or it was said that there is more."""
    evidence: GapEvidence = GapEvidence.MISSING_SEQUENCES

    def is_in(self, other: Hole) -> bool:
        """Whether the other one has all of it."""
        return other.first <= self.first and self.last <= other.last

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class _Tip:
    """There are trades up to that sequence: somebody said so."""

    sequence: int
    said_at: datetime
    evidence: GapEvidence


def runs_of(batch: TradeBatch) -> list[Run]:
    """The batch's sequences, in any order and repeated, as runs with holes between them."""
    if not len(batch):
        return []
    sequence, where = np.unique(batch.sequence, return_index=True)
    ts = batch.ts[where]
    breaks = np.flatnonzero(np.diff(sequence) > 1)
    firsts, lasts = [0, *(breaks + 1).tolist()], [*breaks.tolist(), len(sequence) - 1]
    return [
        Run(int(sequence[a]), int(sequence[b]), from_microseconds(int(ts[a])), from_microseconds(int(ts[b])))
        for a, b in zip(firsts, lasts, strict=True)
    ]


def joined(runs: Iterable[Run]) -> list[Run]:
    """The same sequences in the fewest runs, in order."""
    merged: list[Run] = []
    for run in sorted(runs):
        if merged and run.first <= merged[-1].last + 1:
            if run.last > merged[-1].last:
                merged[-1] = replace(merged[-1], last=run.last, end=run.end)
        else:
            merged.append(run)
    return merged


class Contiguity:
    """Up to which trade everything came (`position`), and the holes after it.

    Without a position, the first trades to come are where the feed begins: nothing before them is missing. With one,
    and with what is here from `ahead` of it, the feed goes on: whatever follows these happened while nobody listened.
    """

    def __init__(self, position: FeedPosition | None, ahead: Sequence[Run] = ()) -> None:
        self.position = position
        self._ahead: list[Run] = []
        self._tip: _Tip | None = None
        self.heard = 0
        """How often something came by itself."""
        self.add(ahead)
        self._resumed_after = self.newest

    @property
    def newest(self) -> FeedPosition | None:
        """The newest trade that came."""
        if not self._ahead:
            return self.position
        return FeedPosition(self._ahead[-1].last, self._ahead[-1].end)

    def with_runs(self, runs: Iterable[Run]) -> FeedPosition | None:
        """The position that these runs would bring about. Nothing is remembered."""
        return self._joined(runs)[0]

    def hear(self, runs: Iterable[Run]) -> None:
        """These came by themselves."""
        self.add(runs)
        self.heard += 1

    def add(self, runs: Iterable[Run]) -> None:
        """These are here, or their source has none of them."""
        self.position, self._ahead = self._joined(runs)

    def expect(self, sequence: int, said_at: datetime, evidence: GapEvidence = GapEvidence.MISSED_HEARTBEAT) -> None:
        """There are trades up to that one: the venue says so, or its history."""
        if self._tip is None or sequence > self._tip.sequence:
            self._tip = _Tip(sequence, said_at, evidence)

    def holes(self) -> list[Hole]:
        """What is missing between what came, and from there to what is said to be there."""
        if self.position is None:
            return []
        holes, last, since = [], self.position.sequence, self.position.ts
        for run in self._ahead:
            holes.append(Hole(last + 1, run.first - 1, since, run.start, self._evidence(last)))
            last, since = run.last, run.end
        if self._tip is not None and self._tip.sequence > last:
            evidence = self._evidence(last, self._tip.evidence)
            holes.append(Hole(last + 1, self._tip.sequence, since, self._tip.said_at, evidence))
        return holes

    def _evidence(self, last: int, otherwise: GapEvidence = GapEvidence.MISSING_SEQUENCES) -> GapEvidence:
        """How the hole after `last` was noticed."""
        unheard = self._resumed_after is not None and last == self._resumed_after.sequence
        return GapEvidence.DISCONNECTED if unheard else otherwise

    def _joined(self, runs: Iterable[Run]) -> tuple[FeedPosition | None, list[Run]]:
        ahead = joined([*self._ahead, *runs])
        if not ahead:
            return self.position, ahead
        position = self.position or FeedPosition(ahead[0].first - 1, ahead[0].start, ahead[0].start)
        while ahead and ahead[0].first <= position.sequence + 1:
            run = ahead.pop(0)
            if run.last > position.sequence:
                position = FeedPosition(run.last, run.end, position.since)
        return position, ahead
