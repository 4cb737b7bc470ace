"""Keeps indicators ready: what candles closed since the last look, and what was revised, is computed.

A look goes by the commit log and the clock alone, and what it finds out is stored with the values, in one transaction:
so it can end anywhere, and who looks next goes on from there.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from time import monotonic
from typing import Final

from candlewick.domain.commit import CommitKind
from candlewick.domain.indicator import Memory
from candlewick.domain.interval import Duration
from candlewick.domain.job import Lease
from candlewick.domain.kept import FRESH, Checkpoint, KeptKey, KeptWrite, Standing
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery
from candlewick.domain.time import Window, coalesce
from candlewick.indicators.series import COLUMNS, CandleSeries
from candlewick.pipeline.kept_series import FIRST, Book, Line, Shelf, Step, Wanted, open_time
from candlewick.ports import Clock, KeptCandles, KeptCommits, KeptStore

BATCH: Final = 20_000
"""Values that are computed and stored together, all series counted."""
LEAST: Final = 500
"""Candles that are taken together, however many series there are."""
NOTED: Final = timedelta(seconds=10)
"""How often it is stored that nothing changed: readers look at all commits since then."""
TOUCHED: Final = timedelta(hours=1)
"""How often it is stored that a series is kept still, so that it is not deleted."""
CATCHING_UP: Final = timedelta(milliseconds=500)
"""How long a look computes what is not news: candles that close meanwhile wait for so long."""
_COMMITS: Final = 1_000

type _Due = list[tuple[Shelf, list[Line]]]
"""Lines that stand at the same moment, by their shelves."""


@dataclass(frozen=True, slots=True)
class KeptParts:
    """What it takes to keep indicators ready."""

    store: KeptStore
    candles: KeptCandles
    commits: KeptCommits
    clock: Clock
    allowed_lateness: timedelta
    step: Step


class Keeper:
    """Keeps the indicators of some instruments, for as long as its lease is held. Knows what it stored last."""

    def __init__(self, parts: KeptParts, lease: Lease) -> None:
        self._parts = parts
        self._lease = lease
        self._books: dict[InstrumentId, Book] = {}

    async def look(self, wanted: Mapping[InstrumentId, Wanted]) -> bool:
        """Compute and store what is due, a bounded part of it; whether more is.

        Raises:
            LeaseLost: somebody else keeps them by now.
            ServiceError: the database is away. Nothing is lost: the next look goes on from what is stored.
        """
        try:
            await self._open(wanted)
            await self._follow()
            await self._close()
            busy = await self._catch_up()
            await self._note()
        except BaseException:
            self._books.clear()  # what is stored is what counts
            raise
        return busy

    def pause(self, longest: timedelta) -> timedelta:
        """How long nothing closes, at most so long."""
        now = self._closed_before()
        return min([longest, *(width.after(width.floor(now)) - now for width in {s.width for s in self._shelves()})])

    def _closed_before(self) -> datetime:
        return self._parts.clock.now() - self._parts.allowed_lateness

    def _shelves(self) -> Iterator[Shelf]:
        return (shelf for book in self._books.values() for shelf in book.shelves)

    async def _open(self, wanted: Mapping[InstrumentId, Wanted]) -> None:
        """Take up what is wanted anew, from what is stored; put away what is not any more."""
        for gone in self._books.keys() - wanted.keys():
            del self._books[gone]
        new = [key for key, kept in wanted.items() if key not in self._books or self._books[key].wanted != kept]
        versions = await self._parts.commits.versions(new) if new else {}
        for key in new:
            shelves = [Shelf(key, interval.duration, [], list(kept)) for interval, kept in wanted[key].items()]
            for shelf in shelves:
                await self._load(shelf)
                if shelf.missing:
                    await self._begin(shelf, versions[key])
            known = [line.standing.version for shelf in shelves for line in shelf.lines]
            self._books[key] = Book(wanted[key], shelves, min([versions[key], *known]))

    async def _load(self, shelf: Shelf) -> None:
        found = await self._parts.store.of_instrument(shelf.instrument_id, str(shelf.width))
        for indicator in [each for each in shelf.missing if each.id in found]:
            shelf.add(indicator, found[indicator.id])

    async def _begin(self, shelf: Shelf, version: int) -> None:
        """New series, once there are candles. What looks back a little serves the newest ones first."""
        closed_before = self._closed_before()
        first = await self._page(shelf, Window(FIRST, closed_before), 1)
        if not len(first):
            return
        opened, closed = open_time(first, 0), shelf.width.floor(closed_before)
        from_now_on = Standing(version, closed, Window(opened, closed) if opened < closed else None)
        standings = {
            KeptKey(shelf.instrument_id, str(shelf.width), each.id): Standing(version, opened)
            if each.spec.memory is Memory.WHOLE
            else from_now_on
            for each in shelf.missing
        }
        await self._parts.store.begin(standings, self._lease)
        await self._load(shelf)

    async def _follow(self) -> None:
        """Take note of what was committed since the last look."""
        before = {key: book.version for key, book in self._books.items()}
        changed = await self._changed()
        for key, book in self._books.items():
            if book.version == before[key]:
                continue
            for shelf in book.shelves:
                if shelf.missing:
                    await self._begin(shelf, book.version)
                await self._revise(shelf, changed.get(key, ()), book.version)

    async def _changed(self) -> Mapping[InstrumentId, Sequence[Window]]:
        """Where candles changed; up to which version that is known stands in the books from now on."""
        found: dict[InstrumentId, list[Window]] = {}
        behind = list(self._books)
        while behind:
            after = {key: self._books[key].version for key in behind}
            notices = await self._parts.commits.notices_since(after, _COMMITS)
            for notice in notices:
                self._books[notice.instrument_id].version = notice.version
                if notice.kind is not CommitKind.GAP:
                    found.setdefault(notice.instrument_id, []).append(notice.window)
            found = {key: coalesce(windows) for key, windows in found.items()}
            counts = Counter(notice.instrument_id for notice in notices)
            behind = [key for key, count in counts.items() if count == _COMMITS]
        return found

    async def _revise(self, shelf: Shelf, changed: Sequence[Window], version: int) -> None:
        """Take note of what is to be computed again: up to where the past that changed has no say any more."""
        newest = max((line.until for line in shelf.lines), default=FIRST)
        ends = [(shelf.width.floor(each.start), shelf.width.ceil(each.end)) for each in changed]
        windows = [Window(*pair) for pair in ends if pair[0] < newest]
        if windows:
            shelf.forget()
        for line in shelf.lines:
            for window in windows:
                line.standing = await self._revised(shelf, line, window)
            line.standing = replace(line.standing, version=max(version, line.standing.version))

    async def _revised(self, shelf: Shelf, line: Line, window: Window) -> Standing:
        standing = line.standing
        if window.start >= standing.until:
            return standing
        if line.whole:
            return standing.back_at(await self._former(shelf, line, window.start))
        if window.end >= standing.until or not line.indicator.reach:
            return standing.to_redo(window)
        after = await self._page(shelf, Window(window.end, standing.until), line.indicator.reach)
        end = shelf.width.after(open_time(after, -1)) if len(after) else window.end
        return standing.to_redo(Window(window.start, end))

    async def _former(self, shelf: Shelf, line: Line, moment: datetime) -> Checkpoint:
        """Where the recursion can go on from, so that it passes the moment."""
        found = await self._parts.store.checkpoint(line.stored.id, moment)
        if found is not None and found.open_time <= line.until:
            return found
        first = await self._page(shelf, Window(FIRST, line.until), 1)
        return Checkpoint(min(moment, open_time(first, 0)) if len(first) else moment, 0, FRESH)

    async def _close(self) -> None:
        """Store the values of candles that have closed: of all instruments together, as they close together."""
        closed_before = self._closed_before()
        due: dict[tuple[Duration, Window], _Due] = {}
        for shelf in self._shelves():
            upto = shelf.width.floor(closed_before)
            behind = sorted((line for line in shelf.lines if line.until < upto), key=attrgetter("until"))
            for until, lines in groupby(behind, attrgetter("until")):
                due.setdefault((shelf.width, Window(until, upto)), []).append((shelf, list(lines)))
        for (width, window), together in due.items():
            await self._go_on(width, window, together)

    async def _go_on(self, width: Duration, window: Window, due: _Due) -> None:
        most = _room(due)
        news = await self._pages(width, [shelf.instrument_id for shelf, _ in due], window, most)
        await self._read_tails(width, window.start, due)

        def compute() -> Iterator[KeptWrite]:
            for shelf, lines in due:
                new = news[shelf.instrument_id]
                yield from self._closed(shelf, lines, new, _part(width, window, new, most))

        await self._store(await asyncio.to_thread(lambda: list(compute())), [line for _, ls in due for line in ls])

    async def _read_tails(self, width: Duration, until: datetime, due: _Due) -> None:
        """The candles that the new ones are computed with, where they are not known from the last time."""
        lacking = [
            shelf
            for shelf, lines in due
            if shelf.tail_until != until and shelf.reach and not all(line.whole for line in lines)
        ]
        if lacking:
            most = max(shelf.reach for shelf in lacking)
            ids = [shelf.instrument_id for shelf in lacking]
            tails = await self._pages(width, ids, Window(FIRST, until), most, newest=True)
            for shelf in lacking:
                shelf.tail, shelf.tail_until = tails[shelf.instrument_id], until

    def _closed(self, shelf: Shelf, lines: Sequence[Line], new: CandleSeries, part: Window) -> Iterator[KeptWrite]:
        """What is to be stored of the part. It takes time: not for the event loop."""
        if not len(new) and all(line.stored.standing.until <= part.start for line in lines):
            for line in lines:
                line.standing = replace(line.standing, until=part.end)
            return
        known = shelf.tail_until == part.start
        candles = shelf.tail.followed_by(new) if known else new
        for line in lines:
            yield line.write(self._parts.step, candles, len(new), part)
        if known:
            shelf.remember(candles, part.end)

    async def _catch_up(self) -> bool:
        """Compute again what changed, for a while; whether anything is left."""
        deadline = monotonic() + CATCHING_UP.total_seconds()
        while waiting := [shelf for shelf in self._shelves() if shelf.redo]:
            if monotonic() > deadline:
                return True
            await self._redo(waiting[0])
        upto = self._closed_before()
        return any(line.until < shelf.width.floor(upto) for shelf in self._shelves() for line in shelf.lines)

    async def _redo(self, shelf: Shelf) -> None:
        """Store the values of the first candles that are to be computed again."""
        waiting = sorted((line for line in shelf.lines if line.standing.redo), key=attrgetter("standing.redo"))
        window, together = next(groupby(waiting, attrgetter("standing.redo")))
        lines = list(together)
        most = _room([(shelf, lines)])
        new = await self._page(shelf, window, most)
        part = _part(shelf.width, window, new, most)
        reach = max(line.indicator.reach for line in lines)
        candles = new
        if reach:
            candles = (await self._page(shelf, Window(FIRST, part.start), reach, newest=True)).followed_by(new)
        for line in lines:
            rest = Window(part.end, window.end) if part.end < window.end else None
            line.standing = replace(line.standing, redo=rest)
        step = self._parts.step
        writes = await asyncio.to_thread(lambda: [line.write(step, candles, len(new), part) for line in lines])
        await self._store(writes, lines)

    async def _page(self, shelf: Shelf, window: Window, limit: int, *, newest: bool = False) -> CandleSeries:
        pages = await self._pages(shelf.width, [shelf.instrument_id], window, limit, newest=newest)
        return pages[shelf.instrument_id]

    async def _pages(
        self, width: Duration, ids: Sequence[InstrumentId], window: Window, limit: int, *, newest: bool = False
    ) -> Mapping[InstrumentId, CandleSeries]:
        query = CandleQuery(width, limit, window=window, newest=newest)
        found = await self._parts.candles.read_columns(ids, query, COLUMNS)
        return {key: CandleSeries.of(columns) for key, columns in found.items()}

    async def _store(self, writes: Sequence[KeptWrite], lines: Sequence[Line]) -> None:
        if not writes:
            return
        by_id = {line.stored.id: line for line in lines}
        for stored in await self._parts.store.store(writes, self._lease):
            by_id[stored.id].stored = stored
            by_id[stored.id].standing = stored.standing

    async def _note(self) -> None:
        """Store now and then that nothing changed, and more rarely that all of it is kept still."""
        now = monotonic()
        for book in self._books.values():
            if now - book.noted < NOTED.total_seconds():
                continue
            due = now - book.touched > TOUCHED.total_seconds()
            lines = [line for shelf in book.shelves for line in shelf.lines if line.unstored or due]
            await self._store([KeptWrite(line.stored, line.standing) for line in lines], lines)
            book.noted, book.touched = now, now if due else book.touched


def _room(due: _Due) -> int:
    """How many candles of each are taken together."""
    return max(BATCH // sum(len(lines) for _, lines in due), LEAST)


def _part(width: Duration, window: Window, new: CandleSeries, most: int) -> Window:
    """The part of the window that the candles are all of: they may be the first ones only."""
    end = width.after(open_time(new, -1)) if len(new) == most else window.end
    return Window(window.start, min(end, window.end))
