"""The refresher settles at its pace."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from candlewick.domain.errors import DatabaseUnavailable
from candlewick.jobs.refresher import keep_settling
from candlewick.jobs.rounds import Pace
from working import HANGS

FAST = Pace(timedelta(milliseconds=1), timedelta(milliseconds=2))
PATIENCE = timedelta(seconds=10)


class Tree:
    """A candle tree that answers as told; it stops the refresher after the last answer."""

    def __init__(self, stop: asyncio.Event, *answers: int | Exception) -> None:
        self.stop = stop
        self.answers = list(answers)
        self.running = 0
        self.most_at_once = 0
        self.asked: set[timedelta] = set()

    async def settle(self, older_than: timedelta) -> int:
        self.asked.add(older_than)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        answer = self.answers.pop(0)
        if not self.answers:
            self.stop.set()
        if isinstance(answer, Exception):
            raise answer
        return answer


async def settle_all(*answers: int | Exception) -> Tree:
    stop = asyncio.Event()
    tree = Tree(stop, *answers)
    async with asyncio.timeout(HANGS):
        await keep_settling(tree, PATIENCE, FAST, stop)
    return tree


async def test_it_settles_again_and_again_until_it_is_stopped() -> None:
    tree = await settle_all(3, 0, 0)

    assert tree.answers == []
    assert tree.most_at_once == 1


async def test_what_is_dirty_gathers_for_a_while() -> None:
    assert (await settle_all(1, 1)).asked == {PATIENCE}


async def test_a_database_that_was_away_is_asked_again() -> None:
    assert (await settle_all(DatabaseUnavailable("db", "gone"), 1)).answers == []
