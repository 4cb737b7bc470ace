"""A stream followed for as long as it takes: connection after connection, each new one open before the old one ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from datetime import timedelta
from random import uniform
from types import TracebackType
from typing import Any, Final, Self

import structlog

from candlewick.domain.errors import CandlewickError, LeaseLost
from candlewick.domain.job import Lease
from candlewick.pipeline.live import LiveFeed, Session
from candlewick.pipeline.roster import Roster
from candlewick.pipeline.stream_health import StreamHealth

log = structlog.get_logger(__name__)

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 8.0
"""Seconds between tries while the source or the store is away."""
OVERLAP: Final = timedelta(seconds=1)
"""How long two connections deliver the same, so that the later one has begun when the earlier one ends."""

Pause = Callable[[float], Awaitable[None]]


async def follow(
    feed: LiveFeed, roster: Roster, lease: Lease, *, health: StreamHealth | None = None, pause: Pause = asyncio.sleep
) -> None:
    """Store the trades of the roster's instruments until cancelled, over as many connections as it takes.

    When the roster changes, another connection takes over: of the instruments that stay no trade is missed. How it goes
    is noted in `health`.

    Raises:
        LeaseLost: somebody else does it by now.
    """
    failures, health = 0, health or StreamHealth(feed.clock)
    async with _Connections(feed, roster, lease, health) as connections:
        while True:
            try:
                await connections.turn()
                failures = 0  # the venue said goodbye, and wants us to come again
            except* LeaseLost as lost:
                raise LeaseLost(lease.name) from lost
            except* CandlewickError as broken:
                failures = 1 if connections.delivered else failures + 1
                reasons = sorted({str(error) for error in leaves(broken)})
                health.broke("; ".join(reasons))
                log.warning("stream_broke", source=feed.source, lease=lease.name, reasons=reasons)
            if failures:
                await pause(min(FIRST_PAUSE * 2 ** min(failures - 1, 10), LONGEST_PAUSE) * uniform(0.5, 1))  # noqa: S311


def leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """The errors in the group and in the groups within it."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error


class _Connections:
    """The connection that is followed and, while the roster changes, the one that takes its place.

    Each runs in a task of its own: before Python 3.13 a TaskGroup that is cancelled and has an error of its own raises
    the error alone, and a feed that was told to end would go on.
    """

    def __init__(self, feed: LiveFeed, roster: Roster, lease: Lease, health: StreamHealth) -> None:
        self._feed = feed
        self._roster = roster
        self._lease = lease
        self._health = health
        self._tasks: dict[Session, asyncio.Task[None]] = {}
        self._current: Session | None = None
        self.delivered = False
        """Whether the connection that ended last had stored anything: what breaks after that is another trouble."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them all, whatever they raise while they end."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def turn(self) -> None:
        """Follow until the connection ends or another one has taken its place.

        Raises:
            CandlewickError, a group of them: why it ended; if it was the one that should take over, the other goes on.
        """
        if self._current is None:
            if not self._roster.instruments:
                await self._roster.other_than(())
            self._current = self._begin()
        current = self._current
        if await _ends_before(self._tasks[current], self._roster.other_than(current.instruments)):
            self._current = None
            self._health.ended()
            await self._end_of(current)
        else:
            await self._hand_over(current)

    async def _hand_over(self, former: Session) -> None:
        """Let a new connection take over what the former one follows, as far as it is still wanted."""
        successor = None
        if self._roster.instruments:
            successor = self._begin(former)
            if await _ends_before(self._tasks[successor], successor.connected.wait()):
                await self._end_of(successor)
                return
            await asyncio.wait({self._tasks[former]}, timeout=OVERLAP.total_seconds())
        self._current = successor
        await former.close()
        try:
            await self._end_of(former)
        except* CandlewickError:
            if successor is not None:
                successor.catch_up()
            raise

    def _begin(self, former: Session | None = None) -> Session:
        session = Session(self._feed, self._lease, self._roster.instruments, self._health, former)
        self._tasks[session] = asyncio.create_task(session.run())
        return session

    async def _end_of(self, session: Session) -> None:
        """Wait for it; raises why it ended. If we are cancelled meanwhile, it still counts among those to end."""
        await asyncio.wait({self._tasks[session]})
        self.delivered = session.delivered
        await self._tasks.pop(session)


async def _ends_before(task: asyncio.Task[None], other: Coroutine[Any, Any, object]) -> bool:
    """Whether the task ends before the other work does, which is cancelled then."""
    waiting = asyncio.ensure_future(other)
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    return task.done()
