"""Replays as jobs: a step for each day of a source's payloads, and for each of its archive files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from candlewick.domain.errors import TooManySteps, UnknownPayload
from candlewick.domain.job import MOST_STEPS, Job, JobKind, NewJob, NewStep, Step
from candlewick.domain.market import InstrumentKey
from candlewick.domain.raw import ArchiveFile, KeptPayload, RawId
from candlewick.domain.time import Window, within
from candlewick.pipeline.history import Report
from candlewick.pipeline.redelivery import Replayed
from candlewick.pipeline.replay import Replay, ReplayRequest
from candlewick.ports import JobStore, Outcome, RawReads


class ReplayJobs:
    """Makes jobs of replays, and does their steps."""

    def __init__(self, replay: Replay, raw: RawReads, jobs: JobStore) -> None:
        self._replay = replay
        self._raw = raw
        self._jobs = jobs

    async def submit(self, request: ReplayRequest, *, requested_by: str) -> Job:
        """Cut it into steps and make the job.

        Raises:
            UnknownSource, UnknownInstrument, TooManySteps: as their names say.
        """
        await self._replay.find(request.instruments)
        sources = await self._replay.sources(request.sources)
        keys = [str(key) for key in request.instruments]
        steps: list[NewStep] = []
        for source in sources:
            steps += [_of_payloads(source, day, keys) for day in await self._days(source, request.window)]
            steps += [_of_file(file, keys) async for file in self._replay.files(source, request.window)]
            if len(steps) > MOST_STEPS:
                raise TooManySteps(len(steps), MOST_STEPS)
        arguments: dict[str, Any] = {"sources": list(sources), "instruments": keys}
        if request.window is not None:
            arguments["window"] = _moments(request.window)
        return await self._jobs.submit(NewJob(JobKind.REPLAY, arguments, steps, requested_by=requested_by))

    async def submit_file(self, raw_id: RawId, *, requested_by: str) -> Job:
        """One archive file, whole. While such a job is unfinished, there is no other.

        Raises:
            UnknownPayload: there is no such file.
        """
        file = await self._raw.file(raw_id)
        if file is None:
            raise UnknownPayload(raw_id)
        arguments = {"sources": [file.source], "file": file.name}
        new = NewJob(
            JobKind.REPLAY, arguments, [_of_file(file, [])], exclusive=f"replay/{raw_id}", requested_by=requested_by
        )
        return await self._jobs.submit(new)

    async def run(self, step: Step, report: Report) -> Outcome:
        """Do one step. Doing it again changes nothing."""
        arguments = step.arguments
        only = await self._replay.find([InstrumentKey.parse(key) for key in arguments["instruments"]])
        if "file" in arguments:
            file = await self._raw.file(RawId(arguments["file"]))
            if file is None:
                raise UnknownPayload(arguments["file"])
            done = await self._replay.file(file, only, lease=step.lease)
        else:
            window = Window(*map(datetime.fromisoformat, arguments["window"]))

            def tell(so_far: Replayed, last: KeptPayload | None) -> None:
                reached = last.payload.received_at if last else window.start
                report(so_far.outcome, (reached - window.start) / (window.end - window.start))

            done = await self._replay.source(
                arguments["source"], window, only, files=False, lease=step.lease, tell=tell
            )
        report(done.outcome, 1.0)
        return done.outcome

    async def _days(self, source: str, asked: Window | None) -> Sequence[Window]:
        """The days on which payloads of the source were received, as far as they are asked for."""
        span = await self._raw.span(source)
        if span is None:
            return ()
        parts = [span] if asked is None else within([span], asked)
        return [day for part in parts for day in part.days()]


def _of_payloads(source: str, day: Window, keys: Sequence[str]) -> NewStep:
    arguments = {"source": source, "window": _moments(day), "instruments": list(keys)}
    return NewStep(f"payloads of {source}, {day.start:%Y-%m-%d}", arguments)


def _of_file(file: ArchiveFile, keys: Sequence[str]) -> NewStep:
    return NewStep(f"{file.source} {file.name}", {"file": file.id, "instruments": list(keys)})


def _moments(window: Window) -> list[str]:
    return [window.start.isoformat(), window.end.isoformat()]
