"""Raw bytes, found again: which payload or file a row came from, and what is in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import asyncpg

from candlewick.domain.errors import DamagedPayload, UnknownPayload
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page, TradeRow
from candlewick.domain.raw import ArchiveFile, Correction, KeptPayload, Payload, RawId, RawRecord
from candlewick.domain.time import MICROSECOND, Window
from candlewick.ports import CommitKey, PayloadPosition
from candlewick.storage import packing
from candlewick.storage.engine import Database
from candlewick.storage.raw import FILES, SOURCES, file_of
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
_MOST_AT_ONCE: Final = 200
_MOST_BYTES: Final = 16 * 1024 * 1024
"""Of payloads that are read at once, unpacked; a single one may have more."""
_PAYLOAD: Final = "id, source, endpoint, received_at, encoding, body, sha256, wanted_from, wanted_to, wanted_of"
_PAGE: Final = f"""
SELECT {_PAYLOAD} FROM (
    SELECT {_PAYLOAD}, row_number() OVER (ORDER BY received_at, id) AS place,
           sum(CASE WHEN body IS NULL THEN 0 ELSE byte_count END) OVER (ORDER BY received_at, id) AS bytes
    FROM raw_payload
    WHERE source = $1
      AND ($2::timestamptz IS NULL OR received_at >= $2) AND ($3::timestamptz IS NULL OR received_at < $3)
      AND ($4::timestamptz IS NULL OR (received_at, id) > ($4, $5::bigint))
    ORDER BY received_at, id
    LIMIT {_MOST_AT_ONCE}
) AS next_ones
WHERE place = 1 OR bytes <= {_MOST_BYTES}
ORDER BY received_at, id
"""
_ONE: Final = f"SELECT {_PAYLOAD} FROM raw_payload WHERE id = $1 AND body IS NOT NULL"
_SPAN: Final = """
SELECT min(received_at) AS first, max(received_at) AS last FROM raw_payload WHERE source = $1 AND body IS NOT NULL
"""
_FILES: Final = f"""{FILES}
WHERE f.source = $1 AND f.raw_id > $2 AND f.lines_stored > 0
  AND ($3::timestamptz IS NULL OR p.received_at >= $3) AND ($4::timestamptz IS NULL OR p.received_at < $4)
ORDER BY f.raw_id
LIMIT $5
"""
_NAMED: Final = f"{FILES} WHERE f.source = $1 AND f.name = ANY($2) AND f.lines_stored > 0 ORDER BY f.raw_id"
_CORRECTIONS: Final = """
SELECT instrument_id, raw_id, replaced_from, replaced_to FROM archive_file
WHERE instrument_id = ANY($1) AND replaced_from IS NOT NULL
"""
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

    async def sources(self) -> Sequence[str]:
        """See `RawReads.sources`."""
        async with self._database.driver() as driver:
            return [row["source"] for row in await driver.fetch(SOURCES)]

    async def span(self, source: str) -> Window | None:
        """See `RawReads.span`."""
        async with self._database.driver() as driver:
            row = await driver.fetchrow(_SPAN, source)
        return Window(row["first"], row["last"] + MICROSECOND) if row and row["first"] else None

    async def payloads(self, source: str, window: Window | None, after: PayloadPosition | None) -> Page[KeptPayload]:
        """See `RawReads.payloads`. The last page is an empty one."""
        bounds = (window.start, window.end) if window else (None, None)
        async with self._database.driver() as driver:
            rows = await driver.fetch(_PAGE, source, *bounds, *(after or (None, None)))
        return Page(await asyncio.to_thread(lambda: [_kept(row) for row in rows]), more=bool(rows))

    async def payload(self, raw_id: RawId) -> KeptPayload:
        """See `RawReads.payload`."""
        async with self._database.driver() as driver:
            row = await driver.fetchrow(_ONE, raw_id)
        if row is None:
            raise UnknownPayload(raw_id)
        return await asyncio.to_thread(_kept, row)

    async def files(self, source: str, window: Window | None, after: RawId, limit: int) -> Page[ArchiveFile]:
        """See `RawReads.files`."""
        bounds = (window.start, window.end) if window else (None, None)
        async with self._database.driver() as driver:
            rows = await driver.fetch(_FILES, source, after, *bounds, limit + 1)
        return Page([file_of(row) for row in rows[:limit]], more=len(rows) > limit)

    async def file(self, raw_id: RawId) -> ArchiveFile | None:
        """See `RawReads.file`."""
        async with self._database.driver() as driver:
            row = await driver.fetchrow(f"{FILES} WHERE f.raw_id = $1", raw_id)
        return None if row is None else file_of(row)

    async def imported(self, source: str, names: Sequence[str]) -> Mapping[str, ArchiveFile]:
        """See `RawReads.imported`."""
        async with self._database.driver() as driver:
            rows = await driver.fetch(_NAMED, source, list(names))
        return {file.name: file for file in map(file_of, rows)}

    async def corrections(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Sequence[Correction]]:
        """See `RawReads.corrections`."""
        found: dict[InstrumentId, list[Correction]] = {key: [] for key in instrument_ids}
        async with self._database.driver() as driver:
            for row in await driver.fetch(_CORRECTIONS, list(found)):
                window = Window(row["replaced_from"], row["replaced_to"])
                found[row["instrument_id"]].append(Correction(RawId(row["raw_id"]), window))
        return found


def _kept(row: asyncpg.Record) -> KeptPayload:
    raw_id, archived = RawId(row["id"]), row["body"] is None
    wanted = Window(row["wanted_from"], row["wanted_to"]) if row["wanted_from"] else None
    payload = Payload(row["source"], row["endpoint"], b"", row["received_at"], wanted, row["wanted_of"])
    if archived:
        return KeptPayload(raw_id, payload, archived=True)
    try:
        body = packing.unpack(raw_id, row["encoding"], row["body"], row["sha256"])
    except DamagedPayload as error:
        return KeptPayload(raw_id, payload, damage=error.reason)
    return KeptPayload(raw_id, replace(payload, body=body))


def record_of(columns: Iterable[Any]) -> RawRecord:
    """What a statement selects as `RECORD_COLUMNS`."""
    raw_id, source, endpoint, digest, byte_count, received_at, archived = columns
    return RawRecord(RawId(raw_id), source, endpoint, digest.hex(), byte_count, received_at, archived)
