"""Reading kept bytes again, put together for a command: nobody is asked, so neither keys nor Redis are needed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from candlewick.pipeline.letters import LetterRetry
from candlewick.pipeline.replay import Replay
from candlewick.pipeline.replay_jobs import ReplayJobs
from candlewick.ports import RateBudget
from candlewick.providers.readers import SourceReaders
from candlewick.providers.sources import market_sources
from candlewick.settings import Settings
from candlewick.wiring.access import access_of, demo_access
from candlewick.wiring.stores import Stores


@dataclass(frozen=True, slots=True)
class Replays:
    """The replay itself, what makes jobs of it, and what tries dead letters again."""

    replay: Replay
    jobs: ReplayJobs
    letters: LetterRetry


@asynccontextmanager
async def open_replays(settings: Settings, stores: Stores) -> AsyncIterator[Replays]:
    """The readers of all sources, the demo market among them whether it is served or not."""
    access = {"demo": demo_access("http://localhost"), **access_of(settings)}
    async with market_sources(access, stores.clock, _no_budgets) as sources:
        yield replays_of(SourceReaders(sources, stores.clock), stores)


def replays_of(readers: SourceReaders, stores: Stores) -> Replays:
    """Over sources that are open."""
    replay = Replay(readers, stores.import_stores, stores.raw_reads, stores.dead_letters)
    jobs = ReplayJobs(replay, stores.raw_reads, stores.jobs)
    return Replays(replay, jobs, LetterRetry(stores.dead_letters, replay, jobs, stores.raw_reads, stores.jobs))


class _Nothing:
    """A budget of nothing: whoever wanted to ask would wait for ever, so it says so."""

    async def spend(self, weight: int) -> None:
        raise AssertionError(f"a replay asked for {weight}")

    async def learn(self, used: int) -> None: ...

    async def pause(self, seconds: float) -> None: ...


def _no_budgets(name: str, limit: int, *, span: timedelta = timedelta()) -> RateBudget:  # noqa: ARG001
    return _Nothing()
