"""Dead letters on every edition: kept, listed, tried again, resolved when it worked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from binance_files import write_zip
from candlewick.domain.errors import JobNotFailed, UnknownJob, UnknownLetter
from candlewick.domain.job import JobId, JobStatus, StepProgress
from candlewick.domain.letter import KeptLetter, LetterFilter, LetterId, Retried, RetryResult
from candlewick.domain.raw import DeadLetter, LetterKind, Payload, RawId
from candlewick.pipeline.letters import LetterRetry
from candlewick.pipeline.replay_jobs import ReplayJobs
from candlewick.ports import Contents, PayloadReader
from candlewick.providers.binance.reader import BinanceReader
from candlewick.storage.dead_letters import DeadLetters
from candlewick.storage.engine import Database
from candlewick.storage.jobs import Jobs
from replaying import DAY, ORIGIN, SYMBOL, Venue, a_trade, as_event, as_line, as_row
from working import begun, new_job, unique

RESOLVED, STILL_DEAD, QUEUED, NOT_POSSIBLE = RetryResult
ENDPOINT = f"/api/v3/historicalTrades?symbol={SYMBOL}&fromId=1"
BAD = as_row(a_trade(1)) | {"price": "1,5"}


@pytest.fixture
async def venue(database: Database, tmp_path: Path) -> Venue:
    return await Venue.new(database, tmp_path)


@dataclass(frozen=True)
class Mended:
    """A reader that understands more than the one before it."""

    reader: PayloadReader

    def read(self, payload: Payload) -> Contents:
        return self.reader.read(replace(payload, body=payload.body.replace(b"1,5", b"1.5").replace(b"<html>", b"[]")))


class MendedVenue(Venue):
    def payloads(self, source: str) -> PayloadReader | None:
        return Mended(BinanceReader(self.exchange)) if source == self.code else None


def mended(venue: Venue) -> Venue:
    """The venue after an upgrade."""
    return MendedVenue(venue.database, venue.folder, venue.exchange, venue.instrument, venue.stores)


def retry_of(venue: Venue) -> LetterRetry:
    jobs = Jobs(venue.database)
    replays = ReplayJobs(venue.replay(), venue.reads, jobs)
    return LetterRetry(DeadLetters(venue.database), venue.replay(), replays, venue.reads, jobs)


async def letters_of(venue: Venue, **asked: Any) -> list[KeptLetter]:
    """The venue's letters, in the order of their reasons: those that came together have no other."""
    where = LetterFilter(source=venue.code, **({"resolved": None} | asked))
    found = (await DeadLetters(venue.database).letters(where, 100, None)).rows
    return sorted(found, key=lambda row: row.letter.reason)


async def retried(venue: Venue, *letters: KeptLetter) -> list[Retried]:
    return list(await retry_of(venue).run([letter.id for letter in letters], requested_by="test"))


async def test_letters_are_listed_newest_first_by_kind_source_and_state(database: Database) -> None:
    source, letters = unique("listed"), DeadLetters(database)
    kinds = [LetterKind.MALFORMED, LetterKind.CLASH, LetterKind.MALFORMED, LetterKind.PAYLOAD]
    await letters.keep([DeadLetter(source, "x", kind, f"{n}", "row") for n, kind in enumerate(kinds)])

    async def found(first: int = 9, after: LetterId | None = None, **asked: Any) -> list[str]:
        page = await letters.letters(LetterFilter(source=source, **asked), first, after)
        return [row.letter.reason for row in page.rows]

    everything = await letters.letters(LetterFilter(source=source), 2, None)
    assert everything.more
    newest = [row.letter.reason for row in everything.rows]
    assert len({*newest, *await found(after=everything.rows[-1].id)}) == 4
    assert sorted(await found(kind=LetterKind.MALFORMED)) == ["0", "2"]
    assert await found(resolved=True) == []


async def test_the_same_row_again_is_another_attempt_and_not_another_letter(database: Database) -> None:
    source, letters = unique("again"), DeadLetters(database)
    letter = DeadLetter(source, "x", LetterKind.MALFORMED, "odd", "row", RawId(5))
    for _ in range(3):
        await letters.keep([letter])

    [kept] = (await letters.letters(LetterFilter(source=source), 9, None)).rows
    assert (kept.letter, kept.attempts, kept.resolved_at) == (letter, 3, None)
    assert kept.last_seen_at > kept.first_seen_at


