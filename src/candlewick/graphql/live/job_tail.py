"""One job, followed to its end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import cast

from candlewick.domain.job import Job
from candlewick.graphql.live.feed import Batch, Feed
from candlewick.graphql.live.jobs import JobFeed
from candlewick.graphql.types import job as views


class JobTail(Feed):
    """One job as it goes on; ends with it."""

    def __init__(self, jobs: JobFeed, job: Job, *, told: bool = False) -> None:
        self._jobs = jobs
        self._job = job
        self._told = told

    @property
    def position(self) -> Job:
        """See `Feed.position`."""
        return self._job

    async def batches(self) -> AsyncGenerator[Batch]:
        """The job whenever it changed.

        Raises:
            ServiceError: the database is away for too long.
        """
        yield Batch(() if self._told else self.opening(), self._job)
        async with aclosing(self._jobs.follow(self._job)) as states:
            async for state in states:
                if state != self._job:
                    self._job = state
                    yield Batch(self.opening(), state)
                yield Batch(position=state, still=True)

    def opening(self) -> Sequence[object]:
        """The job as it is."""
        return [views.Job.of(self._job)]

    def branch(self, position: object) -> JobTail:
        """See `Feed.branch`."""
        return JobTail(self._jobs, cast("Job", position), told=True)
