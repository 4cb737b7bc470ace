"""Frames of a stream on their way into bounded batches: backpressure reaches the socket, not the memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

from candlewick.domain.errors import CandlewickError
from candlewick.ports import Frame


@dataclass(frozen=True, slots=True)
class BatchBounds:
    """A batch has at most so many frames, and waits at most so long after its first."""

    frames: int = 5_000
    span: timedelta = timedelta(milliseconds=250)


class Inbox:
    """Takes frames as they come and gives them out in batches. While a full batch waits, nothing more is read."""

    def __init__(self, bounds: BatchBounds) -> None:
        self._bounds = bounds
        self._frames: list[Frame] = []
        self._changed = asyncio.Condition()
        self._ended = False
        self.broken: CandlewickError | None = None

    async def fill(self, frames: AsyncIterator[Frame]) -> None:
        """Read until the stream ends or breaks; what came before can still be taken, and then `broken` says why."""
        try:
            async for frame in frames:
                async with self._changed:
                    await self._changed.wait_for(lambda: self._ended or len(self._frames) < self._bounds.frames)
                    if self._ended:
                        return
                    self._frames.append(frame)
                    self._changed.notify_all()
        except CandlewickError as error:
            self.broken = error
        finally:
            self._ended = True
            async with self._changed:
                self._changed.notify_all()

    async def close(self) -> None:
        """Take nothing more in; what came before can still be taken."""
        self._ended = True
        async with self._changed:
            self._changed.notify_all()

    async def take(self) -> list[Frame]:
        """The next batch; empty when the stream has ended and everything was taken."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._frames or self._ended)
            try:
                async with asyncio.timeout(self._bounds.span.total_seconds()):
                    await self._changed.wait_for(self._is_due)
            except TimeoutError:
                pass  # what came so far is the batch
            taken, self._frames = self._frames, []
            self._changed.notify_all()
        return taken

    def _is_due(self) -> bool:
        return self._ended or len(self._frames) >= self._bounds.frames
