"""What days a source published, one after the other: from the first to the last of them all that it has is here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.day import DayLines
from candlewick.domain.job import Lease
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window
from candlewick.ports import GapStore

_DAY: Final = timedelta(days=1)


class DayAccount:
    """Takes the days of one instrument. A row that was rejected may be any of them: then nothing is known."""

    def __init__(self) -> None:
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._spoiled = False

    def take(self, lines: DayLines) -> None:
        """These are stored."""
        self._spoiled = self._spoiled or bool(lines.rejected)
        for opened in (day.open_time for day in lines.candles):
            self._first = min(self._first or opened, opened)
            self._last = max(self._last or opened, opened)

    async def close(self, gaps: GapStore, instrument_id: InstrumentId, now: datetime, lease: Lease | None) -> None:
        """All came. Raises LeaseLost."""
        if self._first is not None and self._last is not None and not self._spoiled:
            window = Window(self._first, self._last + _DAY)
            await gaps.cover(instrument_id, window, now=now, lease=lease, origin=CandleOrigin.VENUE)
