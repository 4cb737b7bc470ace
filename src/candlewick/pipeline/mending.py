"""Holes in a live feed: noticed, kept as gaps, and mended from the source's history."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

import numpy as np
import structlog

from candlewick.domain.errors import (
    CandlewickError,
    LeaseLost,
    MalformedPayload,
    SourceRefused,
    SourceUnavailable,
    StreamSilent,
)
from candlewick.domain.feed import Run
from candlewick.domain.gap import GapEvidence
from candlewick.domain.market import InstrumentId
from candlewick.domain.rhythm import Rhythm
from candlewick.domain.time import Window
from candlewick.pipeline.contiguity import Contiguity, Hole, runs_of
from candlewick.pipeline.feed_gaps import FeedGaps
from candlewick.pipeline.history import HISTORY_LAG, Target, TradePage, read_page, store_trades
from candlewick.pipeline.importing import Stores
from candlewick.ports import Clock, LivePositions, TradeHistory

log = structlog.get_logger(__name__)

PATIENCE: Final = timedelta(seconds=1)
"""How long a missing trade may still come by itself: streams deliver out of order."""
LONGEST_PAUSE: Final = timedelta(seconds=15)
TURN: Final = 20
"""Pages of one instrument before it is another one's turn."""
MOST_HOLES: Final = 1_000
"""Of one instrument. While a history is away for long, older ones are left to jobs."""
STREAM_LAG: Final = timedelta(seconds=3)
"""How far what a stream delivers may be behind, and the venue's clock behind ours."""
RHYTHMS_LAST: Final = timedelta(minutes=10)
_UNANSWERED = (SourceUnavailable, SourceRefused, MalformedPayload)


@dataclass(frozen=True, slots=True)
class Feed:
    """What is known of one instrument's feed."""

    target: Target
    came: Contiguity
    gaps: FeedGaps


@dataclass(frozen=True, slots=True)
class Aged:
    """A hole, or a part of one, and since when it is known (monotonic)."""

    hole: Hole
    since: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a history has behind a feed's position."""

    received_at: datetime
    newest: int | None = None
    """The newest sequence of the first page; None: it has nothing there."""


