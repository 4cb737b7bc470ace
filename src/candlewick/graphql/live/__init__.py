"""What open subscriptions wait for: commit notices and jobs come in, signals and what is new go out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

from candlewick.graphql.live.hub import LiveHub
from candlewick.graphql.live.jobs import JobFeed
from candlewick.graphql.live.kept import KeptFeed
from candlewick.graphql.live.resuming import KEPT
from candlewick.graphql.services import Services

LATENESS: Final = timedelta(seconds=5)
"""How long a candle waits for late trades after its window, unless the settings say otherwise."""


@dataclass(frozen=True, slots=True)
class Live:
    """One a process, shared by all subscriptions."""

    hub: LiveHub
    jobs: JobFeed
    kept: KeptFeed
    allowed_lateness: timedelta
    """A candle is final this long after its window."""
    resumable_for: timedelta = KEPT
    """How long ago what a cursor has missed may have begun."""

    @classmethod
    def over(cls, services: Services, allowed_lateness: timedelta = LATENESS, resumable_for: timedelta = KEPT) -> Self:
        hub = LiveHub(services.bus, services.commit_log)
        return cls(hub, JobFeed(services.jobs), KeptFeed(services.kept), allowed_lateness, resumable_for)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen for as long as the block lasts."""
        listening = asyncio.create_task(self.hub.run())
        try:
            yield
        finally:
            listening.cancel()
            await asyncio.wait({listening})
