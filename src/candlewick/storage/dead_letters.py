"""Rows, payloads and steps that failed for good: kept once, with their reason, however often they are delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

import asyncpg

from candlewick.domain.letter import KeptLetter, LetterFilter, LetterId
from candlewick.domain.page import Page
from candlewick.domain.raw import DeadLetter, LetterKind, RawId
from candlewick.storage.engine import Database, Driver

# One that comes again is dead again, if it was resolved.
_KEEP: Final = """
INSERT INTO dead_letter AS kept (digest, source, subject, kind, reason, payload, raw_id, job_id, step)
SELECT DISTINCT ON (digest) *
FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[],
            $9::int[])
    AS letter (digest, source, subject, kind, reason, payload, raw_id, job_id, step)
ORDER BY digest
ON CONFLICT (digest) DO UPDATE SET
    attempts = kept.attempts + 1, last_seen_at = now(), resolved_at = NULL,
    raw_id = CASE WHEN kept.resolved_at IS NULL THEN kept.raw_id ELSE excluded.raw_id END
"""

_COLUMNS: Final = """
id, source, subject, kind, reason, payload, raw_id, job_id, step, attempts, first_seen_at, last_seen_at, resolved_at"""
_PAGE: Final = f"""
SELECT {_COLUMNS} FROM dead_letter
WHERE ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR source = $2) AND ($3::bigint IS NULL OR id < $3)
  AND ($4::bigint IS NULL OR id > $4) AND {{state}}
ORDER BY id {{direction}}
LIMIT $5
"""
_STATES: Final = {None: "true", True: "resolved_at IS NOT NULL", False: "resolved_at IS NULL"}
_BY_IDS: Final = f"SELECT {_COLUMNS} FROM dead_letter WHERE id = ANY($1)"
_RESOLVE: Final = """
UPDATE dead_letter SET resolved_at = clock_timestamp()
WHERE raw_id = ANY($1) AND resolved_at IS NULL AND last_seen_at < $2 AND ($3::text[] IS NULL OR subject = ANY($3))
"""
_SEEN_AGAIN: Final = f"""
SELECT {_COLUMNS} FROM dead_letter
WHERE raw_id = $1 AND resolved_at IS NULL AND last_seen_at >= $2 AND (payload = $3 OR kind = 'PAYLOAD')
ORDER BY kind = 'PAYLOAD', id DESC
LIMIT 1
"""


class DeadLetters:
    """The DeadLetterStore and the LetterDesk on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, letters: Sequence[DeadLetter]) -> None:
        """See `DeadLetterStore.keep`."""
        if not letters:
            return
        async with self._database.transaction() as driver:
            await keep_letters(driver, letters)

    async def letters(
        self,
        where: LetterFilter,
        first: int,
        after: LetterId | None,
        before: LetterId | None = None,
        *,
        backwards: bool = False,
    ) -> Page[KeptLetter]:
        """See `LetterDesk.letters`. `backwards`: the last so many, which are the oldest, instead."""
        statement = _PAGE.format(state=_STATES[where.resolved], direction="ASC" if backwards else "DESC")
        async with self._database.driver() as driver:
            rows = await driver.fetch(statement, where.kind, where.source, after, before, first + 1)
        kept = [_letter(row) for row in rows[:first]]
        return Page(kept[::-1] if backwards else kept, more=len(rows) > first)

    async def by_ids(self, ids: Sequence[LetterId]) -> Mapping[LetterId, KeptLetter]:
        """See `LetterDesk.by_ids`."""
        async with self._database.driver() as driver:
            rows = await driver.fetch(_BY_IDS, [number for number in ids if number < 2**63])
        return {letter.id: letter for letter in map(_letter, rows)}

    async def now(self) -> datetime:
        """See `LetterDesk.now`."""
        async with self._database.driver() as driver:
            moment: datetime = await driver.fetchval("SELECT clock_timestamp()")
        return moment

    async def resolve_unseen(
        self, raw_ids: Sequence[RawId], since: datetime, subjects: Sequence[str] | None = None
    ) -> int:
        """See `LetterDesk.resolve_unseen`."""
        async with self._database.driver() as driver:
            done = await driver.execute(_RESOLVE, list(raw_ids), since, subjects)
        return int(done.split()[-1])

    async def seen_again(self, letter: KeptLetter, since: datetime) -> KeptLetter | None:
        """See `LetterDesk.seen_again`. If the whole payload cannot be read, nor can its row."""
        async with self._database.driver() as driver:
            row = await driver.fetchrow(_SEEN_AGAIN, letter.letter.raw_id, since, letter.letter.payload)
        return None if row is None else _letter(row)


async def keep_letters(driver: Driver, letters: Sequence[DeadLetter]) -> None:
    """Keep the letters in the transaction that `driver` is in."""
    if not letters:
        return
    rows = [
        (
            _digest(letter),
            letter.source,
            letter.subject,
            letter.kind,
            storable_text(letter.reason),
            storable_text(letter.payload),
            letter.raw_id,
            letter.job_id,
            letter.step,
        )
        for letter in letters
    ]
    await driver.execute(_KEEP, *(list(column) for column in zip(*rows, strict=True)))


def _digest(letter: DeadLetter) -> bytes:
    parts = (letter.source, letter.subject, letter.kind, letter.reason, letter.payload)
    return sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).digest()


def storable_text(value: str) -> str:
    """What PostgreSQL's text can hold: no NUL, no lone surrogate; both stay recognisable."""
    return value.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")


def _letter(row: asyncpg.Record) -> KeptLetter:
    return KeptLetter(
        id=LetterId(row["id"]),
        letter=DeadLetter(
            source=row["source"],
            subject=row["subject"],
            kind=LetterKind(row["kind"]),
            reason=row["reason"],
            payload=row["payload"],
            raw_id=None if row["raw_id"] is None else RawId(row["raw_id"]),
            job_id=row["job_id"],
            step=row["step"],
        ),
        attempts=row["attempts"],
        first_seen_at=row["first_seen_at"],
        last_seen_at=row["last_seen_at"],
        resolved_at=row["resolved_at"],
    )
