"""Jobs as they go on: each that somebody follows is read once for all who do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from candlewick.domain.job import Job, JobId
from candlewick.graphql.live.patience import patiently
from candlewick.graphql.services import JobDesk

PACE: Final = timedelta(milliseconds=500)


class JobFeed:
    """The jobs that are followed."""

    def __init__(self, jobs: JobDesk, pace: timedelta = PACE) -> None:
        self._jobs = jobs
        self._pace = pace.total_seconds()
        self._readings: dict[JobId, _Reading] = {}

    async def follow(self, job: Job) -> AsyncGenerator[Job]:
        """The job whenever it changed, as it is now at first; ends when it is over (or gone)."""
        with self._reading(job.id) as reading:
            yield job
            while not job.status.finished:
                await asyncio.sleep(self._pace)
                found = await reading.fresh()
                if found is None:
                    return
                if found != job:
                    job = found
                    yield job

    @contextmanager
    def _reading(self, job_id: JobId) -> Iterator[_Reading]:
        reading = self._readings.setdefault(job_id, _Reading(self._jobs, job_id, self._pace))
        reading.followers += 1
        try:
            yield reading
        finally:
            reading.followers -= 1
            if not reading.followers:
                del self._readings[job_id]


class _Reading:
    """What was last read of a job, and when."""

    def __init__(self, jobs: JobDesk, job_id: JobId, pace: float) -> None:
        self.followers = 0
        self._jobs = jobs
        self._job_id = job_id
        self._pace = pace
        self._turn = asyncio.Lock()
        self._read_at = float("-inf")
        self._job: Job | None = None

    async def fresh(self) -> Job | None:
        """The job as it was at most half a step ago."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            if loop.time() - self._read_at > self._pace / 2:
                self._job = await patiently(self._jobs.job, self._job_id)
                self._read_at = loop.time()
            return self._job
