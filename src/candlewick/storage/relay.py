"""The relay: reads the commit log once for everybody, in order, without waiting for anyone.

Why each instrument's commits come in order and without a hole: a writer draws its row's id and version while it holds
the instrument's lock, and lets go of it only when its commit is visible. So within an instrument ids and versions grow
together, and a snapshot that shows one version shows all before it. One statement reads the new rows and the gaps.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from candlewick.domain.commit import Commit, CommitNotice
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window
from candlewick.storage.engine import Database, Driver
from candlewick.storage.log_ids import SeenIds
from candlewick.storage.versions import KINDS

_LOCK: Final = 0x72656C6179  # "relay": one in a database
LONGEST_SILENCE: Final = "20s"
"""After that the server ends the relay's session: a process that was stopped must not stay the relay."""

COMMIT_COLUMNS: Final = (
    "c.id, c.instrument_id, c.version, c.kind, c.start_time, c.end_time, c.row_count, c.committed_at"
)
"""What `commit_of` makes a Commit of."""

_FRESH: Final = f"""
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest_running, c.*
FROM (VALUES (1)) AS one
LEFT JOIN LATERAL (
    SELECT {COMMIT_COLUMNS}
    FROM unnest($1::bigint[], $2::bigint[]) AS gap (first, last)
    JOIN commit_log AS c ON c.id BETWEEN gap.first AND gap.last
    UNION ALL
    (SELECT {COMMIT_COLUMNS} FROM commit_log AS c WHERE c.id > $3 ORDER BY c.id LIMIT $4)
    ORDER BY id
    LIMIT $4
) AS c ON true
ORDER BY c.id
"""

# The transaction ids that a snapshot knows of are no bound: somebody may have drawn a higher one, and then a lower id.
_HORIZON: Final = "SELECT pg_current_xact_id()::text::bigint"

_MARK: Final = """
WITH marked AS (
    INSERT INTO relay_position AS kept (instrument_id, version)
    SELECT published.* FROM unnest($1::int[], $2::bigint[]) AS published (instrument_id, version)
    JOIN instrument_version USING (instrument_id)
    ORDER BY instrument_id
    ON CONFLICT (instrument_id) DO UPDATE SET version = greatest(kept.version, excluded.version)
)
UPDATE relay_mark SET id = $3
"""


@asynccontextmanager
async def relaying(database: Database) -> AsyncIterator[CommitRelay | None]:
    """The relay, for as long as the block lasts; None while another session has it."""
    async with database.driver() as driver:
        if not await driver.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
            yield None
            return
        try:
            await driver.execute(f"SET idle_session_timeout = '{LONGEST_SILENCE}'")
            yield await CommitRelay.resume(driver)
            await driver.execute("RESET idle_session_timeout")
            await driver.execute("SELECT pg_advisory_unlock($1)", _LOCK)
        except BaseException:
            await driver.close()  # the lock goes with the session
            raise


class CommitRelay:
    """The Relay on PostgreSQL. `positions`: the last version of each instrument that was marked."""

    def __init__(self, driver: Driver, seen: SeenIds, positions: dict[InstrumentId, int]) -> None:
        self._driver = driver
        self._seen = seen
        self._positions = positions
        self._unmarked: dict[int, Commit] = {}

    @classmethod
    async def resume(cls, driver: Driver) -> CommitRelay:
        """Go on from where the last relay marked."""
        mark = await driver.fetchval("SELECT id FROM relay_mark")
        rows = await driver.fetch("SELECT instrument_id, version FROM relay_position")
        return cls(driver, SeenIds(mark), {InstrumentId(row["instrument_id"]): row["version"] for row in rows})

    async def fresh(self, limit: int) -> Sequence[Commit]:
        """See `Relay.fresh`."""
        while len(self._unmarked) < limit:
            rows = await self._read(limit - len(self._unmarked))
            if not rows:
                break
            for commit in map(commit_of, rows):
                if commit.notice.version > self._positions.get(commit.notice.instrument_id, 0):
                    self._unmarked[commit.id] = commit
        return list(self._unmarked.values())[:limit]

    async def mark(self, commits: Sequence[Commit]) -> None:
        """See `Relay.mark`."""
        for commit in commits:
            self._unmarked.pop(commit.id, None)
            notice = commit.notice
            self._positions[notice.instrument_id] = max(notice.version, self._positions.get(notice.instrument_id, 0))
        changed = sorted({commit.notice.instrument_id for commit in commits})
        versions = [self._positions[instrument_id] for instrument_id in changed]
        settled = min([self._seen.settled, *(one - 1 for one in self._unmarked)])
        await self._driver.execute(_MARK, changed, versions, settled)

    async def _read(self, limit: int) -> list[asyncpg.Record]:
        """The next rows that were not seen, in the order of their ids."""
        seen = self._seen
        gaps = seen.gaps
        found = await self._driver.fetch(
            _FRESH, [gap.first for gap in gaps], [gap.last for gap in gaps], seen.highest, limit
        )
        rows = [row for row in found if row["id"] is not None]
        seen.add(row["id"] for row in rows)
        if len(rows) < limit:  # else there may be more in the gaps
            seen.close(found[0]["oldest_running"])
        if seen.undated:
            seen.date(await self._driver.fetchval(_HORIZON))
        return rows


def commit_of(row: asyncpg.Record) -> Commit:
    """The row of a statement that selects `COMMIT_COLUMNS`."""
    notice = CommitNotice(
        InstrumentId(row["instrument_id"]),
        row["version"],
        KINDS[row["kind"]],
        Window(row["start_time"], row["end_time"]),
    )
    return Commit(row["id"], notice, row["row_count"], row["committed_at"])
