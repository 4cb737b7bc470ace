"""The commit log, read instrument by instrument: which commits there are, and the trades that each stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, NamedTuple

import asyncpg

from candlewick.domain.commit import Commit, CommitKind, CommitNotice
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page, TradePosition, TradeRow
from candlewick.ports import Relay
from candlewick.storage.engine import Database, Driver
from candlewick.storage.relay import COMMIT_COLUMNS, commit_of, relaying
from candlewick.storage.trade_reads import TRADE_COLUMNS, trade_row
from candlewick.storage.versions import KIND_CODES

_AT_A_TIME: Final = 200
"""Commits whose trades are looked for in one statement."""
_SINCE: Final = f"""
SELECT {COMMIT_COLUMNS} FROM commit_log AS c
WHERE c.instrument_id = $1 AND c.version > $2
ORDER BY c.version
LIMIT $3
"""
_SINCE_EACH: Final = f"""
SELECT found.* FROM unnest($1::int[], $2::bigint[]) AS told (instrument_id, version)
CROSS JOIN LATERAL (
    SELECT {COMMIT_COLUMNS} FROM commit_log AS c
    WHERE c.instrument_id = told.instrument_id AND c.version > told.version
    ORDER BY c.version
    LIMIT $3
) AS found
ORDER BY found.instrument_id, found.version
"""
_TRADED: Final = ", ".join(str(KIND_CODES[kind]) for kind in (CommitKind.TRADES, CommitKind.CORRECTION))
_OF_TRADES: Final = f"""
SELECT version, start_time, end_time, row_count FROM commit_log
WHERE instrument_id = $1 AND version > $2 AND version <= $3 AND kind = ANY('{{{_TRADED}}}')
ORDER BY version
LIMIT {_AT_A_TIME}
"""

# A minute that was last touched by an earlier commit has none of its trades: most of a long window is passed over so.
_STORED: Final = f"""
SELECT done.version, {TRADE_COLUMNS}
FROM unnest($2::bigint[], $3::timestamptz[], $4::timestamptz[]) AS done (version, start_time, end_time)
CROSS JOIN LATERAL (
    SELECT trade.*
    FROM candle_m1 AS touched
    JOIN trade ON trade.instrument_id = $1 AND trade.minute = touched.open_time AND trade.version = done.version
        AND trade.minute >= done.start_time AND trade.minute < done.end_time
        AND ($6::bigint IS NULL OR done.version <> $6 OR (trade.minute, trade.sequence) > ($7::timestamptz, $8::bigint))
    WHERE touched.instrument_id = $1 AND touched.origin = 0 AND touched.version >= done.version
      AND touched.open_time >= done.start_time AND touched.open_time < done.end_time
    ORDER BY trade.minute, trade.sequence
    LIMIT $5
) AS t
ORDER BY done.version, t.minute, t.sequence
LIMIT $5
"""


class _Begun(NamedTuple):
    """A version of whose trades the reader has those up to a position."""

    version: int
    beyond: TradePosition


class StoredCommits:
    """The CommitLog on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def versions(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, int]:
        """See `CommitLog.versions`."""
        async with self._database.driver() as driver:
            rows = await driver.fetch(
                "SELECT instrument_id, version FROM instrument_version WHERE instrument_id = ANY($1)",
                list(instrument_ids),
            )
        return dict.fromkeys(instrument_ids, 0) | {InstrumentId(row[0]): int(row[1]) for row in rows}

    async def since(self, instrument_id: InstrumentId, version: int, limit: int) -> Sequence[Commit]:
        """See `CommitLog.since`."""
        async with self._database.driver() as driver:
            return [commit_of(row) for row in await driver.fetch(_SINCE, instrument_id, version, limit)]

    async def notices_since(self, after: Mapping[InstrumentId, int], limit: int) -> Sequence[CommitNotice]:
        """See `KeptCommits.notices_since`."""
        async with self._database.driver() as driver:
            rows = await driver.fetch(_SINCE_EACH, list(after), list(after.values()), limit)
        return [commit_of(row).notice for row in rows]

    async def trades_since(
        self, instrument_id: InstrumentId, after: int, upto: int, limit: int, beyond: TradePosition | None = None
    ) -> Page[TradeRow]:
        """See `CommitLog.trades_since`. A trade that a correction took out again is not among them."""
        begun = None if beyond is None else _Begun(after + 1, beyond)
        rows: list[TradeRow] = []
        async with self._database.snapshot() as driver:
            while after < upto and len(rows) <= limit:
                commits = await driver.fetch(_OF_TRADES, instrument_id, after, upto)
                if not commits:
                    break
                chosen = _enough(commits, limit + 1 - len(rows))
                rows += await _stored(driver, instrument_id, chosen, begun, limit + 1 - len(rows))
                after = chosen[-1]["version"]
        return Page(rows[:limit], more=len(rows) > limit)

    def relay(self) -> AbstractAsyncContextManager[Relay | None]:
        """See `CommitLog.relay`."""
        return relaying(self._database)


def _enough(commits: Sequence[asyncpg.Record], wanted: int) -> Sequence[asyncpg.Record]:
    """The first of them that stored as many rows as are wanted; all of them, if they stored fewer."""
    total = 0
    for place, commit in enumerate(commits, start=1):
        total += commit["row_count"]
        if total >= wanted:
            return commits[:place]
    return commits


async def _stored(
    driver: Driver, instrument_id: InstrumentId, commits: Sequence[asyncpg.Record], begun: _Begun | None, limit: int
) -> list[TradeRow]:
    starts = [
        max(commit["start_time"], begun.beyond.minute)
        if begun and commit["version"] == begun.version
        else commit["start_time"]
        for commit in commits
    ]
    rows = await driver.fetch(
        _STORED,
        instrument_id,
        [commit["version"] for commit in commits],
        starts,
        [commit["end_time"] for commit in commits],
        limit,
        *((begun.version, *begun.beyond) if begun else (None, None, None)),
    )
    return [trade_row(row) for row in rows]
