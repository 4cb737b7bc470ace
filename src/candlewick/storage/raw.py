"""Bytes as received: archive files in a folder, named by their sha256, other payloads compressed in the database."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg

from candlewick.domain.errors import ArchiveStoreUnavailable, SupersededFile
from candlewick.domain.market import InstrumentId
from candlewick.domain.raw import ArchiveFile, Payload, RawId
from candlewick.ports import Progress
from candlewick.storage import packing
from candlewick.storage.engine import Database, Driver

_REGISTER = """
WITH payload AS (
    INSERT INTO raw_payload (source, endpoint, sha256, byte_count, received_at)
    SELECT $1, $2, $3, $4, $5
    WHERE NOT EXISTS (SELECT FROM archive_file WHERE source = $1 AND name = $2 AND sha256 = $3)
    RETURNING id
)
INSERT INTO archive_file (raw_id, source, name, sha256, mapping) SELECT id, $1, $2, $3, $6 FROM payload
"""

FILES: Final = """
SELECT f.raw_id, p.source, f.name, f.sha256, p.received_at, f.lines_stored, f.complete, f.instrument_id, f.mapping,
       (SELECT max(former.raw_id) FROM archive_file AS former
        WHERE former.source = f.source AND former.name = f.name AND former.raw_id < f.raw_id
          AND former.lines_stored > 0) AS replaces,
       EXISTS (SELECT FROM archive_file AS later
               WHERE later.source = f.source AND later.name = f.name AND later.raw_id > f.raw_id
                 AND later.lines_stored > 0) AS superseded
FROM archive_file AS f JOIN raw_payload AS p ON p.id = f.raw_id
"""
"""What `file_of` makes an ArchiveFile of."""
_FIND: Final = FILES + "WHERE f.source = $1 AND f.name = $2 AND f.sha256 = $3"

_PROGRESS = """
UPDATE archive_file
SET lines_stored = greatest(lines_stored, $2), complete = complete OR $3,
    completed_at = CASE WHEN $3 THEN coalesce(completed_at, now()) ELSE completed_at END,
    instrument_id = coalesce(instrument_id, $4)
WHERE raw_id = $1
RETURNING name, (
    SELECT max(later.raw_id) FROM archive_file AS later
    WHERE later.source = archive_file.source AND later.name = archive_file.name AND later.raw_id > archive_file.raw_id
      AND later.lines_stored > 0)
"""

_KEEP: Final = """
INSERT INTO raw_payload (source, endpoint, sha256, byte_count, received_at, encoding, body,
                         wanted_from, wanted_to, wanted_of)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
