"""Holes in a live feed, mended from the source's history."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from time import monotonic
from typing import Final

import structlog

from candlewick.domain.batch import TradeBatch
from candlewick.domain.errors import CandlewickError, LeaseLost
from candlewick.pipeline.contiguity import Contiguity, Span, spans_of
from candlewick.pipeline.history import Target, read_page, store_trades
from candlewick.pipeline.importing import Stores
from candlewick.ports import LivePositions, TradeHistory

log = structlog.get_logger(__name__)

PATIENCE: Final = timedelta(seconds=1)
"""How long a missing trade may still come by itself: streams deliver out of order."""
LONGEST_PAUSE: Final = timedelta(seconds=15)
TURN: Final = 20
"""Pages of one instrument before it is another one's turn."""
_NO_END: Final = 2**63 - 1


class Mender:
    """Fetches what a stream left out, and moves the position over what the source does not have either."""

    def __init__(
        self, history: TradeHistory, stores: Stores, positions: LivePositions, patience: timedelta = PATIENCE
    ) -> None:
        self._history = history
        self._stores = stores
        self._positions = positions
        self._patience = patience

    async def run(self, targets: Mapping[str, Target], came: Mapping[str, Contiguity]) -> None:
        """Mend for as long as the stream lasts: first what happened while nobody listened, then what it leaves out.

        One instrument whose history cannot be had waits by itself; the stream and the others go on.

        Raises:
            LeaseLost: somebody else has the stream by now.
        """
        works = [_Work(self, target, came[symbol]) for symbol, target in targets.items()]
        while True:
            for work in works:
                await work.turn()
            if not any(work.is_due for work in works):
                await asyncio.sleep(self._patience.total_seconds())

    async def mend(self, target: Target, came: Contiguity, hole: Span) -> bool:
        """Some pages of the hole; whether there are more."""
        cursor: str | None = self._history.at(hole.first)
        first, stored = hole.first, 0
        for _ in range(TURN):
            if cursor is None or first > hole.last:
                break
            page = await read_page(self._history, self._stores, target, cursor)
            found, cursor = page.trades, page.next
            if not len(found):
                break  # its history is behind its stream: later
            wanted = found[(found.sequence >= hole.first) & (found.sequence <= hole.last)]
            stored += (await store_trades(self._stores, target, page, wanted)).stored
            reached = min(int(found.sequence.max()), hole.last)
            if reached >= first:
                _report_missing(target, found, Span(first, reached))
                came.add([Span(first, reached)])
                await self._advance(target, came)
            first = reached + 1
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

    def __init__(self, mender: Mender, target: Target, came: Contiguity) -> None:
        self._mender = mender
        self._target = target
        self._came = came
        self._behind = came.position is not None
        """Whether something may have happened while nobody listened."""
        self._seen: list[Span] = []
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
        if self._behind and self._came.position is not None:
            self._behind = await self._mender.mend(self._target, self._came, Span(self._came.position + 1, _NO_END))
            return self._behind
        lasting = _lasting(self._came.holes(), self._seen)
        self._seen = self._came.holes()
        more = False
        for hole in lasting:
            more |= await self._mender.mend(self._target, self._came, hole)
        return more


def _lasting(now: Sequence[Span], before: Sequence[Span]) -> list[Span]:
    """The holes that were there before: the others are young."""
    return [hole for hole in now if any(old.first <= hole.first and hole.last <= old.last for old in before)]


def _report_missing(target: Target, found: TradeBatch, span: Span) -> None:
    """Sequences that the source has none of, though it has later ones."""
    there = [number for number in found.sequence.tolist() if span.first <= number <= span.last]
    missing = len(span) - sum(map(len, spans_of(there)))
    if missing:
        log.warning(
            "trades_missing", source=target.source, instrument=str(target.instrument.key), first=span.first,
            last=span.last, missing=missing,
        )  # fmt: skip
