"""Dead letters, tried again: a row or payload by reading its payload once more, a step by doing it once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog

from candlewick.domain.errors import (
    JobNotFailed,
    JobSuperseded,
    UnknownJob,
    UnknownLetter,
    UnknownPayload,
    UnknownSource,
)
from candlewick.domain.job import JobId
from candlewick.domain.letter import KeptLetter, LetterId, Retried, RetryResult
from candlewick.domain.raw import RawId
from candlewick.pipeline.replay import Replay
from candlewick.pipeline.replay_jobs import ReplayJobs
from candlewick.ports import JobStore, LetterDesk, RawReads

log = structlog.get_logger(__name__)

_UNFINISHED: Final = frozenset({"PENDING", "RUNNING"})


class LetterRetry:
    """Tries dead letters again. What is stored or done after all is resolved; the letter stays for the record."""

    def __init__(self, letters: LetterDesk, replay: Replay, replays: ReplayJobs, raw: RawReads, jobs: JobStore) -> None:
        self._letters = letters
        self._replay = replay
        self._replays = replays
        self._raw = raw
        self._jobs = jobs

    async def run(self, ids: Sequence[LetterId], *, requested_by: str) -> Sequence[Retried]:
        """What became of each, in their order. Letters of one payload are tried together.

        A letter whose bytes are an archive file, or that is a step of a job, is QUEUED: workers do it.

        Raises:
            UnknownLetter: there is no such letter; none of the others was tried.
        """
        letters = await self._letters.by_ids(ids)
        for letter_id in ids:
            if letter_id not in letters:
                raise UnknownLetter(letter_id)
        done = {each.id: Retried(each, RetryResult.RESOLVED) for each in letters.values() if each.resolved_at}
        waiting = [letter for letter in letters.values() if letter.id not in done]
        for letter in waiting:
            if letter.letter.raw_id is None:
                done[letter.id] = await self._retry_step(letter)
        for raw_id, group in _by_payload(waiting).items():
            done |= await self._retry_rows(raw_id, group, requested_by)
        for retried in done.values():
            log.info("letter_retried", letter=retried.letter.id, result=retried.result, reason=retried.reason)
        return [done[letter_id] for letter_id in dict.fromkeys(ids)]

    async def _retry_step(self, letter: KeptLetter) -> Retried:
        job_id, step = letter.letter.job_id, letter.letter.step
        if job_id is None or step is None:
            return _impossible(letter, "what it was read from is not known")
        try:
            await self._jobs.retry_step(JobId(job_id), step)
        except JobNotFailed as error:
            if error.status not in _UNFINISHED:
                return _impossible(letter, f"the step is {error.status.lower()}")
        except (UnknownJob, JobSuperseded) as error:
            return _impossible(letter, str(error))
        return Retried(letter, RetryResult.QUEUED, job_id=job_id)

    async def _retry_rows(
        self, raw_id: RawId, group: Sequence[KeptLetter], requested_by: str
    ) -> Mapping[LetterId, Retried]:
        record = (await self._raw.records([raw_id])).get(raw_id)
        try:
            if record is None:
                raise UnknownPayload(raw_id)
            if record.archived:
                job = await self._replays.submit_file(raw_id, requested_by=requested_by)
                return {letter.id: Retried(letter, RetryResult.QUEUED, job_id=job.id) for letter in group}
            since = await self._letters.now()
            await self._replay.payload(raw_id)
        except (UnknownPayload, UnknownSource) as error:
            return {letter.id: _impossible(letter, str(error)) for letter in group}
        now = await self._letters.by_ids([letter.id for letter in group])
        return {letter_id: await self._judge(letter, since) for letter_id, letter in now.items()}

    async def _judge(self, letter: KeptLetter, since: datetime) -> Retried:
        """What the letter says now, or what says the same of its row: a new version may give another reason."""
        again = letter if letter.resolved_at is None else await self._letters.seen_again(letter, since)
        if again is None:
            return Retried(letter, RetryResult.RESOLVED)
        return Retried(letter, RetryResult.STILL_DEAD, again.letter.reason)


def _by_payload(letters: Sequence[KeptLetter]) -> dict[RawId, list[KeptLetter]]:
    groups: dict[RawId, list[KeptLetter]] = {}
    for letter in letters:
        if letter.letter.raw_id is not None:
            groups.setdefault(letter.letter.raw_id, []).append(letter)
    return groups


def _impossible(letter: KeptLetter, reason: str) -> Retried:
    return Retried(letter, RetryResult.NOT_POSSIBLE, reason)
