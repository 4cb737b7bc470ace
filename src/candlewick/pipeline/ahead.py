"""Work in a thread one step ahead of whoever takes its results, so that parsing and the database overlap."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor


async def ahead[Item](items: Iterator[Item]) -> AsyncGenerator[Item]:
    """The same items, each made in a worker thread while the one before it is in use. Never more than one waits.

    Close it (`contextlib.aclosing`) when leaving early: a step that has begun is waited for, so that nothing
    the items are made of is pulled away under it.
    """
    with ThreadPoolExecutor(1, "ahead") as worker:  # one thread: each would keep memory of its own
        upcoming = _start(worker, items)
        try:
            while (made := await asyncio.shield(upcoming)) is not None:
                upcoming = _start(worker, items)
                yield made[0]
        finally:
            await asyncio.wait({upcoming})
            if not upcoming.cancelled():
                upcoming.exception()  # seen: nobody waits for it any more


def _start[Item](worker: ThreadPoolExecutor, items: Iterator[Item]) -> asyncio.Future[tuple[Item] | None]:
    return asyncio.get_running_loop().run_in_executor(worker, _next, items)


def _next[Item](items: Iterator[Item]) -> tuple[Item] | None:
    """The next item, wrapped; None at the end."""
    for item in items:
        return (item,)
    return None
