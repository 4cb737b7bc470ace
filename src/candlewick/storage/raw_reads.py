"""Raw bytes, found again: which payload or file a row came from, and what is in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from candlewick.domain.errors import UnknownPayload
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import TradeRow
from candlewick.domain.raw import RawId, RawRecord
from candlewick.ports import CommitKey
from candlewick.storage import packing
from candlewick.storage.engine import Database
from candlewick.storage.trade_reads import TRADE_COLUMNS, trade_row

RECORD_COLUMNS: Final = "p.id, p.source, p.endpoint, p.sha256, p.byte_count, p.received_at, p.body IS NULL AS archived"
"""What `record_of` makes a RawRecord of."""

_RECORDS: Final = f"SELECT {RECORD_COLUMNS} FROM raw_payload AS p WHERE p.id = ANY($1)"
_OF_COMMITS: Final = f"""
SELECT c.instrument_id, c.version, {RECORD_COLUMNS}
FROM unnest($1::int[], $2::bigint[]) AS asked (instrument_id, version)
JOIN commit_log AS c ON c.instrument_id = asked.instrument_id AND c.version = asked.version
JOIN raw_payload AS p ON p.id = c.raw_id
"""

# Minute candles know which sequences their trades have: without them, every chunk would be looked through.
_OF_TRADE: Final = f"""
SELECT {RECORD_COLUMNS}, c.version AS commit, {TRADE_COLUMNS}
FROM candle_m1 AS touched
JOIN trade AS t ON t.instrument_id = $1 AND t.minute = touched.open_time AND t.sequence = $2
LEFT JOIN commit_log AS c ON c.instrument_id = $1 AND c.version = t.version
LEFT JOIN raw_payload AS p ON p.id = c.raw_id
WHERE touched.instrument_id = $1 AND touched.origin = 0
  AND touched.first_sequence <= $2 AND touched.last_sequence >= $2
ORDER BY t.minute
LIMIT {{limit}}
"""
_MOST_ALIKE: Final = 100
"""Trades of one instrument that have the same sequence, in different minutes: one, where a venue is sane."""
_WIDTH: Final = RECORD_COLUMNS.count(",") + 1
_BODY: Final = "SELECT encoding, body, sha256 FROM raw_payload WHERE id = $1 AND body IS NOT NULL"
_BODIES: Final = "SELECT id, encoding, body FROM raw_payload WHERE id = ANY($1) AND body IS NOT NULL"


class RawPayloads:
    """The RawReads on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def records(self, raw_ids: Sequence[RawId]) -> Mapping[RawId, RawRecord]:
        """See `RawReads.records`."""
        async with self._database.driver() as driver:
            rows = await driver.fetch(_RECORDS, list(raw_ids))
        return {record.id: record for record in map(record_of, rows)}

    async def of_commits(self, commits: Sequence[CommitKey]) -> Mapping[CommitKey, RawRecord]:
        """See `RawReads.of_commits`."""
        instrument_ids, versions = zip(*commits, strict=True) if commits else ((), ())
        async with self._database.driver() as driver:
            rows = await driver.fetch(_OF_COMMITS, instrument_ids, versions)
        return {(InstrumentId(row["instrument_id"]), row["version"]): record_of(row[2:]) for row in rows}

    async def of_trade(self, instrument_id: InstrumentId, sequence: int) -> Sequence[tuple[TradeRow, RawRecord | None]]:
        """See `RawReads.of_trade`."""
        async with self._database.driver() as driver:
            rows = await driver.fetch(_OF_TRADE.format(limit=_MOST_ALIKE), instrument_id, sequence)
        return [(trade_row(row[_WIDTH:]), None if row[0] is None else record_of(row[:_WIDTH])) for row in rows]

    async def body(self, raw_id: RawId) -> bytes:
        """See `RawReads.body`."""
        async with self._database.driver() as driver:
            row = await driver.fetchrow(_BODY, raw_id)
        if row is None:
            raise UnknownPayload(raw_id)
        return await asyncio.to_thread(packing.unpack, raw_id, row["encoding"], row["body"], row["sha256"])

    async def beginnings(self, raw_ids: Sequence[RawId], most: int) -> Mapping[RawId, bytes]:
        """See `RawReads.beginnings`."""
        async with self._database.driver() as driver:
            rows = await driver.fetch(_BODIES, list(raw_ids))
        return {RawId(row["id"]): packing.start(row["id"], row["encoding"], row["body"], most) for row in rows}


def record_of(columns: Iterable[Any]) -> RawRecord:
    """What a statement selects as `RECORD_COLUMNS`."""
    raw_id, source, endpoint, digest, byte_count, received_at, archived = columns
    return RawRecord(RawId(raw_id), source, endpoint, digest.hex(), byte_count, received_at, archived)
