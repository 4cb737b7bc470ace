"""Whether a candle has all that was traded in its window: pure, from what is covered, what is missing and sessions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from candlewick.domain.time import Window, coalesce, within, without


class Coverage(StrEnum):
    """'No trades' and 'unknown' are not the same."""

    COMPLETE = "COMPLETE"
    """All that was traded is in it."""
    PARTIAL = "PARTIAL"
    """Something is missing, or nobody can say that nothing is."""
    NO_TRADES = "NO_TRADES"
    """The market was silent."""
    MARKET_CLOSED = "MARKET_CLOSED"
    """The venue has no session in the window."""
    FEED_GAP = "FEED_GAP"
    """Nothing is here, and it was not the market that was silent, or nobody can say that it was."""


@dataclass(frozen=True, slots=True)
class _Spans:
    """Windows in order that do not touch, for many questions."""

    starts: Sequence[datetime]
    ends: Sequence[datetime]

    @classmethod
    def of(cls, windows: Iterable[Window]) -> Self:
        apart = coalesce(list(windows))
        return cls([window.start for window in apart], [window.end for window in apart])

    def touch(self, start: datetime, end: datetime) -> bool:
        """Whether one of them shares a moment with [start, end)."""
        place = bisect_left(self.starts, end)
        return place > 0 and self.ends[place - 1] > start


class Knowledge:
    """What is known of one instrument within some bounds.

    `covered`: all that the source has of them is here. `gaps`: something is missing in them, covered or not.
    `sessions`: when it is traded; None: always.
    """

    def __init__(
        self,
        bounds: Window,
        covered: Sequence[Window] = (),
        gaps: Sequence[Window] = (),
        sessions: Sequence[Window] | None = None,
    ) -> None:
        traded = within(coalesce(list(sessions)), bounds) if sessions is not None else [bounds]
        known = coalesce(within(covered, bounds))
        unknown = [part for session in traded for part in without(session, within(known, session))]
        self._lacking = _Spans.of([*unknown, *gaps])
        self._sessions = None if sessions is None else _Spans.of(sessions)
        self.known_until = known[-1].end if known else bounds.start
        """The end of what is covered."""

    def of_candle(self, start: datetime, end: datetime) -> Coverage:
        """Of a candle of trades in [start, end)."""
        return Coverage.PARTIAL if self._lacking.touch(start, end) else Coverage.COMPLETE

    def of_nothing(self, start: datetime, end: datetime) -> Coverage:
        """Of a window [start, end) without any trade here."""
        if self._sessions is not None and not self._sessions.touch(start, end):
            return Coverage.MARKET_CLOSED
        return Coverage.FEED_GAP if self._lacking.touch(start, end) else Coverage.NO_TRADES