class Mender:
    """Notices what a stream leaves out, fetches it, and moves the position over what the source does not have either.

    Without a `history` the gaps are left to jobs.
    """

    def __init__(
        self,
        history: TradeHistory | None,
        stores: Stores,
        positions: LivePositions,
        clock: Clock,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._history = history
        self._stores = stores
        self._positions = positions
        self._clock = clock
        self._rhythms: Mapping[InstrumentId, Rhythm] = {}
        self._works: dict[str, _Work] = {}
        self._heard_until: datetime | None = None
        self._confirmed_until: datetime | None = None
        self.patience = patience

    async def run(self, feeds: Mapping[str, Feed], *, behind: Collection[str]) -> None:
        """Mend for as long as the stream lasts: first what happened while nobody listened, then what it leaves out.

        `behind` are the symbols of those whom nobody listened to until now.
        One instrument whose history cannot be had waits by itself; the stream and the others go on.

        Raises:
            LeaseLost: somebody else has the stream by now.
            StreamSilent: it delivers nothing of an instrument that is traded.
        """
        self._works = {symbol: _Work(self, feed, symbol in behind) for symbol, feed in feeds.items()}
        works = self._works.values()
        counted_at = -RHYTHMS_LAST.total_seconds()
        while True:
            if monotonic() - counted_at > RHYTHMS_LAST.total_seconds():
                await self._count([feed.target.instrument.id for feed in feeds.values()])
                counted_at = monotonic()
            for work in works:
                await work.turn()
            await self._confirm(feeds)
            if not any(work.is_due for work in works):
                await asyncio.sleep(self.patience.total_seconds())

    @property
    def behind(self) -> frozenset[str]:
        """The symbols whose past is not all here yet."""
        return frozenset(symbol for symbol, work in self._works.items() if work.is_behind)

    def catch_up(self) -> None:
        """Something of any of them may have been missed, though nothing that came later shows it."""
        for work in self._works.values():
            work.is_behind = True

    def heard(self, until: datetime) -> None:
        """All that the stream delivered until then is stored."""
        self._heard_until = until

    async def mend(self, target: Target, came: Contiguity, holes: Sequence[Hole]) -> bool:
        """Some pages of the holes, which are in order; a page serves all that lie in it. Whether there are more."""
        if self._history is None:
            for hole in holes:
                await self.pass_over(target, came, hole)
            return False
        left, cursor, stored, pages = deque(holes), None, 0, 0
        while left and pages < TURN:
            hole = left[0]
            start = cursor or self._history.at(hole.first, hole.since)
            page = await read_page(self._history, self._stores, target, start)
            pages += 1
            stored += await self._serve(target, came, left, page)
            is_through = not left or left[0].last != hole.last
            if not is_through and page.next is None:
                break  # its history is behind its stream: later
            cursor = None if is_through else page.next
        if stored:
            name = str(target.instrument.key)
            log.info("holes_mended", source=target.source, instrument=name, stored=stored, pages=pages)
        return bool(left) and pages == TURN

    async def _serve(self, target: Target, came: Contiguity, left: deque[Hole], page: TradePage) -> int:
        """Store what the page has of the holes, and leave what lies behind it; how many trades were new."""
        found, runs = page.trades, list[Run]()
        reached = int(found.sequence.max()) if len(found) else -(2**63)
        wanted = np.zeros(len(found), dtype=np.bool_)
        while left and left[0].first <= reached:
            hole = left.popleft()
            last = min(hole.last, reached)
            within = (found.sequence >= hole.first) & (found.sequence <= last)
            there = runs_of(found[within])
            wanted |= within
            runs.append(Run(hole.first, last, hole.since, there[-1].end if there else hole.since))
            if last < hole.last:
                left.appendleft(replace(hole, first=last + 1, since=runs[-1].end))
        stored = (await store_trades(self._stores, target, page, found[wanted])).stored
        if runs:
            came.add(runs)
            await self._advance(target, came)
        return stored

    async def pass_over(self, target: Target, came: Contiguity, hole: Hole) -> None:
        """Go on behind it. Its gap stays."""
        came.add([Run(hole.first, hole.last, hole.since, hole.since)])
        await self._advance(target, came)

    async def ask(self, target: Target, came: Contiguity) -> Answer | None:
        """What the history has behind the position; that it has nothing is kept. None: it cannot be asked."""
        position = came.position
        if self._history is None or position is None or target.lease is None:
            return None
        cursor = self._history.at(position.sequence + 1, position.ts)
        while True:
            page = await read_page(self._history, self._stores, target, cursor)
            newest = int(page.trades.sequence.max()) if len(page.trades) else position.sequence
            if newest > position.sequence:
                return Answer(page.received_at, newest)
            if page.next is None or page.next == cursor:
                break
            cursor = page.next
        if (until := page.received_at - HISTORY_LAG) > position.ts:
            await self._positions.confirm({target.instrument.id: position}, until, target.lease)
        return Answer(page.received_at)

    def longest_silence(self, target: Target) -> timedelta | None:
        """What its market alone is hardly ever silent for."""
        rhythm = self._rhythms.get(target.instrument.id)
        return rhythm.longest_silence if rhythm else None

    def silence_of(self, came: Contiguity) -> Window | None:
        """The time since the newest trade that came."""
        now = self._clock.now()
        return Window(came.newest.ts, now) if came.newest and came.newest.ts < now else None

    async def _confirm(self, feeds: Mapping[str, Feed]) -> None:
        """While the stream delivers, an instrument of which nothing comes and nothing is missing is not traded."""
        if self._heard_until is None or self._heard_until == self._confirmed_until:
            return
        until = self._heard_until - STREAM_LAG
        quiet = {
            feed.target.instrument.id: feed.came.position
            for symbol, feed in feeds.items()
            if feed.came.position
            and feed.came.position.ts < until
            and not feed.came.holes()
            and not self._works[symbol].is_behind
        }
        lease = next((feed.target.lease for feed in feeds.values() if feed.target.lease), None)
        if quiet and lease:
            try:
                await self._positions.confirm(quiet, until, lease)
            except LeaseLost:
                raise
            except CandlewickError as error:
                log.warning("silence_not_confirmed", reason=str(error))
                return
        self._confirmed_until = self._heard_until

    async def _count(self, ids: Sequence[InstrumentId]) -> None:
        try:
            self._rhythms = await self._stores.gaps.rhythms(ids, self._clock.now())
        except CandlewickError as error:
            log.warning("rhythms_not_counted", reason=str(error))

    async def _advance(self, target: Target, came: Contiguity) -> None:
        if came.position is not None and target.lease is not None:
            await self._positions.advance(target.instrument.id, came.position, target.lease)


class _Work:
    """One instrument's holes, with the patience that they take."""

    def __init__(self, mender: Mender, feed: Feed, is_behind: bool) -> None:
        self._mender = mender
        self._target = feed.target
        self._came = feed.came
        self._gaps = feed.gaps
        self.is_behind = is_behind and feed.came.position is not None
        """Whether something may have happened while nobody listened."""
        self._seen: list[Aged] = []
        self._heard = feed.came.heard
        self._quiet_since = monotonic()
        self._asked = 0
        self._failures = 0
        self._rests_until = 0.0
        self.is_due = False
        """Whether there is more to do at once."""

    async def turn(self) -> None:
        """Mend some of it. Raises LeaseLost, StreamSilent."""
        if monotonic() < self._rests_until:
            self.is_due = False
            return
        try:
            self.is_due = await self._mend()
            self._failures = 0
        except (LeaseLost, StreamSilent):
            raise
        except CandlewickError as error:
            self._rest(error)

    def _rest(self, error: CandlewickError) -> None:
        self.is_due = False
        rest = min(self._mender.patience * 2 ** min(self._failures, 10), LONGEST_PAUSE)
        self._failures += 1
        self._rests_until = monotonic() + rest.total_seconds()
        name = str(self._target.instrument.key)
        log.warning("mending_waits", source=self._target.source, instrument=name, reason=str(error))

    async def _mend(self) -> bool:
        """Whether there is more to do at once."""
        self._listen()
        await self._gaps.settle(self._came)  # what came late, and what was passed over before the history broke
        holes = self._came.holes()
        self._seen = _aged(holes, self._seen, monotonic(), self._mender.patience.total_seconds())
        lasting = [part.hole for part in self._seen if self._is_lasting(part)]
        more = await self._fill(lasting) if lasting else not holes and await self._ask()
        await self._gaps.settle(self._came)
        if any(hole.evidence is GapEvidence.SILENCE for hole in lasting):
            raise StreamSilent(self._target.source, str(self._target.instrument.key))
        return more

    def _is_lasting(self, part: Aged) -> bool:
        """Whether it will not come by itself any more. What nobody listened to does not come late."""
        unheard = part.hole.evidence is GapEvidence.DISCONNECTED
        return unheard or monotonic() - part.since >= self._mender.patience.total_seconds()

    def _listen(self) -> None:
        """Whether something came by itself since the last turn."""
        if self._came.heard != self._heard:
            self._heard, self._quiet_since, self._asked = self._came.heard, monotonic(), 0
            self.is_behind = False

    async def _fill(self, lasting: Sequence[Hole]) -> bool:
        """First the rows, then the trades: a gap that nobody knows of is never passed over."""
        await self._gaps.notice(lasting)
        for hole in lasting[:-MOST_HOLES]:
            await self._mender.pass_over(self._target, self._came, hole)
        return await self._mender.mend(self._target, self._came, lasting[-MOST_HOLES:])

    async def _ask(self) -> bool:
        """Whether the history has what did not come by itself, if that took suspiciously long."""
        longest = self._mender.patience if self.is_behind else self._mender.longest_silence(self._target)
        if longest is None or monotonic() - self._quiet_since < longest.total_seconds() * 2 ** min(self._asked, 16):
            return False
        evidence = GapEvidence.DISCONNECTED if self.is_behind else GapEvidence.SILENCE
        try:
            answer = await self._mender.ask(self._target, self._came)
        except _UNANSWERED:
            await self._suspect(evidence)
            raise
        if answer is None:
            await self._suspect(evidence)
        elif answer.newest is not None:
            self._came.expect(answer.newest, answer.received_at, evidence)
            return True
        else:
            await self._gaps.dismiss()
        self._asked += 1
        self.is_behind = False
        return False

    async def _suspect(self, evidence: GapEvidence) -> None:
        """Nobody answers: so long a silence is a gap until somebody does."""
        silence, longest = self._mender.silence_of(self._came), self._mender.longest_silence(self._target)
        if silence is not None and longest is not None and silence.end - silence.start > longest:
            await self._gaps.suspect(evidence, silence)


def _aged(holes: Sequence[Hole], seen: Sequence[Aged], now: float, patience: float) -> list[Aged]:
    """The holes cut into what was seen before, each part as old as it is, and what is new. Old parts are one."""
    parts: list[Aged] = []

    def add(hole: Hole, first: int, last: int, since: float) -> None:
        former = parts[-1] if parts else None
        if former and former.hole.last + 1 == first and max(former.since, since) <= now - patience:
            parts[-1] = Aged(replace(former.hole, last=last, until=hole.until), max(former.since, since))
        else:
            parts.append(Aged(replace(hole, first=first, last=last), since))

    for hole in holes:
        first = hole.first
        for old in seen:  # in order, as the holes are
            if old.hole.last < first or hole.last < old.hole.first:
                continue
            if first < old.hole.first:
                add(hole, first, old.hole.first - 1, now)
                first = old.hole.first
            add(hole, first, min(hole.last, old.hole.last), old.since)
            first = min(hole.last, old.hole.last) + 1
        if first <= hole.last:
            add(hole, first, hole.last, now)
    return parts
