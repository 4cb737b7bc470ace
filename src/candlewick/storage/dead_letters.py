"""Rows that could not be stored: kept once, with their reason, however often they are delivered."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from candlewick.domain.raw import DeadLetter
from candlewick.storage.engine import Database, Driver

_KEEP = """
INSERT INTO dead_letter AS kept (digest, source, subject, kind, reason, payload, raw_id)
SELECT DISTINCT ON (digest) *
FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[])
    AS letter (digest, source, subject, kind, reason, payload, raw_id)
ORDER BY digest
ON CONFLICT (digest) DO UPDATE SET attempts = kept.attempts + 1, last_seen_at = now()
"""


class DeadLetters:
    """The DeadLetterStore on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, letters: Sequence[DeadLetter]) -> None:
        """See `DeadLetterStore.keep`."""
        async with self._database.transaction() as driver:
            await keep_letters(driver, letters)


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