async def test_a_resolved_row_that_comes_again_is_dead_again(database: Database) -> None:
    source, letters = unique("reopened"), DeadLetters(database)
    letter = DeadLetter(source, "x", LetterKind.MALFORMED, "odd", "row", RawId(5_000_001))
    await letters.keep([letter])
    assert await letters.resolve_unseen([RawId(5_000_001)], await letters.now()) == 1
    [resolved] = (await letters.letters(LetterFilter(source=source, resolved=True), 9, None)).rows

    await letters.keep([replace(letter, raw_id=RawId(5_000_002))])

    [kept] = (await letters.letters(LetterFilter(source=source), 9, None)).rows
    assert (kept.id, kept.letter.raw_id, kept.attempts) == (resolved.id, 5_000_002, 2)


async def test_a_row_that_can_be_read_by_now_is_stored_and_its_letter_resolved(venue: Venue) -> None:
    await venue.keep(ENDPOINT, [BAD, as_row(a_trade(2)), as_row(a_trade(3)) | {"qty": "-"}])
    await venue.replayed()
    first, second = await letters_of(venue)

    done = await retried(mended(venue), first, second)

    assert [(each.letter.id, each.result) for each in done] == [(first.id, RESOLVED), (second.id, STILL_DEAD)]
    assert "quantity '-' is no decimal number" in str(done[1].reason)
    assert [row[2] for row in await venue.trades()] == [1, 2]
    after = await letters_of(venue)
    assert [letter.resolved_at is not None for letter in after] == [True, False]
    assert (after[0].letter, after[1].attempts) == (first.letter, second.attempts + 1)


async def test_a_letter_that_is_resolved_is_not_tried_again(venue: Venue) -> None:
    await venue.keep(ENDPOINT, [BAD])
    await venue.replayed()
    [letter] = await letters_of(venue)
    await retried(mended(venue), letter)
    await venue.lose()

    assert [each.result for each in await retried(mended(venue), letter)] == [RESOLVED]
    assert await venue.trades() == []


async def test_a_row_that_is_dead_for_another_reason_by_now_is_still_dead(venue: Venue) -> None:
    await venue.keep(ENDPOINT, [as_row(a_trade(1)) | {"price": "1,5", "qty": "0"}])
    await venue.replayed()
    [letter] = await letters_of(venue)
    async with venue.database.driver() as driver:
        await driver.execute("UPDATE dead_letter SET reason = 'as it was', digest = 'other' WHERE id = $1", letter.id)

    [done] = await retried(venue, letter)

    assert done.result is STILL_DEAD
    assert "price '1,5' is no decimal number" in str(done.reason)


async def test_a_payload_that_can_be_read_by_now_is_resolved(venue: Venue) -> None:
    await venue.keep(ENDPOINT, b"<html>")
    await venue.replayed()
    [letter] = await letters_of(venue)

    assert [each.result for each in await retried(venue, letter)] == [STILL_DEAD]
    assert [each.result for each in await retried(mended(venue), letter)] == [RESOLVED]


async def test_a_row_of_a_payload_that_cannot_be_read_at_all_is_still_dead(venue: Venue) -> None:
    raw_id = await venue.keep(ENDPOINT, b"<html>")
    await venue.stores.letters.keep([DeadLetter(venue.code, "x", LetterKind.MALFORMED, "row 1: odd", "row", raw_id)])
    [letter] = await letters_of(venue)

    assert [each.result for each in await retried(venue, letter)] == [STILL_DEAD]


async def test_a_clash_is_resolved_when_what_it_clashed_with_is_gone(venue: Venue) -> None:
    await venue.hear(as_event(a_trade(1)), received_at=ORIGIN)
    await venue.hear(as_event(a_trade(1, price=200)), received_at=ORIGIN + DAY)
    [letter] = await letters_of(venue)
    assert letter.letter.kind is LetterKind.CLASH

    assert [each.result for each in await retried(venue, letter)] == [STILL_DEAD]
    await venue.lose()
    assert [each.result for each in await retried(venue, letter)] == [RESOLVED]
    assert len(await venue.trades()) == 1


async def test_a_replay_resolves_the_letters_that_are_none_any_more(venue: Venue) -> None:
    await venue.keep(ENDPOINT, [BAD])
    await venue.hear(b"<junk>", as_event(a_trade(5)), received_at=ORIGIN)
    await venue.replayed()
    assert len(await letters_of(venue, resolved=False)) == 2

    await mended(venue).replayed(instruments=(venue.instrument.key,))

    [junk] = await letters_of(venue, resolved=False)
    assert junk.letter.payload == "<junk>"


async def test_a_row_of_an_archive_file_is_left_to_a_job(venue: Venue) -> None:
    path = write_zip(venue.folder / f"{SYMBOL}-trades-2024-08-08.zip", [as_line(a_trade(1)), "x,y"])
    await venue.import_file(path)
    [letter] = await letters_of(venue)

    [done] = await retried(venue, letter)

    assert done.result is QUEUED
    assert done.job_id is not None
    job = await Jobs(venue.database).job(JobId(done.job_id))
    assert job is not None
    step = await begun(venue.database, job)
    await ReplayJobs(venue.replay(), venue.reads, Jobs(venue.database)).run(step, lambda _, __: None)
    assert (await letters_of(venue))[0].attempts == letter.attempts + 1


