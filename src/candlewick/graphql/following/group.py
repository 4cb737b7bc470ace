"""Equal subscriptions: one feed, each event executed once, the same bytes for everybody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import structlog

from candlewick.domain.access import ApiKey
from candlewick.graphql.errors import internal
from candlewick.graphql.execution import Answer, Execution, Operation
from candlewick.graphql.live.feed import Batch, Feed

log = structlog.get_logger(__name__)


class Refused(Exception):
    """The subscription cannot go on. `answer` is its last."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("the subscription cannot go on")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Teller:
    """Executes the events of one subscription."""

    execution: Execution
    operation: Operation
    caller: ApiKey | None
    trace_id: str

    async def open(self, operation: Operation | None = None) -> Feed:
        """The feed of the subscription, or of one that begins elsewhere.

        Raises:
            Refused: there is none.
        """
        found = await self.execution.open(operation or self.operation, self.caller, self.trace_id)
        if isinstance(found, Answer):
            raise Refused(found)
        return found

    async def batches(self, feed: Feed) -> AsyncGenerator[Batch]:
        """What the feed says.

        Raises:
            Refused: it failed; told and logged as any resolver's failure would be.
        """
        try:
            async with aclosing(feed.batches()) as batches:
                async for batch in batches:
                    yield batch
        except Exception as error:
            answer = self.execution.failed(self.operation, error, self.trace_id)
            raise Refused(answer) from error

    async def payloads(self, events: Sequence[object]) -> list[bytes]:
        """What goes on the wire. Of an event of whose kind nothing is selected, nothing does.

        Raises:
            Refused: an event could not be executed at all.
        """
        answers = [await self.execution.tell(self.operation, event, self.caller, self.trace_id) for event in events]
        for answer in answers:
            if not answer.executed:
                raise Refused(answer)
        return [answer.encoded for answer in answers if not answer.silent]

    def count(self, events: int) -> None:
        """Count what was sent."""
        if events:
            self.execution.metrics.told(self.operation.name, events)


class Listener(Protocol):
    """Who is told what the group is told."""

    def take(self, payloads: Sequence[bytes], position: object) -> None:
        """Take a batch, at once: whoever cannot leaves the group."""

    def wake(self) -> None:
        """The group is over."""


class Group:
    """The listeners of one feed. It rests between batches: then its feed's position is what they were all told."""

    def __init__(self, teller: Teller) -> None:
        self.teller = teller
        self.events = 0
        """Events that were made up to now."""
        self.over = False
        self.last: Answer | None = None
        """The answer that ended it, if it was one."""
        self._feed: Feed | None = None
        self._listeners: set[Listener] = set()
        self._resting = asyncio.Event()
        self._rested = asyncio.Event()
        self._opening: asyncio.Task[list[bytes]] | None = None

    @property
    def feed(self) -> Feed:
        """The feed, once the group has rested."""
        assert self._feed is not None  # noqa: S101 (nobody has to do with a group that never rested)
        return self._feed

    async def run(self) -> None:
        """Tell the listeners until the feed ends, or nobody is left and this is cancelled."""
        try:
            await self._tell()
        except Refused as refused:
            self.last = refused.answer
        except Exception:  # the last resort: logged in full, told in brief
            log.exception("subscription_failed", trace_id=self.teller.trace_id)
            self.last = Answer(errors=[internal(self.teller.trace_id)], executed=False)
        finally:
            self.over = True
            self._resting.set()
            self._rested.set()
            for listener in tuple(self._listeners):
                listener.wake()

    async def _tell(self) -> None:
        self._feed = await self.teller.open()
        async with aclosing(self.teller.batches(self._feed)) as batches:
            async for batch in batches:
                self._resting.clear()
                if batch.events:
                    self.events += len(batch.events)
                    self._opening = None
                    payloads = await self.teller.payloads(batch.events) if self._listeners else []
                    self._broadcast(payloads, batch.position)
                self._rest()

    def _broadcast(self, payloads: Sequence[bytes], position: object) -> None:
        for listener in tuple(self._listeners):
            listener.take(payloads, position)
        self.teller.count(len(payloads) * len(self._listeners))

    def _rest(self) -> None:
        self._resting.set()
        self._rested.set()
        self._rested = asyncio.Event()

    async def at_rest(self) -> None:
        """Wait until it rests, or is over. Whoever goes on without waiting again finds it so."""
        while not self._resting.is_set():
            await self._resting.wait()

    async def rests_again(self) -> None:
        """Wait until it has told one more batch, or is over."""
        if not self.over:
            await self._rested.wait()

    def add(self, listener: Listener) -> None:
        """Tell it what comes next. Only while the group rests."""
        self._listeners.add(listener)

    def remove(self, listener: Listener) -> None:
        """Tell it no more."""
        self._listeners.discard(listener)

    def opening(self) -> asyncio.Task[list[bytes]]:
        """What a listener is told first who joins now, while the group rests; executed once for all who do."""
        if self._opening is None:
            self._opening = asyncio.create_task(self.teller.payloads(self.feed.opening()))
        return self._opening
