"""Which sequences of a feed came, and which are missing: pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np

from candlewick.domain.batch import TradeBatch
from candlewick.domain.feed import FeedPosition
from candlewick.domain.time import from_microseconds

NO_END: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """Consecutive sequences that came, `first` to `last`, both included, and when these two happened."""

    first: int
    last: int
    start: datetime
    end: datetime

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Hole:
    """Consecutive sequences that did not come, `first` to `last`, both included."""

    first: int
    last: int
    since: datetime
    """When the trade before it happened."""
    until: datetime | None = None
    """When the trade after it happened, or somebody said that there is more; None if that is not known."""
    at_tip: bool = False
    """Nothing after it came: the venue said how far it goes."""

    def __len__(self) -> int:
        return self.last - self.first + 1


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

    Without a position, the first trades to come are where the feed begins: nothing before them is missing.
    """

    def __init__(self, position: FeedPosition | None) -> None:
        self.position = position
        self._ahead: list[Run] = []
        self._tip: FeedPosition | None = None

    def with_runs(self, runs: Iterable[Run]) -> FeedPosition | None:
        """The position that these runs would bring about. Nothing is remembered."""
        return self._joined(runs)[0]

    def add(self, runs: Iterable[Run]) -> None:
        """These came, or their source has none of them."""
        self.position, self._ahead = self._joined(runs)

    def expect(self, sequence: int, said_at: datetime) -> None:
        """The venue says that there are trades up to that one."""
        if self._tip is None or sequence > self._tip.sequence:
            self._tip = FeedPosition(sequence, said_at)

    def holes(self) -> list[Hole]:
        """What is missing between what came, and from there to what the venue says there is."""
        if self.position is None:
            return []
        holes, last, since = [], self.position.sequence, self.position.ts
        for run in self._ahead:
            holes.append(Hole(last + 1, run.first - 1, since, run.start))
            last, since = run.last, run.end
        if self._tip is not None and self._tip.sequence > last:
            holes.append(Hole(last + 1, self._tip.sequence, since, self._tip.ts, at_tip=True))
        return holes

    def rest(self) -> Hole | None:
        """All that may have happened since the position; None without one."""
        return Hole(self.position.sequence + 1, NO_END, self.position.ts) if self.position else None

    def _joined(self, runs: Iterable[Run]) -> tuple[FeedPosition | None, list[Run]]:
        ahead = joined([*self._ahead, *runs])
        if not ahead:
            return self.position, ahead
        position = self.position or FeedPosition(ahead[0].first - 1, ahead[0].start)
        while ahead and ahead[0].first <= position.sequence + 1:
            run = ahead.pop(0)
            if run.last > position.sequence:
                position = FeedPosition(run.last, run.end)
        return position, ahead
