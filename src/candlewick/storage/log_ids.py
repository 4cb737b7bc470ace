"""Which ids of the commit log were read, and which may still appear below them: pure.

Ids are drawn before their transactions commit, so a lower one may become visible after a higher one, or never.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, order=True)
class IdGap:
    """Ids that were not seen, `first` to `last`. Whoever drew one has a transaction id below `horizon`."""

    first: int
    last: int
    horizon: int | None = None
    """None: not asked for yet."""


class SeenIds:
    """Every id up to `highest` was seen, unless it lies in a gap."""

    def __init__(self, highest: int) -> None:
        self.highest = highest
        self.gaps: list[IdGap] = []

    @property
    def settled(self) -> int:
        """All ids up to this one were seen, or will never be."""
        return self.gaps[0].first - 1 if self.gaps else self.highest

    def close(self, oldest_running: int) -> None:
        """Forget the gaps whose transactions are all over, given the oldest one that still ran when nothing was found
        in them: what they had not committed by then was rolled back."""
        self.gaps = [gap for gap in self.gaps if gap.horizon is None or gap.horizon > oldest_running]

    def add(self, ids: Iterable[int]) -> None:
        """These were seen: in gaps, or above the highest one, in ascending order."""
        for one in ids:
            if one <= self.highest:
                self._fill(one)
                continue
            if one > self.highest + 1:
                self.gaps.append(IdGap(self.highest + 1, one - 1))
            self.highest = one

    def date(self, horizon: int) -> None:
        """Gaps that are new lie below this transaction id, which was drawn after they were noticed."""
        self.gaps = [replace(gap, horizon=horizon) if gap.horizon is None else gap for gap in self.gaps]

    @property
    def undated(self) -> bool:
        return any(gap.horizon is None for gap in self.gaps)

    def _fill(self, one: int) -> None:
        gaps: list[IdGap] = []
        for gap in self.gaps:
            if not gap.first <= one <= gap.last:
                gaps.append(gap)
                continue
            if gap.first < one:
                gaps.append(replace(gap, last=one - 1))
            if one < gap.last:
                gaps.append(replace(gap, first=one + 1))
        self.gaps = gaps
