"""Candles as they change: a snapshot, then what is news, conflated to what the client can take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

from candlewick.domain import candle, gap
from candlewick.domain.candle import CandleStatus
from candlewick.domain.commit import CommitKind
from candlewick.domain.hours import ALWAYS, TimeBar
from candlewick.domain.interval import Duration, Interval, largest_dividing
from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.domain.page import CandleQuery
from candlewick.domain.ruler import Ruler
from candlewick.domain.time import MICROSECOND, Window, microseconds
from candlewick.graphql.cursor import Series, moment
from candlewick.graphql.faults import InvalidCursor
from candlewick.graphql.limits import MAX_EVENT_GAPS, MAX_EVENT_ROWS
from candlewick.graphql.live import Live, positions
from candlewick.graphql.live.edge import Edge, Mark, Run
from candlewick.graphql.live.feed import Batch, Feed, Lag
from candlewick.graphql.live.patience import patiently
from candlewick.graphql.live.picture import Picture
from candlewick.graphql.live.resuming import check_positions
from candlewick.graphql.live.watch import Watch, conflate
from candlewick.graphql.services import Services
from candlewick.graphql.types.candle import Candle
from candlewick.graphql.types.events import CandleRevised, CandleSnapshot, CandleUpdate, FeedGap, Lagged
from candlewick.graphql.types.gap import Gap
from candlewick.graphql.types.span import TimeSpan

type Event = CandleSnapshot | CandleUpdate | CandleRevised | FeedGap

PACE: Final = timedelta(milliseconds=250)
"""At most this often does a subscription look at its candles."""
_SNAPSHOT: Final = 2
_AT_ONCE: Final = 5_000
_MOST_FOLDED: Final = 100_000
"""Kept candles that one event may be folded from: half of what a page may be."""
_QUARTER: Final = Interval.M15.duration
"""What candles of other hours are folded from at the worst."""
_SNAPSHOT_TRIES: Final = 20
_SNAPSHOT_PAUSE: Final = 0.05
_LONGEST_WAIT: Final = 60.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which candles are followed."""

    keys: Mapping[InstrumentId, InstrumentKey]
    bar: TimeBar
    ruler: Ruler
    final_only: bool = False
    coverage: bool = False
    """Whether it is selected."""

    @property
    def series(self) -> Series:
        return positions.series("live candles", str(self.bar))

    @property
    def most(self) -> int:
        """Candles that are read at once."""
        width = self.bar.every
        kept = largest_dividing(width).duration if self.bar.hours == ALWAYS else min(_QUARTER, width, key=_seconds)
        pieces = width.months // kept.months if kept.months else _seconds(width) // _seconds(kept)
        return max(1, min(MAX_EVENT_ROWS, _MOST_FOLDED // max(pieces, 1)))

    def query(self, limit: int, window: Window | None = None) -> CandleQuery:
        """So many of them, the newest ones."""
        return CandleQuery(self.bar.every, limit, window=window, coverage=self.coverage, hours=self.bar.hours)

    def marks_at(self, cursor: str | None) -> dict[InstrumentId, Mark]:
        """Where the cursor stands.

        Raises:
            InvalidCursor: it is damaged, made up, or of another subscription.
        """
        found = positions.read(self.series, cursor) if cursor is not None else {}
        if any(not 2 <= len(numbers) <= 3 for numbers in found.values()):
            raise InvalidCursor("after", "its positions are out of range")
        return {key: _mark(*numbers) for key, numbers in found.items() if key in self.keys}

    def cursor(self, marks: Mapping[InstrumentId, Mark]) -> str:
        """The cursor that `marks_at` reads."""
        return positions.write(self.series, {key: _numbers(mark) for key, mark in marks.items()})


def _mark(version: int, closed_until: int, settled: int | None = None) -> Mark:
    if settled is not None and settled < version:
        raise InvalidCursor("after", "its positions are out of range")
    return Mark(version, moment(str(closed_until), "after"), version if settled is None else settled)


def _numbers(mark: Mark) -> tuple[int, ...]:
    numbers = (mark.version, microseconds(mark.closed_until), mark.settled)
    return numbers[:2] if mark.settled == mark.version else numbers


@dataclass(frozen=True, slots=True)
class Missed:
    """What changed of an instrument while nobody looked."""

    windows: Sequence[Window] = ()
    gaps: bool = False
    """Whether some were noticed or closed."""


class CandleTail(Feed):
    """The candles of one subscription. A follower that lags is told the newest state of each, and no other."""

    def __init__(
        self, services: Services, live: Live, wanted: Wanted, marks: Mapping[InstrumentId, Mark] | None = None
    ) -> None:
        self._services = services
        self._live = live
        self._wanted = wanted
        self._edges = {key: Edge(*mark) for key, mark in (marks or {}).items()}
        self._resumed = frozenset(self._edges)
        waiting = -(-live.allowed_lateness // (wanted.bar.every.span or timedelta(days=28)))
        self._pictures = {key: Picture(min(_SNAPSHOT + 1 + waiting, wanted.most)) for key in wanted.keys}

    @property
    def position(self) -> Mapping[InstrumentId, Mark]:
        """See `Feed.position`."""
        return {key: edge.mark for key, edge in self._edges.items()}

    async def batches(self) -> AsyncGenerator[Batch]:
        """A snapshot of each instrument that no cursor told of, then news; never ends by itself.

        Raises:
            InvalidCursor: it stands where no commit was made yet.
            CursorExpired: it is too old.
            InvalidDuration: candles of this width cannot be read.
            ServiceError: the database is away for too long.
        """
        loop = asyncio.get_running_loop()
        async with self._live.hub.watch(tuple(self._wanted.keys)) as watch:
            missed = await self._missed(watch)
            await self._begin(watch)
            yield Batch(self._snapshots(frozenset(self._wanted.keys) - self._resumed), self.position)
            while True:
                looked_at = loop.time()
                for key in self._wanted.keys:
                    if events := await self._look(key, watch, missed.pop(key, Missed())):
                        yield Batch(events, self.position)
                yield Batch(position=self.position, still=True)
                await asyncio.sleep(max(looked_at + PACE.total_seconds() - loop.time(), 0))
                await self._wait(watch)

    def opening(self) -> Sequence[object]:
        """The newest candles of each instrument, as they were told."""
        return self._snapshots(frozenset(self._wanted.keys))

    def branch(self, position: object) -> CandleTail:
        """See `Feed.branch`."""
        return CandleTail(self._services, self._live, self._wanted, cast("Mapping[InstrumentId, Mark]", position))

    def meets(self, other: Feed) -> bool:
        """See `Feed.meets`."""
        return isinstance(other, CandleTail) and all(edge.meets(other.edge(key)) for key, edge in self._edges.items())

    def edge(self, key: InstrumentId) -> Edge:
        """What was told of the instrument."""
        return self._edges[key]

    def lagged(self, lag: Lag) -> Lagged:
        """See `Feed.lagged`."""
        omitted = TimeSpan.of(Window(lag.since, lag.until))
        return Lagged(events=lag.events, omitted=omitted, cursor=self._wanted.cursor(self.position))

    async def _missed(self, watch: Watch) -> dict[InstrumentId, Missed]:
        """What changed, and may have closed, since the cursor."""
        services, keys = self._services, self._wanted.keys
        settled = {key: edge.mark.settled for key, edge in self._edges.items()}
        await check_positions(services, keys, settled, watch, self._live.resumable_for)
        await self._await_clock()
        now = services.clock.now()
        missed = {}
        for key, edge in self._edges.items():
            windows, gaps = await self._since(key, edge.mark.version)
            closing = Window(min(edge.mark.closed_until, now), now + MICROSECOND)
            missed[key] = Missed(conflate([*windows, closing]), gaps)
        return missed

    async def _await_clock(self) -> None:
        """The clock of the server that gave the cursor out may be ahead: what it called closed is to be closed here."""
        closed_until = max((edge.mark.closed_until for edge in self._edges.values()), default=self._closed_until())
        ahead = (closed_until - self._closed_until()).total_seconds()
        if ahead > 0:
            await asyncio.sleep(min(ahead, _LONGEST_WAIT))

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

    async def _begin(self, watch: Watch) -> None:
        """Look at the newest candles: among them all that have not closed, of now and waiting for late trades."""
        new = [key for key in self._wanted.keys if key not in self._edges]
        for left in reversed(range(_SNAPSHOT_TRIES if new else 0)):
            closed_until, versions = self._closed_until(), dict(watch.versions)
            query = self._wanted.query(self._pictures[new[0]].size)
            found = await patiently(self._services.candles.read, new, query)
            if not left or all(_is_settled(found[key].rows, versions[key], closed_until) for key in new):
                for key in new:
                    self._edges[key] = Edge(versions[key], closed_until)
                    self._edges[key].tell(found[key].rows, versions[key], closed_until)
                    self._pictures[key].show(found[key].rows)
                return
            await asyncio.sleep(_SNAPSHOT_PAUSE)

    def _snapshots(self, keys: frozenset[InstrumentId]) -> list[Event]:
        cursor = self._wanted.cursor(self.position)
        return [
            CandleSnapshot(
                instrument=str(self._wanted.keys[key]),
                candles=_views(self._shown(self._pictures[key].rows)[-_SNAPSHOT:]),
                cursor=cursor,
            )
            for key in self._wanted.keys
            if key in keys
        ]

    async def _look(self, key: InstrumentId, watch: Watch, missed: Missed) -> list[Event]:
        """What is news of the instrument, if anything can be. It was told as soon as it is returned."""
        edge, version, closed_until = self._edges[key], watch.versions[key], self._closed_until()
        spans = edge.spans([*missed.windows, *watch.take(key)], self._wanted.ruler, closed_until)
        former, lacking = edge.mark.version, watch.take_gaps(key) or missed.gaps
        if not spans and not lacking:
            return []
        rows, omitted = await self._read(key, spans)
        gaps = await self._gaps(key, former, version) if lacking else ()
        before = self._wanted.cursor(self.position)
        runs = edge.tell(rows, version, closed_until if spans else edge.mark.closed_until)
        self._pictures[key].change(spans, rows, [each for run in runs for each in run.candles])
        news = list(self._told(key, runs, omitted))
        cursor = before if news else self._wanted.cursor(self.position)
        name = str(self._wanted.keys[key])
        return [*(FeedGap(instrument=name, gap=Gap.of(each), cursor=cursor) for each in gaps), *news]

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

    def _told(self, key: InstrumentId, runs: Sequence[Run], omitted: Window | None) -> Iterator[Event]:
        """The news as events, each with the cursor that says exactly what was told with it."""
        name, missing = str(self._wanted.keys[key]), TimeSpan.of(omitted) if omitted else None
        shown = [(run, rows) for run in runs if (rows := self._shown(run.candles))]
        if missing is not None and not shown:
            cursor = self._wanted.cursor(self.position)
            yield CandleRevised(instrument=name, candles=[], omitted=missing, cursor=cursor)
        for run, rows in shown:
            kind = CandleRevised if run.revised else CandleUpdate
            cursor = self._wanted.cursor({**self.position, key: run.mark})
            yield kind(instrument=name, candles=_views(rows), omitted=missing, cursor=cursor)
            missing = None

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


def _is_settled(rows: Sequence[candle.Candle], version: int, closed_until: datetime) -> bool:
    """Whether a cursor can say of these candles what they are: those that closed had closed, and we know their data."""
    return all(
        row.status is CandleStatus.PROVISIONAL or (row.version <= version and row.close_time <= closed_until)
        for row in rows
    )


def _views(rows: Sequence[candle.Candle]) -> list[Candle]:
    return cast("list[Candle]", rows)


def _seconds(width: Duration) -> int:
    """How long it is at the most."""
    return (width.span + width.months * timedelta(days=31)) // timedelta(seconds=1)
