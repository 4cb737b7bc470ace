"""The ledger: which trades ever left the simulator, and how. Memory grows with holes, not with trades."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

MOST_RANGES: Final = 200_000
"""Of one symbol and channel. Beyond that the ledger says that it is not complete."""


class Channel(StrEnum):
    """How trades leave."""

    STREAM = "stream"
    REST = "rest"
    ARCHIVES = "archives"


@dataclass(slots=True)
class Ranges:
    """A set of whole numbers, as the fewest ranges, in order."""

    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    """The last number of each range."""
    most: int = MOST_RANGES
    complete: bool = True
    """False: a range was left out, since there were too many."""

    def add(self, first: int, last: int) -> None:
        """Put [first, last] in."""
        low = bisect_left(self.ends, first - 1)
        high = bisect_right(self.starts, last + 1)
        if low == high and len(self.starts) >= self.most:
            self.complete = False
            return
        if low < high:
            first, last = min(first, self.starts[low]), max(last, self.ends[high - 1])
        self.starts[low:high], self.ends[low:high] = [first], [last]

    def pairs(self) -> list[tuple[int, int]]:
        return list(zip(self.starts, self.ends, strict=True))


class Ledger:
    """What left, by symbol and channel. May be written from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ranges: defaultdict[str, defaultdict[Channel, Ranges]] = defaultdict(lambda: defaultdict(Ranges))
        self._counts: defaultdict[str, defaultdict[Channel, int]] = defaultdict(lambda: defaultdict(int))

    def record(self, channel: Channel, symbol: str, numbers: npt.NDArray[np.int64]) -> None:
        """These trades left, in any order; one that comes twice is counted twice."""
        self.record_ranges(channel, symbol, runs(numbers))

    def record_ranges(self, channel: Channel, symbol: str, ranges: Sequence[tuple[int, int]]) -> None:
        """The same for all trades from a first to a last number."""
        with self._lock:
            for first, last in ranges:
                self._counts[symbol][channel] += last - first + 1
                self._ranges[symbol][channel].add(first, last)

    def shown(self) -> dict[str, Any]:
        """By symbol: ranges (first, last) by channel and in `ever`, how many rows left, and whether that is all."""
        with self._lock:
            return {symbol: self._of(symbol) for symbol in sorted(self._ranges)}

    def _of(self, symbol: str) -> dict[str, Any]:
        by_channel, ever = self._ranges[symbol], Ranges()
        for ranges in by_channel.values():
            for first, last in ranges.pairs():
                ever.add(first, last)
        return {
            **{channel.value: by_channel[channel].pairs() for channel in Channel if channel in by_channel},
            "ever": ever.pairs(),
            "rows": {channel.value: count for channel, count in self._counts[symbol].items()},
            "complete": ever.complete and all(ranges.complete for ranges in by_channel.values()),
        }


def runs(numbers: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """The numbers as ranges, each as long as they count up by one."""
    if not len(numbers):
        return []
    starts = np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 2) != 1)
    ends = np.append(starts[1:], len(numbers)) - 1
    return list(zip(numbers[starts].tolist(), numbers[ends].tolist(), strict=True))
