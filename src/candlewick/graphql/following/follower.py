"""One client's subscription: with all the others while it keeps up, by itself where it was left behind or resumes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from candlewick.domain.time import MICROSECOND
from candlewick.graphql.execution import Operation
from candlewick.graphql.following.group import Group, Refused, Teller
from candlewick.graphql.live.feed import Feed, Lag

MOST_WAITING: Final = 16
"""Batches that wait for a client; one that is further behind goes on by itself."""
_REST_SECONDS: Final = 0.5
_RESTS: Final = 3


class Outlet(Protocol):
    """Where the events of one operation go."""

    def offer(self, payloads: Sequence[bytes]) -> bool:
        """Send them now, if that needs no waiting for the client: whether it was so."""

    async def send(self, payload: bytes) -> None:
        """Send one, when those before it are taken."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    payloads: Sequence[bytes]
    position: object


@dataclass(frozen=True, slots=True)
class _Left:
    """Since when, and since which event of the group."""

    since: datetime
    events: int


class Follower:
    """Hears each batch once, in order, by either way. Keeps no more than a few batches, and nobody waiting."""

    def __init__(self, outlet: Outlet, now: Callable[[], datetime]) -> None:
        self._outlet = outlet
        self._now = now
        self._queue: deque[_Waiting] = deque()
        self._sending = False
        self._woken = asyncio.Event()
        self._position: object = None
        self._left: _Left | None = None
        self._group: Group | None = None

    async def follow_alone(self, teller: Teller) -> None:
        """What nobody else follows, to its end.

        Raises:
            Refused: it could not go on.
        """
        await self._alone(teller, await teller.open())

    async def follow(self, group: Group, resumed: Operation | None) -> None:
        """With the group to its end; one that resumes catches up with it first.

        Raises:
            Refused: it could not go on.
        """
        self._group = group
        try:
            if resumed is None:
                await self._join(group)
            else:
                await self._alone(group.teller, await group.teller.open(resumed))
            while await self._listen(group):
                await self._alone(group.teller, group.feed.branch(self._position))
        finally:
            group.remove(self)

    def take(self, payloads: Sequence[bytes], position: object) -> None:
        """See `Listener.take`."""
        if not self._sending and not self._queue and self._outlet.offer(payloads):
            self._position = position
        elif len(self._queue) < MOST_WAITING:
            self._queue.append(_Waiting(payloads, position))
            self._woken.set()
        else:
            self._leave(len(payloads))

    def wake(self) -> None:
        """See `Listener.wake`."""
        self._woken.set()

    def _leave(self, more: int) -> None:
        """Go on alone from what was sent: what waits is told again, in fewer words."""
        assert self._group is not None  # noqa: S101 (only a group tells)
        unsent = more + sum(len(waiting.payloads) for waiting in self._queue)
        self._left = _Left(self._now(), self._group.events - unsent)
        self._queue.clear()
        self._group.remove(self)
        self._woken.set()

    async def _join(self, group: Group) -> None:
        """Be told where it stands; what comes meanwhile waits."""
        await group.at_rest()
        if group.last is not None:
            return
        opening = group.opening()
        self._position, self._sending = group.feed.position, True
        group.add(self)
        await self._send(group.teller, await asyncio.shield(opening))
        self._woken.set()

    async def _listen(self, group: Group) -> bool:
        """Send what waits, as it comes; False at the end of the group, True where this follower is left behind."""
        while True:
            if not group.over:
                await self._woken.wait()
            self._woken.clear()
            self._sending = True
            while self._queue:
                waiting = self._queue.popleft()
                for payload in waiting.payloads:
                    await self._outlet.send(payload)
                self._position = waiting.position
            self._sending = False
            if self._left is not None:
                return True
            if group.over:
                if group.last is not None:
                    raise Refused(group.last)
                return False

    async def _alone(self, teller: Teller, feed: Feed) -> None:
        """Be told by a feed of one's own until that meets the group's, or ends.

        Raises:
            Refused: it could not go on.
        """
        async with aclosing(teller.batches(feed)) as batches:
            async for batch in batches:
                await self._tell_lag(teller, feed)
                await self._send(teller, await teller.payloads(batch.events))
                if batch.still and await self._meet(feed):
                    return

    async def _tell_lag(self, teller: Teller, feed: Feed) -> None:
        if self._left is None or self._group is None:
            return
        until = max(self._now(), self._left.since + MICROSECOND)
        lag = Lag(self._left.since, until, max(self._group.events - self._left.events, 1))
        self._left = None
        teller.execution.metrics.lagged.inc()
        if (event := feed.lagged(lag)) is not None:
            await self._send(teller, await teller.payloads([event]))

    async def _send(self, teller: Teller, payloads: Sequence[bytes]) -> None:
        """What only this follower is told."""
        for payload in payloads:
            await self._outlet.send(payload)
        teller.count(len(payloads))

    async def _meet(self, feed: Feed) -> bool:
        """Join the group, if it is or soon will be where this follower's own feed is."""
        for _ in range(_RESTS if self._group is not None else 0):
            group = self._group
            assert group is not None  # noqa: S101 (see above)
            await group.at_rest()
            if group.over:
                return True
            if feed.meets(group.feed):
                self._position = feed.position
                group.add(self)
                return True
            with suppress(TimeoutError):
                async with asyncio.timeout(_REST_SECONDS):
                    await group.rests_again()
        return False
