"""Workers carry event bars on, one of them at a time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from candlewick.domain.job import Lease
from candlewick.jobs.bars import keep_carrying_on
from candlewick.jobs.rounds import Pace

FAST = Pace(timedelta(0), timedelta(0))


class FakeLeases:
    """One lease, which somebody else may have."""

    def __init__(self, taken: int = 0) -> None:
        self.taken = taken
        self.released = 0

    async def acquire(self, name: str, holder: str, duration: timedelta) -> Lease | None:  # noqa: ARG002
        self.taken -= 1
        return None if self.taken >= 0 else Lease(name, 1)

    async def renew(self, lease: Lease, duration: timedelta) -> bool:  # noqa: ARG002
        return True

    async def release(self, lease: Lease) -> None:  # noqa: ARG002
        self.released += 1


class FakeBars:
    """Counts its rounds, and ends the work with the last one."""

    def __init__(self, rounds: int, stop: asyncio.Event, quiet: int = 0) -> None:
        self.rounds, self.stop, self.done = rounds, stop, 0
        self.quiet, self.looks = quiet, 0

    async def is_behind(self) -> bool:
        self.looks += 1
        return self.looks > self.quiet

    async def carry_on(self) -> int:
        self.done += 1
        if self.done == self.rounds:
            self.stop.set()
        return 1


async def test_rounds_follow_each_other_until_the_end() -> None:
    stop, leases = asyncio.Event(), FakeLeases()
    bars = FakeBars(3, stop)
    await keep_carrying_on(bars, leases, stop, FAST)
    assert (bars.done, leases.released) == (3, 3)


async def test_nobody_takes_turns_while_nothing_is_behind() -> None:
    stop, leases = asyncio.Event(), FakeLeases()
    bars = FakeBars(1, stop, quiet=5)
    await keep_carrying_on(bars, leases, stop, FAST)
    assert (bars.looks, bars.done, leases.released) == (6, 1, 1)


async def test_while_another_worker_does_it_nothing_is_done() -> None:
    stop, leases = asyncio.Event(), FakeLeases(taken=4)
    bars = FakeBars(1, stop)
    await keep_carrying_on(bars, leases, stop, FAST)
    assert (bars.done, leases.released, leases.taken) == (1, 1, -1)