RETURNING id
"""
_LAST: Final = """
SELECT id, sha256, wanted_of FROM raw_payload
WHERE source = $1 AND hashtextextended(endpoint, 0) = hashtextextended($2, 0) AND endpoint = $2
ORDER BY id DESC
LIMIT 1
"""
# Whatever sources there are, known to this version or not: the index is jumped through, one row a source.
SOURCES: Final = """
WITH RECURSIVE found AS (
    (SELECT source FROM raw_payload ORDER BY source LIMIT 1)
    UNION ALL
    SELECT (SELECT source FROM raw_payload WHERE source > found.source ORDER BY source LIMIT 1)
    FROM found WHERE found.source IS NOT NULL
)
SELECT source FROM found WHERE source IS NOT NULL
"""

# What a dead letter was made of stays with it, until the letter is resolved.
_PRUNE = """
DELETE FROM raw_payload WHERE id IN (
    SELECT p.id FROM raw_payload AS p
    WHERE p.source = $1 AND p.received_at < $2 AND p.body IS NOT NULL
      AND NOT EXISTS (SELECT FROM dead_letter AS l WHERE l.raw_id = p.id AND l.resolved_at IS NULL)
    ORDER BY p.received_at
    LIMIT $3
)
"""
PRUNED_AT_ONCE = 5_000


class RawFiles:
    """The RawStore on PostgreSQL and a folder."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    async def keep_file(
        self, source: str, name: str, path: Path, *, received_at: datetime, mapping: str | None = None
    ) -> ArchiveFile:
        """See `RawStore.keep_file`. The bytes are on the disk before the database names them."""
        try:
            digest, size = await asyncio.to_thread(self._copy, path)
        except OSError as exc:
            raise ArchiveStoreUnavailable(self._folder, exc.strerror or str(exc)) from exc
        async with self._database.transaction() as driver:
            await driver.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"{source}/{name}")
            await driver.execute(_REGISTER, source, name, bytes.fromhex(digest), size, received_at, mapping)
            found = await driver.fetchrow(_FIND, source, name, bytes.fromhex(digest))
        assert found is not None
        return file_of(found)

    async def keep_payload(self, payload: Payload) -> RawId:
        """See `RawStore.keep_payload`."""
        digest, body = await asyncio.to_thread(packing.pack, payload.body)
        wanted = (payload.wanted.start, payload.wanted.end) if payload.wanted else (None, None)
        async with self._database.transaction() as driver:
            kept = await driver.fetchval(
                _KEEP, payload.source, payload.endpoint, digest, len(payload.body), payload.received_at,
                packing.ENCODING, body, *wanted, payload.wanted_of,
            )  # fmt: skip
        return RawId(kept)

    async def keep_news(self, payload: Payload) -> RawId:
        """See `RawStore.keep_news`."""
        digest = await asyncio.to_thread(lambda: hashlib.sha256(payload.body).digest())
        async with self._database.driver() as driver:
            last = await driver.fetchrow(_LAST, payload.source, payload.endpoint)
        same_wanted = last is not None and last["wanted_of"] == payload.wanted_of
        if last is not None and last["sha256"] == digest and same_wanted:
            return RawId(last["id"])
        return await self.keep_payload(payload)

    async def prune(self, before: datetime) -> int:
        """Delete payloads that came before that moment, a few thousand in a transaction; how many there were."""
        async with self._database.driver() as driver:
            sources = [row["source"] for row in await driver.fetch(SOURCES)]
            deleted = 0
            for source in sources:
                while count := int((await driver.execute(_PRUNE, source, before, PRUNED_AT_ONCE)).split()[-1]):
                    deleted += count
        return deleted

    def open_path(self, file: ArchiveFile) -> Path:
        """See `RawStore.open_path`."""
        return self.place(file.sha256)

    def place(self, digest: str) -> Path:
        """Where a file of that sha256 lies."""
        return self._folder / digest[:2] / digest

    def _copy(self, path: Path) -> tuple[str, int]:
        """Copy and hash in one pass; the copy appears under its name whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with path.open("rb") as source, tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as copy:
            try:
                while block := source.read(1 << 20):
                    digest.update(block)
                    copy.write(block)
                copy.flush()
                os.fsync(copy.fileno())
                place = self.place(digest.hexdigest())
                place.parent.mkdir(exist_ok=True)
                Path(copy.name).chmod(0o644)  # workers of other accounts read it as well
                Path(copy.name).replace(place)
                _sync(place.parent)
            except BaseException:
                Path(copy.name).unlink(missing_ok=True)
                raise
        return digest.hexdigest(), place.stat().st_size


def file_of(row: asyncpg.Record) -> ArchiveFile:
    """A row of `FILES`."""
    return ArchiveFile(
        id=RawId(row["raw_id"]),
        source=row["source"],
        name=row["name"],
        sha256=row["sha256"].hex(),
        received_at=row["received_at"],
        lines_stored=row["lines_stored"],
        complete=row["complete"],
        replaces=None if row["replaces"] is None else RawId(row["replaces"]),
        superseded=row["superseded"],
        instrument_id=row["instrument_id"],
        mapping=row["mapping"],
    )


def _sync(folder: Path) -> None:
    """Make sure that a name in the folder outlives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


async def save_progress(driver: Driver, progress: Progress, instrument_id: InstrumentId) -> None:
    """How far an import got, in the transaction of the rows that got it there, which holds the instrument's lock.

    Raises:
        SupersededFile: meanwhile a newer version of the file took its place.
    """
    saved = await driver.fetchrow(_PROGRESS, progress.file_id, progress.lines, progress.complete, instrument_id)
    if saved is not None and saved[1] is not None:
        raise SupersededFile(saved[0])
