"""Candles as they change: a snapshot, then what is news, conflated to what the client can take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

from candlewick.domain import candle, gap
from candlewick.domain.candle import CandleStatus
from candlewick.domain.commit import CommitKind
from candlewick.domain.interval import Duration, largest_dividing
from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.domain.page import CandleQuery
from candlewick.domain.time import Window, microseconds
from candlewick.graphql.cursor import Series, moment
from candlewick.graphql.faults import InvalidCursor
from candlewick.graphql.limits import MAX_EVENT_GAPS, MAX_EVENT_ROWS
from candlewick.graphql.live import Live, positions
from candlewick.graphql.live.edge import Edge, News
from candlewick.graphql.live.patience import patiently
from candlewick.graphql.live.trades import check_positions
from candlewick.graphql.live.watch import Watch, conflate
from candlewick.graphql.services import Services
from candlewick.graphql.types.candle import Candle
from candlewick.graphql.types.events import CandleRevised, CandleSnapshot, CandleUpdate, FeedGap
from candlewick.graphql.types.gap import Gap
from candlewick.graphql.types.span import TimeSpan

type Event = CandleSnapshot | CandleUpdate | CandleRevised | FeedGap

PACE: Final = timedelta(milliseconds=250)
"""At most this often does a subscription look at its candles."""
_SNAPSHOT: Final = 2
_AT_ONCE: Final = 500
_MOST_FOLDED: Final = 100_000
"""Kept candles that one event may be folded from: half of what a page may be."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which candles are followed."""

    keys: Mapping[InstrumentId, InstrumentKey]
    duration: Duration
    final_only: bool = False
    coverage: bool = False
    """Whether it is selected."""

    @property
    def series(self) -> Series:
        return positions.series("live candles", str(self.duration))

    @property
    def most(self) -> int:
        """Candles that are read at once."""
        kept = largest_dividing(self.duration).duration
        pieces = self.duration.months // kept.months if kept.months else self.duration.span // kept.span
        return max(1, min(MAX_EVENT_ROWS, _MOST_FOLDED // max(pieces, 1)))

    def query(self, limit: int, window: Window | None = None) -> CandleQuery:
        """So many of them, the newest ones."""
        return CandleQuery(self.duration, limit, window=window, coverage=self.coverage)

    def edges_at(self, cursor: str | None) -> dict[InstrumentId, Edge]:
        """Where the cursor stands.

        Raises:
            InvalidCursor: it is damaged, made up, or of another subscription.
        """
        found = positions.read(self.series, cursor) if cursor is not None else {}
        if any(len(numbers) != 2 for numbers in found.values()):
            raise InvalidCursor("after", "its positions are out of range")
        return {
            key: Edge(version, moment(str(closed), "after"))
            for key, (version, closed) in found.items()
            if key in self.keys
        }


@dataclass(frozen=True, slots=True)
class Missed:
    """What changed of an instrument while nobody looked."""

    windows: Sequence[Window] = ()
    gaps: bool = False
    """Whether some were noticed or closed."""


class CandleTail:
    """One subscription's candles."""

    def __init__(self, services: Services, live: Live, wanted: Wanted, edges: dict[InstrumentId, Edge]) -> None:
        self._services = services
        self._live = live
        self._wanted = wanted
        self._edges = edges

    async def events(self) -> AsyncGenerator[Event]:
        """A snapshot of each instrument that no cursor told of, then news; never ends by itself.

        Raises:
            InvalidCursor: it stands where no commit was made yet.
            InvalidDuration: candles of this width cannot be read.
            ServiceError: the database is away for too long.
        """
        loop = asyncio.get_running_loop()
        async with self._live.hub.watch(tuple(self._wanted.keys)) as watch:
            missed = await self._missed(watch)
            for snapshot in await self._snapshots(watch):
                yield snapshot
            while True:
                looked_at = loop.time()
                for key in self._wanted.keys:
                    for event in await self._look(key, watch, missed.pop(key, Missed())):
                        yield event
                await asyncio.sleep(max(looked_at + PACE.total_seconds() - loop.time(), 0))
                await self._wait(watch)

    async def _missed(self, watch: Watch) -> dict[InstrumentId, Missed]:
        """What changed, and may have closed, since the cursor."""
        await check_positions(
            self._services.commit_log, {key: edge.version for key, edge in self._edges.items()}, watch
        )
        now = self._services.clock.now()
        missed = {}
        for key, edge in self._edges.items():
            windows, gaps = await self._since(key, edge.version)
            closed_until = min(edge.closed_until, now)
            missed[key] = Missed(conflate([*windows, Window(closed_until, now + timedelta(microseconds=1))]), gaps)
        return missed

    async def _since(self, key: InstrumentId, version: int) -> tuple[list[Window], bool]:
        """Where data changed, and whether gaps did."""
        windows, gaps = list[Window](), False
        while commits := await patiently(self._services.commit_log.since, key, version, _AT_ONCE):
            notices = [commit.notice for commit in commits]
            windows = conflate([*windows, *(each.window for each in notices if each.kind is not CommitKind.GAP)])
            gaps |= any(each.kind is CommitKind.GAP for each in notices)
            version = notices[-1].version
            if len(commits) < _AT_ONCE:
                break
        return windows, gaps

    async def _snapshots(self, watch: Watch) -> list[Event]:
        """The newest candles. All that have not closed are read: that of now, and those that wait for late trades."""
        new = [key for key in self._wanted.keys if key not in self._edges]
        if not new:
            return []
        closed_until = self._closed_until()
        waiting = -(-self._live.allowed_lateness // (self._wanted.duration.span or timedelta(days=28)))
        query = self._wanted.query(min(_SNAPSHOT + 1 + waiting, self._wanted.most))
        found = await patiently(self._services.candles.read, new, query)
        for key in new:
            self._edges[key] = Edge(watch.versions[key], closed_until)
            self._edges[key].tell(found[key].rows, watch.versions[key], closed_until)
        return [self._snapshot(key, found[key].rows) for key in new]

    def _snapshot(self, key: InstrumentId, rows: Sequence[candle.Candle]) -> Event:
        shown = self._shown(rows)[-_SNAPSHOT:]
        return CandleSnapshot(instrument=str(self._wanted.keys[key]), candles=_views(shown), cursor=self._cursor())

    async def _look(self, key: InstrumentId, watch: Watch, missed: Missed) -> list[Event]:
        """What is news of the instrument, if anything can be."""
        edge, version, closed_until = self._edges[key], watch.versions[key], self._closed_until()
        spans = edge.spans([*missed.windows, *watch.take(key)], self._wanted.duration, closed_until)
        former, lacking = edge.version, watch.take_gaps(key) or missed.gaps
        if not spans and not lacking:
            return []
        rows, omitted = await self._read(key, spans)
        gaps = await self._gaps(key, former, version) if lacking else ()
        before = self._cursor()
        news = edge.tell(rows, version, closed_until if spans else edge.closed_until)
        name, cursor = (
            str(self._wanted.keys[key]),
            before if news.revised or news.updates or omitted else self._cursor(),
        )
        return [
            *(FeedGap(instrument=name, gap=Gap.of(gap), cursor=cursor) for gap in gaps),
            *self._told(key, news, omitted, before),
        ]

    async def _gaps(self, key: InstrumentId, after: int, upto: int) -> Sequence[gap.Gap]:
        return await patiently(self._services.gaps.changed, key, after, upto, MAX_EVENT_GAPS)

    async def _read(self, key: InstrumentId, spans: Sequence[Window]) -> tuple[list[candle.Candle], Window | None]:
        """The newest candles of the spans, as many as one look may have; and where those are that it may not."""
        rows: list[candle.Candle] = []
        left: list[Window] = []
        for span in reversed(spans):
            room = self._wanted.most - len(rows)
            if room < 1:
                left.append(span)
                continue
            query = self._wanted.query(room, span)
            page = (await patiently(self._services.candles.read, [key], query))[key]
            rows[:0] = page.rows
            if page.more:
                left.append(Window(span.start, page.rows[0].open_time))
        omitted = Window(min(window.start for window in left), max(window.end for window in left)) if left else None
        return rows, omitted

    def _told(self, key: InstrumentId, news: News, omitted: Window | None, before: str) -> list[Event]:
        """The news as events. Only the last one's cursor is past them: after a break the first may come again."""
        name, updates = str(self._wanted.keys[key]), self._shown(news.updates)
        missing = TimeSpan.of(omitted) if omitted else None
        events: list[Event] = []
        if news.revised or (omitted and not updates):
            cursor = before if updates else self._cursor()
            events.append(CandleRevised(instrument=name, candles=_views(news.revised), omitted=missing, cursor=cursor))
            missing = None
        if updates:
            events.append(
                CandleUpdate(instrument=name, candles=_views(updates), omitted=missing, cursor=self._cursor())
            )
        return events

    async def _wait(self, watch: Watch) -> None:
        """Until something changed or a candle closes."""
        closes = min((edge.next_close for edge in self._edges.values() if edge.next_close), default=None)
        seconds = None if closes is None else max((closes - self._closed_until()).total_seconds(), 0)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await watch.changed()

    def _closed_until(self) -> datetime:
        """The end of the last window that has closed by now."""
        return self._services.clock.now() - self._live.allowed_lateness

    def _shown(self, rows: Sequence[candle.Candle]) -> list[candle.Candle]:
        return [row for row in rows if not (self._wanted.final_only and row.status is CandleStatus.PROVISIONAL)]

    def _cursor(self) -> str:
        told = {key: (edge.version, microseconds(edge.closed_until)) for key, edge in self._edges.items()}
        return positions.write(self._wanted.series, told)


def _views(rows: Sequence[candle.Candle]) -> list[Candle]:
    return cast("list[Candle]", rows)
