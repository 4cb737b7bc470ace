"""A worker that held a stream is gone, or the watch list changes: whoever follows the stream loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from candlewick.clock import SystemClock
from candlewick.domain.market import InstrumentKey
from candlewick.jobs import streams
from candlewick.jobs.streams import StreamBook, Streaming, keep_streaming
from candlewick.pipeline.live import LiveFeed
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.jobs import Jobs
from candlewick.storage.leases import StoredLeases
from candlewick.storage.live_positions import StoredPositions
from candlewick.storage.watch import StoredWatchList
from integration.faults.following import Following
from integration.faults.venue import Venue, open_venue, steady_market
from simulated import load_market
from working import HANGS, unique

RATE = 300


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "TAKE_OVER", timedelta(milliseconds=50))
    monkeypatch.setattr(streams, "LOOK", timedelta(milliseconds=50))


@asynccontextmanager
async def streaming(following: Following, *fixed: InstrumentKey) -> AsyncIterator[None]:
    """A worker that takes live what those settings and the watch list name."""
    database, source, stop = following.database, following.venue.source, asyncio.Event()
    assert source.stream is not None
    positions = StoredPositions(database)
    feed = LiveFeed("binance", source.stream, source.trades, following.stores, positions, following.venue.clock)
    parts = Streaming(
        fixed, StoredWatchList(database), Instruments(database), {"binance": feed}, Jobs(database),
        StoredLeases(database),
    )  # fmt: skip
    async with asyncio.TaskGroup() as group:
        group.create_task(keep_streaming(parts, StreamBook(), stop))
        try:
            yield
        finally:
            stop.set()


async def test_a_stream_whose_worker_died_is_followed_by_another(database: Database, tmp_path: Path) -> None:
    async with open_venue(steady_market(RATE), SystemClock()) as venue:
        following = await Following.of(venue, database, tmp_path)
        await StoredWatchList(database).add([venue.key], "test")
        dead = await StoredLeases(database).acquire("stream/binance/list", "dead", timedelta(milliseconds=300))

        async with streaming(following):
            await following.begun()

        await StoredWatchList(database).remove([venue.key])
        assert dead is not None
        assert not await StoredLeases(database).renew(dead, timedelta(seconds=1))
        assert await following.is_whole()


async def test_the_watch_list_changes_while_it_is_followed_and_nothing_is_lost(
    database: Database, tmp_path: Path
) -> None:
    market = load_market(RATE, [unique("WATCHED").replace("-", ""), unique("WATCHED").replace("-", "")])
    async with open_venue(market, SystemClock()) as venue:
        following, watch_list = await Following.of(venue, database, tmp_path), StoredWatchList(database)
        [_, other] = [listing.key for listing in market.listings()]
        await Instruments(database).refresh_listings(market.listings())
        await watch_list.add([venue.key], "test")
        async with streaming(following):
            await following.begun()
            for _ in range(3):
                await connected_anew(venue, watch_list.add([other], "test"))
                await connected_anew(venue, watch_list.remove([other]))
            await following.beyond(venue.newest())
        await watch_list.remove([venue.key])

    assert await following.is_whole()


async def connected_anew(venue: Venue, change: Awaitable[None]) -> None:
    """Make the change, and come back when another connection was made."""
    before = len(venue.connections.spent)
    await change
    async with asyncio.timeout(HANGS):
        while len(venue.connections.spent) == before:  # noqa: ASYNC110  (a list has no event to wait for)
            await asyncio.sleep(0.02)
