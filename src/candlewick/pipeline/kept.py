"""Keeps indicators ready: what candles closed since the last look, and what was revised, is computed.

A look goes by the commit log and the clock alone, and what it finds out is stored with the values, in one transaction:
so it can end anywhere, and who looks next goes on from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from math import isfinite
from operator import attrgetter
from time import monotonic
from typing import Final

from candlewick.domain.commit import CommitKind
from candlewick.domain.indicator import Indicator, Memory
from candlewick.domain.interval import Duration, Interval
from candlewick.domain.job import Lease
from candlewick.domain.kept import FRESH, Checkpoint, Kept, KeptKey, KeptPoint, KeptWrite, Standing
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery
from candlewick.domain.time import Window, coalesce, from_microseconds
from candlewick.indicators.series import COLUMNS, CandleSeries, Floats
from candlewick.indicators.states import States
from candlewick.ports import Clock, CommitLog, KeptCandles, KeptStore

BATCH: Final = 20_000
"""Values that are computed and stored together, all series counted."""
_LEAST: Final = 500
"""Candles that are taken together, however many series there are."""
A_CHECKPOINT: Final = 500
"""Candles after which a state is kept for good: so many more than were revised may be computed again."""
NOTED: Final = timedelta(seconds=10)
"""How often it is stored that nothing changed: readers look at all commits since then."""
TOUCHED: Final = timedelta(hours=1)
"""How often it is stored that a series is kept still, so that it is not deleted."""
CATCHING_UP: Final = timedelta(milliseconds=500)
"""How long a look computes what is not news: candles that close meanwhile wait for so long."""
_COMMITS: Final = 5_000
_FIRST: Final = datetime(1700, 1, 1, tzinfo=UTC)
"""Before every candle."""

type Step = Callable[[CandleSeries, int, Indicator, States], Sequence[Floats]]
"""`indicators.stepping.step`."""
type Wanted = Mapping[Interval, Sequence[Indicator]]
"""What is kept of an instrument."""


@dataclass(frozen=True, slots=True)
class KeptParts:
    """What it takes to keep indicators ready."""

    store: KeptStore
    candles: KeptCandles
    commits: CommitLog
    clock: Clock
    allowed_lateness: timedelta
    step: Step


@dataclass(slots=True)
class _Line:
    """One series: as it is stored, and where it stands by what is known since."""

    indicator: Indicator
    stored: Kept
    standing: Standing

    @property
    def whole(self) -> bool:
        return self.indicator.spec.memory is Memory.WHOLE

    @property
    def until(self) -> datetime:
        return self.standing.until

    @property
    def redo(self) -> Window:
        """What is to be computed again. Only of a line that has something."""
        assert self.standing.redo is not None  # noqa: S101 (see above)
        return self.standing.redo

    @property
    def unstored(self) -> bool:
        return self.standing != self.stored.standing


@dataclass(slots=True)
class _Shelf:
    """The series of one instrument's candles of one width."""

    instrument_id: InstrumentId
    width: Duration
    lines: list[_Line]
    missing: list[Indicator]
    """Wanted, and not begun: there are no candles yet."""
    tail: CandleSeries | None = None
    """The last candles before where the newest line stands: what the next ones are computed with."""
    tail_until: datetime = _FIRST

    @property
    def reach(self) -> int:
        return max((line.indicator.reach for line in self.lines), default=0)


@dataclass(slots=True)
class _Book:
    """All that is kept of one instrument."""

    wanted: Wanted
    shelves: list[_Shelf]
    version: int
    """The data version that everything is known up to."""
    noted: float = field(default_factory=monotonic)
    touched: float = field(default_factory=monotonic)


