"""A feed that runs while a test plays the venue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from candlewick.domain.feed import FeedPosition
from candlewick.domain.job import Lease
from candlewick.domain.market import InstrumentId
from candlewick.pipeline.following import follow
from candlewick.pipeline.inbox import BatchBounds
from candlewick.pipeline.live import LiveFeed
from candlewick.pipeline.roster import Roster
from markets import FrozenClock
from unit.pipeline.fake_gaps import FakeGaps
from unit.pipeline.fakes import FakeStores
from unit.pipeline.sources import FakeHistory, FakeStream, listing, trade
from working import HANGS

LEASE: Final = Lease("stream/binance/0", 7)


class Scene:
    """A feed that runs while a test plays the venue."""

    def __init__(self, history: FakeHistory | None = None) -> None:
        self.fakes = FakeStores()
        self.stream = FakeStream()
        self.history = history
        self.clock = FrozenClock()
        self.waited: list[float] = []

    async def pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        await asyncio.sleep(0)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        instrument = await self.fakes.instruments.list_instrument(listing())
        feed = LiveFeed(
            "binance", self.stream, self.history, self.fakes.stores(), self.fakes.positions, self.clock,
            BatchBounds(frames=100, span=timedelta(milliseconds=1)),
        )  # fmt: skip

        task = asyncio.create_task(follow(feed, Roster([instrument]), LEASE, pause=self.pause))
        yield task
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    @property
    def stored(self) -> list[int]:
        return sorted(sequence for _, sequence in self.fakes.trades.kept)

    @property
    def reached(self) -> int | None:
        positions = list(self.fakes.trades.positions.values())
        return positions[0].sequence if positions else None

    def has_reached(self, sequence: int) -> None:
        self.fakes.trades.positions[InstrumentId(1)] = FeedPosition(sequence, trade(sequence).ts)

    def has_stored(self, *sequences: int) -> None:
        self.fakes.trades.kept.update({(InstrumentId(1), sequence): trade(sequence) for sequence in sequences})

    @property
    def gaps(self) -> FakeGaps:
        return self.fakes.gaps

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(HANGS):
            while not true():  # noqa: ASYNC110  (a fake has no event to wait for)
                await asyncio.sleep(0.005)
