"""Feeds: where the events of a subscription come from, for one follower or for all who asked the same."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that belong together: a follower is told all of them, or stands before them."""

    events: Sequence[object] = ()
    position: object = None
    """Where a follower stands who was told them."""
    still: bool = False
    """Whether all that is known was told: what comes next has yet to happen."""


@dataclass(frozen=True, slots=True)
class Lag:
    """What a follower was not told while it took nothing."""

    since: datetime
    until: datetime
    events: int


class Feed(AsyncIterable[object], ABC):
    """The events of one subscription. Between two batches it stands still: at `position`, with all before it told."""

    @abstractmethod
    def batches(self) -> AsyncGenerator[Batch]:
        """What is news, after a batch of what a follower is told first."""

    @property
    @abstractmethod
    def position(self) -> object:
        """Where it stands."""

    @abstractmethod
    def opening(self) -> Sequence[object]:
        """What a follower is told who joins where it stands: from memory, at once."""

    @abstractmethod
    def branch(self, position: object) -> Feed:
        """The same subscription for one follower who was told everything up to a position of this feed."""

    def meets(self, other: Feed) -> bool:
        """Whether a follower of this feed could go on with that one, missing nothing and hearing nothing twice."""
        return type(self) is type(other) and self.position == other.position

    def lagged(self, lag: Lag) -> object | None:  # noqa: ARG002 (for those who have something to say)
        """The event that tells a follower, who stands where this feed does, that it was left behind."""
        return None

    async def __aiter__(self) -> AsyncIterator[object]:
        async with aclosing(self.batches()) as batches:
            async for batch in batches:
                for event in batch.events:
                    yield event
