"""The live edge of one instrument's candles, as one subscription was told of it: decides what is news. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from candlewick.domain.candle import Candle, CandleStatus
from candlewick.domain.interval import Duration
from candlewick.domain.time import Window, coalesce


@dataclass(frozen=True, slots=True)
class News:
    """Candles that the subscription has not been told of as they are, in order of time."""

    updates: Sequence[Candle]
    """At the live edge: PROVISIONAL, or FINAL for the first time."""
    revised: Sequence[Candle]
    """Closed before, and changed since."""


class Edge:
    """What was told, by data version and by time: a candle is final some time after its window, without a commit."""

    def __init__(self, version: int, closed_until: datetime) -> None:
        self.version = version
        """All that this data version changed was told."""
        self.closed_until = closed_until
        """So was the closing of each candle whose window ended by then."""
        self._open: dict[datetime, datetime] = {}
        self._closed: dict[datetime, datetime] = {}
        self._ahead: dict[datetime, int] = {}

    @property
    def next_close(self) -> datetime | None:
        """When the window of the first candle that was seen open ends; None if none is open."""
        return min(self._open.values(), default=None)

    def spans(self, changed: Iterable[Window], width: Duration, closed_until: datetime) -> list[Window]:
        """Where news can be, in whole candles: what changed, and the candles that have closed."""
        aligned = [Window(width.floor(window.start), width.ceil(window.end)) for window in changed]
        closing = [Window(opened, closes) for opened, closes in self._open.items() if closes <= closed_until]
        return coalesce(aligned + closing)

    def tell(self, candles: Iterable[Candle], version: int, closed_until: datetime) -> News:
        """What is news among candles read after `closed_until` was known; from now on it is none.

        `version` is what all changes within the candles' span were known up to. The candles may be newer.
        """
        updates, revised, still_open = [], [], {}
        for candle in candles:
            if candle.status is CandleStatus.PROVISIONAL:
                still_open[candle.open_time] = candle.close_time
                if self._changed(candle):
                    updates.append(candle)
            elif candle.status is CandleStatus.FINAL and self._just_closed(candle):
                self._closed[candle.open_time] = candle.close_time
                updates.append(candle)
            elif self._changed(candle):
                revised.append(candle)
            if candle.version > version:
                self._ahead[candle.open_time] = candle.version
        self._move(version, closed_until, still_open, revised)
        return News(updates, revised)

    def _changed(self, candle: Candle) -> bool:
        return candle.version > self.version and self._ahead.get(candle.open_time) != candle.version

    def _just_closed(self, candle: Candle) -> bool:
        if candle.open_time in self._closed:
            return False
        return candle.open_time in self._open or candle.close_time > self.closed_until

    def _move(
        self, version: int, closed_until: datetime, still_open: dict[datetime, datetime], revised: Iterable[Candle]
    ) -> None:
        self.version = max(self.version, version)
        self.closed_until = max(self.closed_until, closed_until)
        for candle in revised:
            self._closed[candle.open_time] = candle.close_time
        # What should have closed and was not among the candles is gone: its trades were taken out.
        rest = {opened: closes for opened, closes in self._open.items() if closes > self.closed_until}
        self._open = {opened: closes for opened, closes in (rest | still_open).items() if opened not in self._closed}
        self._closed = {opened: closes for opened, closes in self._closed.items() if closes > self.closed_until}
        self._ahead = {opened: newest for opened, newest in self._ahead.items() if newest > self.version}
