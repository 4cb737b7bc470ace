"""The newest candles of one instrument as a subscription was told of them: what a follower who joins is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from candlewick.domain.candle import Candle
from candlewick.domain.time import Window


class Picture:
    """So many candles, kept up to date without asking the database again."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._rows: dict[datetime, Candle] = {}

    @property
    def rows(self) -> list[Candle]:
        """In order of time."""
        return list(self._rows.values())

    def show(self, rows: Iterable[Candle]) -> None:
        """These, beside or in place of those that were shown; of all of them the newest."""
        known = self._rows | {row.open_time: row for row in rows}
        self._rows = dict(sorted(known.items())[-self.size :])

    def change(self, spans: Sequence[Window], found: Sequence[Candle], told: Iterable[Candle]) -> None:
        """Take what was told; and leave out what is no longer found where we looked."""
        there = {row.open_time for row in found}
        start = min(there, default=None)
        for opened in list(self._rows):
            looked = any(span.start <= opened < span.end for span in spans)
            if looked and opened not in there and (start is None or opened > start):
                del self._rows[opened]
        self.show(told)
