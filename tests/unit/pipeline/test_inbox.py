"""Frames into bounded batches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

from candlewick.domain.errors import SourceUnavailable
from candlewick.pipeline.inbox import BatchBounds, Inbox
from candlewick.ports import Frame
from markets import LATER

LONG = timedelta(seconds=60)


def frame(number: int) -> Frame:
    return Frame(str(number).encode(), LATER)


class Socket:
    """Frames that a test sends; how many were asked for."""

    def __init__(self, count: int, error: Exception | None = None) -> None:
        self.left = list(range(count))
        self.read = 0
        self.error = error

    def __aiter__(self) -> AsyncIterator[Frame]:
        return self

    async def __anext__(self) -> Frame:
        await asyncio.sleep(0)
        if not self.left:
            if self.error is not None:
                raise self.error
            raise StopAsyncIteration
        self.read += 1
        return frame(self.left.pop(0))


async def taken(inbox: Inbox) -> list[list[bytes]]:
    batches = []
    while batch := await inbox.take():
        batches.append([each.body for each in batch])
    return batches


async def test_every_frame_is_given_out_once_and_in_order() -> None:
    inbox = Inbox(BatchBounds(frames=7, span=LONG))
    async with asyncio.TaskGroup() as group:
        group.create_task(inbox.fill(Socket(30)))
        batches = await taken(inbox)

    assert [body for batch in batches for body in batch] == [str(number).encode() for number in range(30)]
    assert max(map(len, batches)) <= 7


async def test_a_batch_that_is_not_full_goes_when_its_time_is_over() -> None:
    inbox = Inbox(BatchBounds(frames=1000, span=timedelta(milliseconds=10)))
    frames: asyncio.Queue[Frame] = asyncio.Queue()

    async def endless() -> AsyncIterator[Frame]:
        while True:
            yield await frames.get()

    filling = asyncio.create_task(inbox.fill(endless()))
    frames.put_nowait(frame(1))

    assert [each.body for each in await inbox.take()] == [b"1"]
    filling.cancel()


async def test_nothing_more_is_read_while_a_full_batch_waits() -> None:
    socket = Socket(100)
    inbox = Inbox(BatchBounds(frames=5, span=LONG))
    filling = asyncio.create_task(inbox.fill(socket))
    for _ in range(200):
        await asyncio.sleep(0)

    assert socket.read <= 6  # the batch, and one in hand
    filling.cancel()


async def test_a_stream_that_breaks_gives_out_what_came_before() -> None:
    inbox = Inbox(BatchBounds(frames=100, span=LONG))
    await inbox.fill(Socket(3, SourceUnavailable("binance", "cut")))

    assert await taken(inbox) == [[b"0", b"1", b"2"]]
    assert isinstance(inbox.broken, SourceUnavailable)
