"""Feeding a market: its past, then its present, each trade once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from candlewick.domain.errors import DatabaseUnavailable, SchemaOutOfDate
from candlewick.domain.market import Trade
from candlewick.domain.time import Window
from candlewick.pipeline.feed import CATCH_UP, Feed
from candlewick.providers.demo.market import demo_market
from markets import FrozenClock
from unit.pipeline.fakes import FakeStores

START = datetime(2026, 3, 2, tzinfo=UTC)
MARKET = demo_market(3)


class Stopped(Exception):
    """The test has seen enough."""


class Steps:
    """A pause that moves the clock on instead of waiting, and stops after some steps."""

    def __init__(self, clock: FrozenClock, steps: int, width: timedelta = timedelta(milliseconds=250)) -> None:
        self.clock, self.left, self.width = clock, steps, width
        self.waited: list[float] = []

    async def __call__(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.waited.append(seconds)
        self.left -= 1
        if self.left < 0:
            raise Stopped
        self.clock.moment += self.width


def feed_of(fakes: FakeStores, clock: FrozenClock, pause: Steps | None = None) -> Feed:
    return Feed(MARKET, fakes.instruments, fakes.trades, fakes.candles, clock, pause or Steps(clock, 0))


def traded(window: Window) -> list[Trade]:
    return sorted(
        (trade for listing in MARKET.listings() for trade in MARKET.trades(listing.key, window).trades()),
        key=lambda trade: (trade.ts, trade.sequence),
    )


def kept(fakes: FakeStores) -> list[Trade]:
    return sorted(fakes.trades.kept.values(), key=lambda trade: (trade.ts, trade.sequence))


async def test_history_is_stored_once_however_often_it_is_fed() -> None:
    fakes = FakeStores()
    window = Window(START - timedelta(minutes=30), START + timedelta(minutes=30))
    feed = feed_of(fakes, FrozenClock(window.end))
    first = await feed.feed_history(window)
    again = await feed.feed_history(window)
    assert kept(fakes) == traded(window)
    assert (first.stored, again.stored, again.repeated) == (len(kept(fakes)), 0, first.stored)
    assert fakes.candles.settled == 2


async def test_live_goes_on_where_history_ended() -> None:
    fakes = FakeStores()
    clock = FrozenClock(START)
    feed = feed_of(fakes, clock, Steps(clock, 40))
    await feed.feed_history(Window(START - timedelta(minutes=5), START))
    with pytest.raises(Stopped):
        await feed.feed_live(START)
    assert clock.moment == START + timedelta(seconds=10)
    assert kept(fakes) == traded(Window(START - timedelta(minutes=5), clock.moment))


async def test_live_catches_up_in_bounded_steps() -> None:
    fakes = FakeStores()
    clock = FrozenClock(START + 3 * CATCH_UP)
    with pytest.raises(Stopped):
        await feed_of(fakes, clock, Steps(clock, 3, timedelta())).feed_live(START)
    assert kept(fakes) == traded(Window(START, START + 3 * CATCH_UP))


async def test_live_waits_for_a_database_that_is_away_and_loses_nothing() -> None:
    fakes = FakeStores()
    clock = FrozenClock(START + timedelta(seconds=30))
    pause = Steps(clock, 1, timedelta(seconds=30))
    fakes.trades.failure = DatabaseUnavailable("here", "it restarts")
    with pytest.raises(Stopped):
        await feed_of(fakes, clock, pause).feed_live(START)
    assert not kept(fakes)
    assert pause.waited[0] > 1
    fakes.trades.failure = None
    with pytest.raises(Stopped):
        await feed_of(fakes, clock, Steps(clock, 0)).feed_live(START)
    assert kept(fakes) == traded(Window(START, clock.moment))


async def test_live_stops_at_an_error_that_waiting_does_not_mend() -> None:
    fakes = FakeStores()
    clock = FrozenClock(START + timedelta(seconds=30))
    fakes.trades.failure = SchemaOutOfDate(None, "0001")
    with pytest.raises(SchemaOutOfDate):
        await feed_of(fakes, clock).feed_live(START)


async def test_live_can_be_cancelled() -> None:
    fakes = FakeStores()
    clock = FrozenClock(START + timedelta(minutes=1))
    feed = Feed(MARKET, fakes.instruments, fakes.trades, fakes.candles, clock)
    task = asyncio.create_task(feed.feed_live(START))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