async def test_what_is_no_longer_kept_cannot_be_tried_again(venue: Venue) -> None:
    gone = RawId(900_000_001)
    await venue.stores.letters.keep(
        [
            DeadLetter(venue.code, "x", LetterKind.MALFORMED, "row 1: odd", "row", gone),
            DeadLetter(venue.code, "x", LetterKind.MALFORMED, "row 2: odd", "row"),
        ]
    )
    raw_id = await venue.stores.raw.keep_payload(Payload(unique("nobody"), "/x", b"", ORIGIN))
    await venue.stores.letters.keep([DeadLetter(venue.code, "x", LetterKind.PAYLOAD, "row 3: odd", "", raw_id)])

    done = await retried(venue, *await letters_of(venue))

    assert [each.result for each in done] == [NOT_POSSIBLE] * 3
    said = [str(each.reason) for each in done]
    assert "there is no payload 900000001" in said[0]
    assert "not known" in said[1]
    assert "there is no source 'nobody" in said[2]


async def test_letters_that_do_not_exist_stop_the_others_from_being_tried(venue: Venue) -> None:
    await venue.keep(ENDPOINT, [BAD])
    await venue.replayed()
    [letter] = await letters_of(venue)

    with pytest.raises(UnknownLetter, match="there is no dead letter 999999999"):
        await retry_of(mended(venue)).run([letter.id, LetterId(999_999_999)], requested_by="test")

    assert await venue.trades() == []


async def failed_step(database: Database, **asked: Any) -> tuple[JobId, KeptLetter]:
    """A job of two steps, one of which failed for good; the other is done."""
    jobs = Jobs(database)
    job = await jobs.submit(new_job(2, **asked))
    await jobs.fail((await begun(database, job)).lease, "it broke")
    await jobs.complete((await begun(database, job)).lease, StepProgress(1.0))
    found = await DeadLetters(database).letters(LetterFilter(LetterKind.JOB), 50, None)
    return job.id, next(row for row in found.rows if row.letter.job_id == job.id)


async def test_a_failed_step_is_queued_and_resolved_when_it_is_done(venue: Venue) -> None:
    jobs = Jobs(venue.database)
    job_id, letter = await failed_step(venue.database)

    done = [await retried(venue, letter) for _ in range(2)]

    assert [(each.result, each.job_id) for [each] in done] == [(QUEUED, job_id)] * 2
    job = await jobs.job(job_id)
    assert job is not None
    assert job.status is JobStatus.QUEUED
    step = await begun(venue.database, job)
    assert step.ref.number == letter.letter.step
    await jobs.complete(step.lease, StepProgress(1.0))
    [kept] = (await DeadLetters(venue.database).by_ids([letter.id])).values()
    assert kept.resolved_at is not None
    finished = await jobs.job(job_id)
    assert finished is not None
    assert finished.status is JobStatus.SUCCEEDED


async def test_a_step_that_fails_again_is_another_attempt(venue: Venue) -> None:
    job_id, letter = await failed_step(venue.database)
    await retried(venue, letter)
    job = await Jobs(venue.database).job(job_id)
    assert job is not None

    await Jobs(venue.database).fail((await begun(venue.database, job)).lease, "it broke")

    [kept] = (await DeadLetters(venue.database).by_ids([letter.id])).values()
    assert (kept.attempts, kept.resolved_at) == (2, None)


async def test_a_step_is_not_queued_while_its_successor_is_unfinished(venue: Venue) -> None:
    name = unique("exclusive")
    _, letter = await failed_step(venue.database, exclusive=name)
    await Jobs(venue.database).submit(new_job(exclusive=name))

    [done] = await retried(venue, letter)

    assert done.result is NOT_POSSIBLE
    assert "another one named" in str(done.reason)


async def test_only_a_step_that_failed_can_be_done_again(database: Database) -> None:
    jobs = Jobs(database)
    job = await jobs.submit(new_job(2))

    with pytest.raises(JobNotFailed):
        await jobs.retry_step(job.id, 1)
    with pytest.raises(UnknownJob):
        await jobs.retry_step(job.id, 3)
    with pytest.raises(UnknownJob):
        await jobs.retry_step(JobId(999_999_999), 1)


async def test_one_step_of_a_job_that_goes_on_can_be_done_again(database: Database) -> None:
    jobs = Jobs(database)
    job = await jobs.submit(new_job(3))
    await jobs.fail((await begun(database, job)).lease, "it broke")

    again = await jobs.retry_step(job.id, 1)

    assert (again.status, again.progress.failed) == (JobStatus.RUNNING, 0)
