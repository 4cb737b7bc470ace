"""Signals: each commit of a watched instrument, once, whatever the bus does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from candlewick.domain.commit import CommitKind, CommitNotice
from candlewick.domain.errors import DatabaseUnavailable, RedisUnavailable
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window
from candlewick.graphql.live.hub import LiveHub
from candlewick.graphql.live.watch import MOST_WINDOWS, Watch
from unit.graphql.fakes import START, FakeBus, FakeCommits
from unit.graphql.sockets import until
from working import HANGS

ONE = InstrumentId(1)
NEVER = timedelta(hours=1)


def minutes(number: int, count: int = 1) -> Window:
    return Window(START + timedelta(minutes=number), START + timedelta(minutes=number + count))


@pytest.fixture
def bus() -> FakeBus:
    return FakeBus()


@pytest.fixture
def commits(bus: FakeBus) -> FakeCommits:
    return FakeCommits(bus)


@asynccontextmanager
async def running(bus: FakeBus, commits: FakeCommits, safety_net: timedelta = NEVER) -> AsyncIterator[LiveHub]:
    hub = LiveHub(bus, commits, safety_net)
    task = asyncio.create_task(hub.run())
    await bus.listening.wait()
    yield hub
    task.cancel()
    await asyncio.wait({task})


async def reached(watch: Watch, version: int) -> None:
    async with asyncio.timeout(HANGS):
        while watch.versions[ONE] < version:
            await watch.changed()


async def test_a_watch_begins_with_the_newest_version(bus: FakeBus, commits: FakeCommits) -> None:
    commits.make(1)
    async with running(bus, commits) as hub, hub.watch([ONE, InstrumentId(2)]) as watch:
        assert watch.versions == {ONE: 1, InstrumentId(2): 0}


async def test_a_notice_is_signalled_with_its_window(bus: FakeBus, commits: FakeCommits) -> None:
    async with running(bus, commits) as hub, hub.watch([ONE]) as watch:
        commits.make(1, window=minutes(3))
        await reached(watch, 1)
        assert watch.take(ONE) == [minutes(3)]


async def test_what_is_taken_is_taken_once(bus: FakeBus, commits: FakeCommits) -> None:
    async with running(bus, commits) as hub, hub.watch([ONE]) as watch:
        commits.make(1)
        await reached(watch, 1)
        watch.take(ONE)
        assert watch.take(ONE) == []


async def test_a_hole_in_the_notices_is_filled_from_the_log(bus: FakeBus, commits: FakeCommits) -> None:
    async with running(bus, commits) as hub, hub.watch([ONE]) as watch:
        commits.make(1, window=minutes(0), told=False)
        commits.make(1, window=minutes(5))
        await reached(watch, 2)
        assert watch.take(ONE) == [minutes(0), minutes(5)]


async def test_notices_that_may_be_lost_are_looked_for(bus: FakeBus, commits: FakeCommits) -> None:
    async with running(bus, commits) as hub, hub.watch([ONE]) as watch:
        commits.make(1, told=False)
        bus.said.put_nowait(None)
        await reached(watch, 1)


async def test_without_a_bus_the_log_is_asked(bus: FakeBus, commits: FakeCommits) -> None:
    async with running(bus, commits, timedelta(milliseconds=1)) as hub, hub.watch([ONE]) as watch:
        commits.make(1, told=False)
        await reached(watch, 1)


async def test_a_bus_that_fails_is_listened_to_again(bus: FakeBus, commits: FakeCommits) -> None:
    async with running(bus, commits) as hub, hub.watch([ONE]) as watch:
        bus.said.put_nowait(RedisUnavailable("its address", "connection refused"))
        commits.make(1)
        await reached(watch, 1)


async def test_a_database_that_is_away_is_asked_again(bus: FakeBus, commits: FakeCommits) -> None:
    async with running(bus, commits, timedelta(milliseconds=1)) as hub, hub.watch([ONE]) as watch:
        commits.failure = DatabaseUnavailable("db.internal:5432", "connection refused")
        asked = len(commits.calls)
        await until(lambda: len(commits.calls) > asked)
        commits.failure = None
        commits.make(1, told=False)
        await reached(watch, 1)


async def test_old_and_foreign_notices_mean_nothing(bus: FakeBus, commits: FakeCommits) -> None:
    commits.make(1, told=False)
    async with running(bus, commits) as hub, hub.watch([ONE]) as watch:
        bus.said.put_nowait(CommitNotice(ONE, 1, CommitKind.TRADES, minutes(7)))
        bus.said.put_nowait(CommitNotice(InstrumentId(9), 1, CommitKind.TRADES, minutes(7)))
        commits.make(1, window=minutes(8))
        await reached(watch, 2)
        assert watch.take(ONE) == [minutes(8)]


@pytest.mark.parametrize("kind", list(CommitKind))
async def test_commits_of_every_kind_are_signalled(bus: FakeBus, commits: FakeCommits, kind: CommitKind) -> None:
    async with running(bus, commits) as hub, hub.watch([ONE]) as watch:
        bus.said.put_nowait(CommitNotice(ONE, 1, kind, minutes(7)))
        await reached(watch, 1)
        is_gap = kind is CommitKind.GAP
        assert (watch.take(ONE), watch.take_gaps(ONE)) == ([] if is_gap else [minutes(7)], is_gap)
        assert not watch.take_gaps(ONE)


async def test_nobody_is_remembered_after_they_left(bus: FakeBus, commits: FakeCommits) -> None:
    async with running(bus, commits) as hub:
        async with hub.watch([ONE]):
            commits.make(1)
        assert not hub._watches
        assert not hub._known


def test_a_watch_that_nobody_takes_from_stays_small() -> None:
    watch = Watch([ONE])
    for number in range(1000):
        watch.signal(CommitNotice(ONE, number + 1, CommitKind.TRADES, minutes(2 * number)))
    windows = watch.take(ONE)
    assert len(windows) == MOST_WINDOWS
    assert windows[0] == minutes(0, 2 * (1000 - MOST_WINDOWS) + 1)
    assert windows[-1] == minutes(1998)
