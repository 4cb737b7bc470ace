"""One look at kept indicators for all who follow some."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import cast

from candlewick.domain.kept import KeptId
from candlewick.graphql.live.kept import KeptFeed
from candlewick.ports import KeptReads


class Slow:
    """Every series is at revision 1, after a while."""

    def __init__(self) -> None:
        self.looks: list[list[KeptId]] = []

    async def revisions(self, ids: Sequence[KeptId]) -> Mapping[KeptId, int]:
        self.looks.append(list(ids))
        await asyncio.sleep(0.01)
        return dict.fromkeys(ids, 1)


async def test_who_begins_to_follow_during_a_look_is_looked_up() -> None:
    slow, first, second = Slow(), KeptId(1), KeptId(2)
    feed = KeptFeed(cast("KeptReads", slow))
    with feed.followed([first]):
        looking = asyncio.create_task(feed.revisions())
        await asyncio.sleep(0)
        with feed.followed([second]):
            assert await feed.revisions() == {first: 1, second: 1}
    assert await looking == {first: 1}
    assert slow.looks == [[first], [first, second]]
