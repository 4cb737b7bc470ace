"""Work one step ahead in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from candlewick.pipeline.ahead import ahead


async def collect(items: Iterator[int], seen: list[int]) -> None:
    async for item in ahead(items):
        seen.append(item)  # noqa: PERF401  (what came before an error counts)


async def test_items_come_in_order() -> None:
    assert [item async for item in ahead(iter(range(5)))] == [0, 1, 2, 3, 4]


async def test_none_is_an_item_like_any_other() -> None:
    assert [item async for item in ahead(iter([None, 1]))] == [None, 1]


async def test_it_is_one_step_ahead_and_no_further() -> None:
    made: list[int] = []
    second = threading.Event()

    def make() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            if number == 1:
                second.set()
            yield number

    async with aclosing(ahead(make())) as items:
        await anext(items)
        await asyncio.to_thread(second.wait, 10)
        assert made == [0, 1]


async def test_an_error_comes_where_its_item_would() -> None:
    def make() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    seen: list[int] = []
    with pytest.raises(ValueError, match="no more"):
        await collect(make(), seen)
    assert seen == [1]


async def test_leaving_early_waits_for_the_step_that_has_begun() -> None:
    begun, ended = threading.Event(), threading.Event()

    def make() -> Iterator[int]:
        yield 1
        begun.set()
        threading.Event().wait(0.05)
        ended.set()
        yield 2

    async with aclosing(ahead(make())) as items:
        await anext(items)
        await asyncio.to_thread(begun.wait, 10)
    assert ended.is_set()


async def test_cancelling_waits_for_the_step_that_has_begun() -> None:
    begun, ended = threading.Event(), threading.Event()

    def make() -> Iterator[int]:
        begun.set()
        threading.Event().wait(0.05)
        ended.set()
        yield 1

    async def take() -> None:
        async with aclosing(ahead(make())) as items:
            await anext(items)

    task = asyncio.create_task(take())
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
