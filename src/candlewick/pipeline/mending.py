"""Holes in a live feed, mended from the source's history."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Final

import structlog

from candlewick.domain.batch import TradeBatch
from candlewick.domain.errors import CandlewickError, LeaseLost
from candlewick.pipeline.contiguity import Contiguity, Hole, Run, runs_of
from candlewick.pipeline.history import Target, read_page, store_trades
from candlewick.pipeline.importing import Stores
from candlewick.ports import LivePositions, TradeHistory

log = structlog.get_logger(__name__)

PATIENCE: Final = timedelta(seconds=1)
"""How long a missing trade may still come by itself: streams deliver out of order."""
LONGEST_PAUSE: Final = timedelta(seconds=15)
TURN: Final = 20
"""Pages of one instrument before it is another one's turn."""


class Mender:
    """Fetches what a stream left out, and moves the position over what the source does not have either."""

    def __init__(
        self, history: TradeHistory, stores: Stores, positions: LivePositions, patience: timedelta = PATIENCE
    ) -> None:
        self._history = history
        self._stores = stores
        self._positions = positions
        self._patience = patience
        self._works: dict[str, _Work] = {}

    async def run(
        self, targets: Mapping[str, Target], came: Mapping[str, Contiguity], *, behind: Collection[str]
    ) -> None:
        """Mend for as long as the stream lasts: first what happened while nobody listened, then what it leaves out.

        `behind` are the symbols of those whom nobody listened to until now.
        One instrument whose history cannot be had waits by itself; the stream and the others go on.

        Raises:
            LeaseLost: somebody else has the stream by now.
        """
        self._works = {
            symbol: _Work(self, target, came[symbol], symbol in behind) for symbol, target in targets.items()
        }
        works = self._works.values()
        while True:
            for work in works:
                await work.turn()
            if not any(work.is_due for work in works):
                await asyncio.sleep(self._patience.total_seconds())

    @property
    def behind(self) -> frozenset[str]:
        """The symbols whose past is not all here yet."""
        return frozenset(symbol for symbol, work in self._works.items() if work.is_behind)

    def catch_up(self) -> None:
        """Something of any of them may have been missed, though nothing that came later shows it."""
        for work in self._works.values():
            work.is_behind = True

    async def mend(self, target: Target, came: Contiguity, hole: Hole) -> bool:
        """Some pages of the hole; whether there are more."""
        cursor: str | None = self._history.at(hole.first, hole.since)
        first, since, stored = hole.first, hole.since, 0
        for _ in range(TURN):
            if cursor is None or first > hole.last:
                break
            page = await read_page(self._history, self._stores, target, cursor)
            found, cursor = page.trades, page.next
            if not len(found):
                break  # its history is behind its stream: later
            wanted = _between(found, hole.first, hole.last)
            stored += (await store_trades(self._stores, target, page, wanted)).stored
            reached = min(int(found.sequence.max()), hole.last)
            if reached >= first:
                there = _between(found, first, reached)
                run = Run(first, reached, since, runs_of(there)[-1].end if len(there) else since)
                _report_missing(target, there, run)
                came.add([run])
                await self._advance(target, came)
                first, since = reached + 1, run.end
        else:
            return True
        if stored:
            log.info("hole_mended", source=target.source, instrument=str(target.instrument.key), stored=stored)
        return False

    @property
    def patience(self) -> timedelta:
        return self._patience

    async def _advance(self, target: Target, came: Contiguity) -> None:
        if came.position is not None and target.lease is not None:
            await self._positions.advance(target.instrument.id, came.position, target.lease)


class _Work:
    """One instrument's holes, with the patience that they take."""

    def __init__(self, mender: Mender, target: Target, came: Contiguity, is_behind: bool) -> None:
        self._mender = mender
        self._target = target
        self._came = came
        self.is_behind = is_behind and came.position is not None
        """Whether something may have happened while nobody listened."""
        self._seen: list[Hole] = []
        self._failures = 0
        self._rests_until = 0.0
        self.is_due = False
        """Whether there is more to do at once."""

    async def turn(self) -> None:
        """Mend some of it. Raises LeaseLost."""
        if monotonic() < self._rests_until:
            self.is_due = False
            return
        try:
            self.is_due = await self._mend()
            self._failures = 0
        except LeaseLost:
            raise
        except CandlewickError as error:
            self.is_due = False
            rest = min(self._mender.patience * 2 ** min(self._failures, 10), LONGEST_PAUSE)
            self._failures += 1
            self._rests_until = monotonic() + rest.total_seconds()
            name = str(self._target.instrument.key)
            log.warning("mending_waits", source=self._target.source, instrument=name, reason=str(error))

    async def _mend(self) -> bool:
        """Whether there is more to do at once."""
        if self.is_behind and (rest := self._came.rest()) is not None:
            self.is_behind = await self._mender.mend(self._target, self._came, rest)
            return self.is_behind
        lasting = _lasting(self._came.holes(), self._seen)
        self._seen = self._came.holes()
        more = False
        for hole in lasting:
            more |= await self._mender.mend(self._target, self._came, hole)
        return more


def _lasting(now: Sequence[Hole], before: Sequence[Hole]) -> list[Hole]:
    """The holes as far as they were there before: the rest is young."""
    return [
        replace(hole, first=max(hole.first, old.first), last=min(hole.last, old.last))
        for hole in now
        for old in before
        if hole.first <= old.last and old.first <= hole.last
    ]


def _between(batch: TradeBatch, first: int, last: int) -> TradeBatch:
    return batch[(batch.sequence >= first) & (batch.sequence <= last)]


def _report_missing(target: Target, there: TradeBatch, run: Run) -> None:
    """Sequences that the source has none of, though it has later ones."""
    missing = len(run) - sum(map(len, runs_of(there)))
    if missing:
        log.warning(
            "trades_missing", source=target.source, instrument=str(target.instrument.key), first=run.first,
            last=run.last, missing=missing,
        )  # fmt: skip
