"""The live edge of one instrument's candles, as one subscription was told of it: decides what is news. Pure.

Exactly once, over any number of sessions, because a cursor says it all: of candles that had closed by `closed_until`,
every change up to the data version `settled` was told; of all others, up to `version`. A candle whose last change is
newer than the version that is known waits for that commit's signal: what a cursor cannot say is not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from candlewick.domain.candle import Candle, CandleStatus
from candlewick.domain.ruler import Ruler
from candlewick.domain.time import MICROSECOND, Window, coalesce

PROVISIONAL, FINAL, _ = CandleStatus


class Mark(NamedTuple):
    """What was told, in a form that a cursor carries."""

    version: int
    """Of candles that had not closed, all that this data version changed."""
    closed_until: datetime
    """The closing of each candle whose window ended by then."""
    settled: int
    """Of candles that had closed, all that this data version changed; never less than `version`."""


@dataclass(frozen=True, slots=True)
class Run:
    """Candles of one event, in order of time, and where the subscription stands after it."""

    revised: bool
    """They were closed before, or closed as others; else they are at the live edge: PROVISIONAL, or FINAL just now."""
    candles: Sequence[Candle]
    mark: Mark


class Edge:
    """What was told, by data version and by time: a candle is final some time after its window, without a commit."""

    def __init__(self, version: int, closed_until: datetime, settled: int | None = None) -> None:
        self.mark = Mark(version, closed_until, version if settled is None else settled)
        self._open: dict[datetime, datetime] = {}
        self._ahead: dict[datetime, int] = {}

    @property
    def next_close(self) -> datetime | None:
        """When the window of the first candle that was seen open ends; None if none is open."""
        return min(self._open.values(), default=None)

    def meets(self, other: Edge) -> bool:
        """Whether the same was told by both: an instrument at rest may be looked at by one of them only, long ago."""
        if (self.mark.version, self.mark.settled) != (other.mark.version, other.mark.settled):
            return False
        closed_until = max(self.mark.closed_until, other.mark.closed_until)
        return all(edge.next_close is None or edge.next_close > closed_until for edge in (self, other))

    def spans(self, changed: Iterable[Window], ruler: Ruler, closed_until: datetime) -> list[Window]:
        """Where news can be, in whole candles: what changed, and the candles that have closed."""
        ends = [(ruler.floor(window.start), ruler.ceil(window.end)) for window in changed]
        aligned = [Window(start, end) for start, end in ends if start < end]  # none where nothing opens
        closing = [Window(opened, closes) for opened, closes in self._open.items() if closes <= closed_until]
        return coalesce(aligned + closing)

    def tell(self, candles: Sequence[Candle], version: int, closed_until: datetime) -> list[Run]:
        """What is news among candles, in order of time, read after `closed_until` was known; from now on it is none.

        `version` is what all changes within the candles' span were known up to. The candles may be newer.
        """
        before, version = self.mark, max(self.mark.version, version)
        after = Mark(version, self._closed_until(candles, version, closed_until), max(before.settled, version))
        news = [(revised, candle) for candle in candles if (revised := self._news(candle, after)) is not None]
        self._note(candles, after)
        return list(_runs(news, before, after))

    def _closed_until(self, candles: Iterable[Candle], version: int, closed_until: datetime) -> datetime:
        """Up to which moment the closing of candles can be told: before the first that is open, or not known yet."""
        waiting = [
            candle.close_time - MICROSECOND
            for candle in candles
            if self.mark.closed_until < candle.close_time <= closed_until
            and (candle.status is PROVISIONAL or candle.version > version)
        ]
        return max(self.mark.closed_until, min([closed_until, *waiting]))

    def _news(self, candle: Candle, after: Mark) -> bool | None:
        """None: it is no news; else whether it was closed before, or closed as another."""
        before = self.mark
        if candle.close_time <= before.closed_until:
            told = candle.status is PROVISIONAL or not before.settled < candle.version <= after.version
            return None if told else True
        if candle.close_time <= after.closed_until:
            return candle.status is not FINAL
        if candle.status is not PROVISIONAL or candle.version <= before.version:
            return None
        return None if self._ahead.get(candle.open_time) == candle.version else False

    def _note(self, candles: Iterable[Candle], after: Mark) -> None:
        still_open = {each.open_time: each.close_time for each in candles if each.close_time > after.closed_until}
        ahead = {
            candle.open_time: candle.version
            for candle in candles
            if candle.status is PROVISIONAL and candle.version > after.version
        }
        # What should have closed and was not among the candles is gone: its trades were taken out.
        rest = self._open | still_open
        self._open = {opened: closes for opened, closes in rest.items() if closes > after.closed_until}
        self._ahead = {key: newest for key, newest in (self._ahead | ahead).items() if newest > after.version}
        self.mark = after


def _runs(news: Sequence[tuple[bool, Candle]], before: Mark, after: Mark) -> Iterable[Run]:
    """The news cut where its kind changes, each piece with the mark that says exactly what was told with it."""
    start = 0
    for place, (revised, candle) in enumerate(news, start=1):
        if place < len(news) and news[place][0] == revised:
            continue
        told_until = max(before.closed_until, min(candle.close_time, after.closed_until))
        mark = after if place == len(news) else Mark(before.version, told_until, after.settled)
        yield Run(revised, [each for _, each in news[start:place]], mark)
        start = place
