"""The relay: every commit is told, whatever breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from candlewick.domain.commit import Commit, CommitKind, CommitNotice
from candlewick.domain.errors import DatabaseUnavailable, RedisUnavailable
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window
from candlewick.jobs import relay
from candlewick.jobs.relay import keep_relaying
from candlewick.jobs.rounds import Pace
from markets import LATER
from working import HANGS


def commit(version: int) -> Commit:
    window = Window(LATER, LATER + timedelta(minutes=1))
    return Commit(version, CommitNotice(InstrumentId(1), version, CommitKind.TRADES, window), 1, LATER)


class Log:
    """A CommitLog and its relay; forgets what was not marked when the relay is taken anew."""

    def __init__(self, commits: int) -> None:
        self.commits = [commit(number) for number in range(1, commits + 1)]
        self.marked = 0
        self.taken = 0
        self.busy = 0
        self.failures: list[Exception] = []

    @asynccontextmanager
    async def relay(self) -> AsyncIterator[Log | None]:
        self.taken += 1
        if self.busy:
            self.busy -= 1
            yield None
        else:
            yield self

    async def fresh(self, limit: int) -> Sequence[Commit]:
        if self.failures:
            raise self.failures.pop()
        return self.commits[self.marked : self.marked + min(limit, 2)]

    async def mark(self, commits: Sequence[Commit]) -> None:
        self.marked = commits[-1].id


class Bus:
    """Remembers versions; may be away."""

    def __init__(self, failures: int = 0) -> None:
        self.told: list[int] = []
        self.failures = failures

    async def publish(self, notices: Sequence[CommitNotice]) -> None:
        if self.failures:
            self.failures -= 1
            raise RedisUnavailable("its address", "gone")
        self.told += [notice.version for notice in notices]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "Pace", lambda _: Pace(timedelta(milliseconds=1), timedelta(milliseconds=4)))


async def relayed(log: Any, bus: Any, versions: int) -> None:
    """Relay until so many commits are marked."""
    stop = asyncio.Event()
    task = asyncio.create_task(keep_relaying(log, bus, stop))
    async with asyncio.timeout(HANGS):
        while log.marked < versions:  # noqa: ASYNC110  (a fake has no event to wait for)
            await asyncio.sleep(0.002)
    stop.set()
    await task


async def test_commits_are_told_once_and_in_order() -> None:
    log, bus = Log(5), Bus()

    await relayed(log, bus, 5)

    assert bus.told == [1, 2, 3, 4, 5]


async def test_a_bus_that_is_away_is_waited_for() -> None:
    log, bus = Log(3), Bus(failures=4)

    await relayed(log, bus, 3)

    assert bus.told == [1, 2, 3]


async def test_a_database_that_breaks_is_tried_again() -> None:
    log, bus = Log(3), Bus()
    log.failures = [DatabaseUnavailable("db", "gone"), ZeroDivisionError()]

    await relayed(log, bus, 3)

    assert bus.told == [1, 2, 3]


async def test_a_relay_that_another_worker_has_is_tried_again() -> None:
    log, bus = Log(1), Bus()
    log.busy = 3

    await relayed(log, bus, 1)

    assert log.taken == 4
