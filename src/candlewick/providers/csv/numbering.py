"""Sequences for trades that have none: by the trade's place among those of its day in the file.

The same file gives the same sequences, and so does a file that only grew at its end, or another one that has the same
day. A file that was changed before its end has others from there on: its trades would be taken for new ones.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from candlewick.domain.raw import TradeLines
from candlewick.providers.csv.zones import Zone

FIRST: Final = -(10**18)
"""Where 1970 begins. Below zero: between sequences that a normaliser made nothing can be missing."""
DAY_SPACE: Final = 10_000_000_000
"""Sequences that a day has: so many trades no day will see, and 270,000 years have room below zero."""


@dataclass(slots=True)
class Numbering:
    """Counts the trades of each day, in the order of the file. `zone` says when days begin."""

    zone: Zone
    _counts: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def number(self, lines: TradeLines) -> TradeLines:
        """The same trades with sequences: `FIRST`, plus `DAY_SPACE` a day since 1970, plus the place in the day."""
        trades = lines.trades
        if not len(trades):
            return lines
        days = self.zone.days(trades.ts)
        order = np.argsort(days, kind="stable")
        grouped = days[order]
        starts = np.flatnonzero(np.append(True, grouped[1:] != grouped[:-1]))
        sizes = np.diff(np.append(starts, len(grouped)))
        before = np.array([self._counts[day] for day in grouped[starts].tolist()], dtype=np.int64)
        place = np.arange(len(grouped)) - np.repeat(starts - before, sizes) + 1
        sequence = np.empty(len(trades), dtype=np.int64)
        sequence[order] = FIRST + grouped * DAY_SPACE + place
        for day, size in zip(grouped[starts].tolist(), sizes.tolist(), strict=True):
            self._counts[day] += size
        return replace(lines, trades=replace(trades, sequence=sequence))