class Keeper:
    """Keeps the indicators of some instruments, for as long as its lease is held. Knows what it stored last."""

    def __init__(self, parts: KeptParts, lease: Lease) -> None:
        self._parts = parts
        self._lease = lease
        self._books: dict[InstrumentId, _Book] = {}

    async def look(self, wanted: Mapping[InstrumentId, Wanted]) -> bool:
        """Compute and store what is due, a bounded part of it; whether more is.

        Raises:
            LeaseLost: somebody else keeps them by now.
            ServiceError: the database is away. Nothing is lost: the next look goes on from what is stored.
        """
        for gone in self._books.keys() - wanted.keys():
            del self._books[gone]
        versions = await self._parts.commits.versions(list(wanted))
        try:
            for instrument_id, kept in wanted.items():
                await self._look_at(instrument_id, kept, versions[instrument_id])
            return await self._catch_up()
        except BaseException:
            self._books.clear()  # what is stored is what counts
            raise

    async def _catch_up(self) -> bool:
        """Compute again what changed, for a while; whether anything is left."""
        deadline = monotonic() + CATCHING_UP.total_seconds()
        upto, shelves = self._closed_before(), [shelf for book in self._books.values() for shelf in book.shelves]
        while monotonic() < deadline:
            waiting = [shelf for shelf in shelves if any(line.standing.redo for line in shelf.lines)]
            if not waiting:
                return any(line.until < shelf.width.floor(upto) for shelf in shelves for line in shelf.lines)
            await self._store(waiting[0], await self._redo(waiting[0]))
        return True

    def pause(self, longest: timedelta) -> timedelta:
        """How long nothing closes, at most so long."""
        now = self._closed_before()
        widths = {shelf.width for book in self._books.values() for shelf in book.shelves}
        ahead = [width.after(width.floor(now)) - now for width in widths]
        return min([longest, *ahead])

    def _closed_before(self) -> datetime:
        return self._parts.clock.now() - self._parts.allowed_lateness

    async def _look_at(self, instrument_id: InstrumentId, wanted: Wanted, version: int) -> None:
        book = self._books.get(instrument_id)
        if book is None or book.wanted != wanted:
            book = self._books[instrument_id] = await self._open(instrument_id, wanted, version)
        changed: Sequence[Window] = ()
        moved = version > book.version
        if moved:
            changed, book.version = await self._changed(instrument_id, book.version)
        closed_before = self._closed_before()
        for shelf in book.shelves:
            if moved and shelf.missing:
                await self._begin(shelf, book.version, closed_before)
            await self._revise(shelf, changed, book.version)
            await self._store(shelf, await self._close(shelf, closed_before))
        await self._note(book)

    async def _open(self, instrument_id: InstrumentId, wanted: Wanted, version: int) -> _Book:
        """What is stored, and a beginning of what is not."""
        shelves = []
        for interval, indicators in wanted.items():
            shelf = _Shelf(instrument_id, interval.duration, [], list(indicators))
            await self._load(shelf)
            if shelf.missing:
                await self._begin(shelf, version, self._closed_before())
            shelves.append(shelf)
        known = [line.standing.version for shelf in shelves for line in shelf.lines]
        return _Book(wanted, shelves, min([version, *known]))

    async def _load(self, shelf: _Shelf) -> None:
        found = await self._parts.store.of_instrument(shelf.instrument_id, str(shelf.width))
        for indicator in [each for each in shelf.missing if each.id in found]:
            stored = found[indicator.id]
            shelf.lines.append(_Line(indicator, stored, stored.standing))
            shelf.missing.remove(indicator)

    async def _begin(self, shelf: _Shelf, version: int, closed_before: datetime) -> None:
        """New series, once there are candles. What looks back a little serves the newest ones first."""
        first = await self._page(shelf, Window(_FIRST, closed_before), 1)
        if not len(first):
            return
        opened, closed = _open_time(first, 0), shelf.width.floor(closed_before)
        from_now_on = Standing(version, closed, Window(opened, closed) if opened < closed else None)
        await self._parts.store.begin(
            {
                KeptKey(shelf.instrument_id, str(shelf.width), indicator.id): Standing(version, opened)
                if indicator.spec.memory is Memory.WHOLE
                else from_now_on
                for indicator in shelf.missing
            },
            self._lease,
        )
        await self._load(shelf)

    async def _changed(self, instrument_id: InstrumentId, version: int) -> tuple[Sequence[Window], int]:
        """Where candles changed since that version, and the newest version that this is known up to."""
        windows: list[Window] = []
        while commits := await self._parts.commits.since(instrument_id, version, _COMMITS):
            notices = [commit.notice for commit in commits]
            windows = coalesce([*windows, *(each.window for each in notices if each.kind is not CommitKind.GAP)])
            version = notices[-1].version
        return windows, version

    async def _revise(self, shelf: _Shelf, changed: Sequence[Window], version: int) -> None:
        """Take note of what is to be computed again: up to where the past that changed has no say any more."""
        newest = max((line.until for line in shelf.lines), default=_FIRST)
        ends = [(shelf.width.floor(each.start), shelf.width.ceil(each.end)) for each in changed]
        windows = [Window(*pair) for pair in ends if pair[0] < newest]
        if windows:
            shelf.tail, shelf.tail_until = None, _FIRST
        for line in shelf.lines:
            for window in windows:
                line.standing = await self._revised(shelf, line, window)
            line.standing = replace(line.standing, version=max(version, line.standing.version))

    async def _revised(self, shelf: _Shelf, line: _Line, window: Window) -> Standing:
        standing = line.standing
        if window.start >= standing.until:
            return standing
        if line.whole:
            return standing.back_at(await self._former(shelf, line, window.start))
        if window.end >= standing.until or not line.indicator.reach:
            return standing.to_redo(window)
        after = await self._page(shelf, Window(window.end, standing.until), line.indicator.reach)
        end = shelf.width.after(_open_time(after, -1)) if len(after) else window.end
        return standing.to_redo(Window(window.start, end))

    async def _former(self, shelf: _Shelf, line: _Line, moment: datetime) -> Checkpoint:
        """Where the recursion can go on from, so that it passes the moment."""
        found = await self._parts.store.checkpoint(line.stored.id, moment)
        if found is not None and found.open_time <= line.until:
            return found
        first = await self._page(shelf, Window(_FIRST, line.until), 1)
        return Checkpoint(min(moment, _open_time(first, 0)) if len(first) else moment, 0, FRESH)

    async def _close(self, shelf: _Shelf, closed_before: datetime) -> list[KeptWrite]:
        """Values of candles that have closed, by where the series stand."""
        upto = shelf.width.floor(closed_before)
        behind = sorted((line for line in shelf.lines if line.until < upto), key=attrgetter("until"))
        writes: list[KeptWrite] = []
        for until, lines in groupby(behind, attrgetter("until")):
            writes += await self._go_on(shelf, list(lines), Window(until, upto))
        return writes

    async def _go_on(self, shelf: _Shelf, lines: Sequence[_Line], window: Window) -> list[KeptWrite]:
        new, part = await self._part(shelf, lines, window)
        if not len(new) and all(line.stored.standing.until <= part.start for line in lines):
            for line in lines:
                line.standing = replace(line.standing, until=part.end)
            return []
        if all(line.whole for line in lines):
            return await self._compute(lines, CandleSeries.of_nothing(), new, part)
        history = shelf.tail if shelf.tail is not None and shelf.tail_until == part.start else None
        if history is None:
            history = await self._history(shelf, shelf.lines, part.start)
        if shelf.tail_until <= part.end:
            both = history.followed_by(new)
            shelf.tail, shelf.tail_until = both[max(len(both) - shelf.reach, 0) :], part.end
        return await self._compute(lines, history, new, part)

    async def _redo(self, shelf: _Shelf) -> list[KeptWrite]:
        """Values of the first candles that are to be computed again."""
        waiting = sorted((line for line in shelf.lines if line.standing.redo), key=attrgetter("redo"))
        writes: list[KeptWrite] = []
        for window, each in groupby(waiting, attrgetter("redo")):
            lines = list(each)
            new, part = await self._part(shelf, lines, window)
            for line in lines:
                rest = Window(part.end, window.end) if part.end < window.end else None
                line.standing = replace(line.standing, redo=rest)
            writes += await self._compute(lines, await self._history(shelf, lines, part.start), new, part)
        return writes

    async def _part(self, shelf: _Shelf, lines: Sequence[_Line], window: Window) -> tuple[CandleSeries, Window]:
        """The first candles of the window, as many as are taken together, and what of it they are."""
        most = max(BATCH // len(lines), _LEAST)
        new = await self._page(shelf, window, most)
        end = shelf.width.after(_open_time(new, -1)) if len(new) == most else window.end
        return new, Window(window.start, min(end, window.end))

    async def _history(self, shelf: _Shelf, lines: Sequence[_Line], until: datetime) -> CandleSeries:
        """As many candles before as any of the lines looks back on."""
        most = max(line.indicator.reach for line in lines)
        if not most:
            return CandleSeries.of_nothing()
        return await self._page(shelf, Window(_FIRST, until), most, newest=True)

    async def _page(self, shelf: _Shelf, window: Window, limit: int, *, newest: bool = False) -> CandleSeries:
        query = CandleQuery(shelf.width, limit, window=window, newest=newest)
        found = await self._parts.candles.read_columns([shelf.instrument_id], query, COLUMNS)
        return CandleSeries.of(found[shelf.instrument_id])

    async def _compute(
        self, lines: Sequence[_Line], history: CandleSeries, new: CandleSeries, window: Window
    ) -> list[KeptWrite]:
        """What is to be stored, computed beside the event loop."""
        candles = history.followed_by(new)
        return await asyncio.to_thread(lambda: [self._write(line, candles, len(new), window) for line in lines])

    def _write(self, line: _Line, candles: CandleSeries, new: int, window: Window) -> KeptWrite:
        before, states = line.standing, States(line.standing.state)
        seen = before.candles if line.whole else len(candles) - new
        points: Sequence[KeptPoint] = ()
        if new:
            outputs = self._parts.step(candles, new, line.indicator, states)
            points = _points(candles[len(candles) - new :], outputs, line.indicator.lookback - 1 - seen)
        standing = replace(before, until=max(before.until, window.end))
        if line.whole:
            standing = replace(standing, candles=seen + new, state=states.dump())
        line.standing = standing
        passed = standing.candles // A_CHECKPOINT > before.candles // A_CHECKPOINT
        return KeptWrite(line.stored, standing, window, points, standing.checkpoint if passed else None)

    async def _store(self, shelf: _Shelf, writes: Sequence[KeptWrite]) -> None:
        """All of one series' windows in turn: each write begins where the one before left it."""
        while writes:
            now = {write.series.id: write for write in reversed(writes)}
            lines = {line.stored.id: line for line in shelf.lines}
            for stored in await self._parts.store.store(list(now.values()), self._lease):
                line = lines[stored.id]
                line.stored = stored
                line.standing = replace(line.standing, revision=stored.standing.revision)
            left = [write for write in writes if now[write.series.id] is not write]
            writes = [replace(write, series=lines[write.series.id].stored) for write in left]

    async def _note(self, book: _Book) -> None:
        """Store now and then that nothing changed, and more rarely that all of it is kept still."""
        now = monotonic()
        if now - book.noted < NOTED.total_seconds():
            return
        due = now - book.touched > TOUCHED.total_seconds()
        for shelf in book.shelves:
            lines = [line for line in shelf.lines if line.unstored or due]
            await self._store(shelf, [KeptWrite(line.stored, line.standing) for line in lines])
        book.noted, book.touched = now, now if due else book.touched


def _open_time(candles: CandleSeries, place: int) -> datetime:
    return from_microseconds(int(candles.open_time[place]))


def _points(candles: CandleSeries, outputs: Sequence[Floats], stable_from: int) -> list[KeptPoint]:
    rows = zip(*(output.tolist() for output in outputs), strict=True)
    return [
        KeptPoint(
            from_microseconds(opened), [value if isfinite(value) else None for value in row], place >= stable_from
        )
        for place, (opened, row) in enumerate(zip(candles.open_time.tolist(), rows, strict=True))
    ]
