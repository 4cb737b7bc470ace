"""A stream of a venue that breaks, followed by the real use case into the real stores."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from candlewick.domain.gap import Gap, GapState
from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument
from candlewick.pipeline.following import follow
from candlewick.pipeline.importing import Stores
from candlewick.pipeline.inbox import BatchBounds
from candlewick.pipeline.live import LiveFeed
from candlewick.pipeline.roster import Roster
from candlewick.storage.engine import Database
from candlewick.storage.gaps import StoredGaps
from candlewick.storage.leases import StoredLeases
from candlewick.storage.live_positions import StoredPositions
from integration.faults.backfilling import stores_of
from integration.faults.venue import Venue, known_instrument, stored_trades
from working import HANGS

_HOUR: Final = timedelta(hours=1)


async def soon(_: float) -> None:
    """A pause that a test does not want to wait for."""
    await asyncio.sleep(0.02)


@dataclass(frozen=True, slots=True)
class Following:
    """One instrument's stream."""

    venue: Venue
    database: Database
    instrument: Instrument
    lease: Lease
    stores: Stores

    @classmethod
    async def of(cls, venue: Venue, database: Database, folder: Path) -> Following:
        """With the instrument known and the stream's lease taken."""
        instrument = await known_instrument(venue, database)
        lease = await StoredLeases(database).acquire(f"stream/{venue.symbol}", "test", _HOUR)
        assert lease is not None
        return cls(venue, database, instrument, lease, stores_of(database, venue, folder))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow until the block ends. What ends it before that is raised."""
        source = self.venue.source
        assert source.stream is not None
        feed = LiveFeed(
            source.source, source.stream, source.trades, self.stores, StoredPositions(self.database), self.venue.clock,
            BatchBounds(frames=500, span=timedelta(milliseconds=50)),
        )  # fmt: skip

        async with asyncio.TaskGroup() as group:
            following = group.create_task(follow(feed, Roster([self.instrument]), self.lease, pause=soon))
            yield
            following.cancel()

    async def position(self) -> int:
        """Up to which number everything is here; 0 before the first trade."""
        positions = await StoredPositions(self.database).read([self.instrument.id])
        return positions[self.instrument.id].sequence if positions else 0

    async def beyond(self, number: int) -> None:
        """Come back when everything up to there is here, and more."""
        async with asyncio.timeout(HANGS):
            while await self.position() <= number:  # noqa: ASYNC110  (a database has no event to wait for)
                await asyncio.sleep(0.02)

    async def gaps(self) -> list[Gap]:
        """The rows there are."""
        found = await StoredGaps(self.database).read([self.instrument.id], None, 1_000)
        return list(found[self.instrument.id])

    async def settled(self, gaps: int) -> list[Gap]:
        """Come back when there are so many gaps, none of which is being repaired."""
        async with asyncio.timeout(HANGS):
            while True:
                found = await self.gaps()
                if len(found) >= gaps and not any(gap.state is GapState.REPAIRING for gap in found):
                    return found
                await asyncio.sleep(0.02)

    async def begun(self) -> None:
        """Come back when trades come in."""
        await self.beyond(0)

    async def past_faults(self, strikes: int = 1) -> None:
        """Come back when the faults in force have struck so often, and everything up to then and beyond is here."""
        async with asyncio.timeout(HANGS):
            while await self.venue.struck() < strikes:  # noqa: ASYNC110  (a server has no event to wait for)
                await asyncio.sleep(0.02)
        await self.beyond(self.venue.newest())

    @property
    def connections(self) -> int:
        """How many connections it took so far."""
        return len(self.venue.connections.spent)

    async def is_whole(self, without: Iterable[int] = ()) -> bool:
        """Whether all trades from the first to the position are stored once, as the market has them, but for these."""
        found = await stored_trades(self.database, self.instrument.key)
        numbers = range(found[0].sequence, found[-1].sequence + 1)
        left_out = frozenset(without)
        return numbers.stop > await self.position() and found == [
            trade for trade in self.venue.trades(numbers) if trade.sequence not in left_out
        ]
