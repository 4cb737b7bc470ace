"""A worker that held a stream is gone: another one takes it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from candlewick.clock import SystemClock
from candlewick.jobs import streams
from candlewick.jobs.streams import keep_streaming
from candlewick.pipeline.live import LiveFeed
from candlewick.ports import MarketSource
from candlewick.storage.engine import Database
from candlewick.storage.leases import StoredLeases
from candlewick.storage.live_positions import StoredPositions
from integration.faults.following import Following
from integration.faults.venue import open_venue, steady_market

RATE = 300


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "TAKE_OVER", timedelta(milliseconds=50))


async def test_a_stream_whose_worker_died_is_followed_by_another(database: Database, tmp_path: Path) -> None:
    async with open_venue(steady_market(RATE), SystemClock()) as venue:
        following, stop = await Following.of(venue, database, tmp_path), asyncio.Event()
        name = streams.stream_name("binance", [venue.key])
        dead = await StoredLeases(database).acquire(name, "dead", timedelta(milliseconds=300))

        def feed_of(source: MarketSource) -> LiveFeed | None:
            assert source.stream is not None
            positions = StoredPositions(database)
            return LiveFeed(source.source, source.stream, source.trades, following.stores, positions, venue.clock)

        async with asyncio.TaskGroup() as group:
            group.create_task(
                keep_streaming(
                    feed_of, {"binance": venue.source}, [venue.key], following.stores, StoredLeases(database), stop
                )
            )
            await following.begun()
            stop.set()

        assert dead is not None
        assert not await StoredLeases(database).renew(dead, timedelta(seconds=1))
        assert await following.is_whole()
