"""Indicators that are kept ready: values go in with the standing that they bring a series to, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from candlewick.domain.commit import CommitKind
from candlewick.domain.errors import LeaseLost
from candlewick.domain.job import Lease
from candlewick.domain.kept import (
    Checkpoint,
    Kept,
    KeptChange,
    KeptId,
    KeptKey,
    KeptPage,
    KeptPoint,
    KeptWrite,
    Standing,
    State,
)
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window
from candlewick.storage import leases
from candlewick.storage.engine import Database, Driver
from candlewick.storage.versions import KIND_CODES

_COLUMNS: Final = """
id, instrument_id, bar, indicator, version, until, redo_from, redo_to, candles, state, revision,
touched_at > now() - INTERVAL '3 hours' AS alive
"""
ALL: Final = (-1, 2**62)
"""All revisions."""
_FIRST: Final = datetime(1700, 1, 1, tzinfo=UTC)
_END: Final = datetime(9999, 1, 1, tzinfo=UTC)
_OF_INSTRUMENT: Final = f"SELECT {_COLUMNS} FROM indicator_series WHERE instrument_id = $1 AND bar = $2"
_BEGIN: Final = """
INSERT INTO indicator_series (instrument_id, bar, indicator, version, until, redo_from, redo_to)
SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
                     $7::timestamptz[])
ON CONFLICT (instrument_id, bar, indicator) DO NOTHING
"""

# What was not as the writer knew it is not moved on: he is told, and nothing is stored.
_MOVE: Final = """
UPDATE indicator_series AS kept
SET version = new.version, until = new.until, redo_from = new.redo_from, redo_to = new.redo_to,
    candles = new.candles, state = new.state, touched_at = now()
FROM unnest($1::int[], $2::bigint[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::timestamptz[],
            $7::timestamptz[], $8::timestamptz[], $9::bigint[], $10::text[])
    AS new (id, was_version, was_until, was_revision, version, until, redo_from, redo_to, candles, state)
WHERE kept.id = new.id AND kept.version = new.was_version AND kept.until = new.was_until
  AND kept.revision = new.was_revision
RETURNING kept.id
"""

# The bounds of all windows are said once more: so the planner need not look into every chunk.
_CLEAR: Final = """
DELETE FROM indicator_value AS kept
USING unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS span (id, start_time, end_time)
WHERE kept.series_id = span.id AND kept.open_time >= span.start_time AND kept.open_time < span.end_time
  AND kept.open_time >= $4 AND kept.open_time < $5
  AND NOT EXISTS (
      SELECT FROM unnest($6::int[], $7::timestamptz[]) AS fresh (id, open_time)
      WHERE fresh.id = kept.series_id AND fresh.open_time = kept.open_time)
RETURNING kept.series_id, kept.open_time
"""

# A value that is the same again keeps its revision: to those who follow it is no news.
_PUT: Final = """
INSERT INTO indicator_value AS kept (series_id, open_time, outputs, stable, revision, version)
SELECT fresh.id, fresh.open_time, fresh.outputs::double precision[], fresh.stable, fresh.revision, fresh.version
FROM unnest($1::int[], $2::timestamptz[], $3::text[], $4::boolean[], $5::bigint[], $6::bigint[])
    AS fresh (id, open_time, outputs, stable, revision, version)
ORDER BY fresh.id, fresh.open_time
ON CONFLICT (series_id, open_time) DO UPDATE SET
    outputs = excluded.outputs, stable = excluded.stable, revision = excluded.revision, version = excluded.version
WHERE (kept.outputs, kept.stable) IS DISTINCT FROM (excluded.outputs, excluded.stable)
RETURNING series_id, open_time
"""
_CHANGE: Final = """
WITH changed AS (
    SELECT * FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS one (id, first_open, last_open)
), moved AS (
    UPDATE indicator_series AS kept SET revision = kept.revision + 1 FROM changed WHERE kept.id = changed.id
    RETURNING kept.id, kept.revision
)
INSERT INTO indicator_change (series_id, revision, start_time, end_time)
SELECT id, revision, first_open, last_open + INTERVAL '1 microsecond' FROM changed JOIN moved USING (id)
"""
_CHECKPOINT: Final = """
INSERT INTO indicator_checkpoint (series_id, open_time, candles, state) VALUES ($1, $2, $3, $4)
ON CONFLICT (series_id, open_time) DO UPDATE SET candles = excluded.candles, state = excluded.state
"""
_FORGET: Final = """
DELETE FROM indicator_checkpoint AS old USING unnest($1::int[], $2::timestamptz[]) AS back (id, until)
WHERE old.series_id = back.id AND old.open_time > back.until
"""
_READ: Final = """
SELECT asked.id, point.* FROM unnest($1::int[], $2::bigint[], $3::bigint[]) AS asked (id, after, upto)
CROSS JOIN LATERAL (
    SELECT open_time, outputs, stable FROM indicator_value
    WHERE series_id = asked.id AND open_time >= $4 AND open_time < $5
      AND revision > asked.after AND revision <= asked.upto
    ORDER BY open_time DESC LIMIT $6
) AS point
ORDER BY asked.id, point.open_time
"""
_LAST: Final = "SELECT id, revision FROM indicator_series WHERE id = ANY($1)"
_CLEAN: Final = f"""
SELECT {_COLUMNS} FROM indicator_series AS kept
WHERE (instrument_id, bar, indicator) IN (SELECT * FROM unnest($1::int[], $2::text[], $3::text[]))
  AND until >= $5 AND (redo_from IS NULL OR redo_from >= $5 OR redo_to <= $4)
  AND NOT EXISTS (
      SELECT FROM commit_log AS later
      WHERE later.instrument_id = kept.instrument_id AND later.version > kept.version
        AND later.start_time < $5 AND later.kind <> {KIND_CODES[CommitKind.GAP]})
"""
_CHANGES: Final = """
SELECT found.* FROM unnest($1::int[], $2::bigint[]) AS told (id, revision)
CROSS JOIN LATERAL (
    SELECT series_id, revision, start_time, end_time FROM indicator_change
    WHERE series_id = told.id AND revision > told.revision ORDER BY revision LIMIT $3
) AS found
ORDER BY found.series_id, found.revision
"""
_FORMER: Final = """
SELECT open_time, candles, state FROM indicator_checkpoint
WHERE series_id = $1 AND open_time <= $2 ORDER BY open_time DESC LIMIT 1
"""
_OLD_CHANGES: Final = "DELETE FROM indicator_change WHERE stored_at < now() - $1::interval"
_OLD_SERIES: Final = """
DELETE FROM indicator_series WHERE id IN (
    SELECT id FROM indicator_series WHERE touched_at < now() - $1::interval ORDER BY touched_at LIMIT $2
) RETURNING id
"""
_PRUNED: Final = 20
"""Series that are deleted at once: of each there may be millions of values."""


class KeptIndicators:
    """The KeptStore on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_instrument(self, instrument_id: InstrumentId, bar: str) -> Mapping[str, Kept]:
        """See `KeptReads.of_instrument`."""
        async with self._database.driver() as driver:
            rows = await driver.fetch(_OF_INSTRUMENT, instrument_id, bar)
        return {row["indicator"]: _kept(row) for row in rows}

    async def begin(self, series: Mapping[KeptKey, Standing], lease: Lease) -> None:
        """See `KeptStore.begin`."""
        keys, standings = list(series), list(series.values())
        async with self._database.transaction() as driver:
            await leases.hold(driver, lease)
            await driver.execute(
                _BEGIN, *_columns(keys, 3), [each.version for each in standings], [each.until for each in standings],
                *_redo(standings),
            )  # fmt: skip

    async def store(self, writes: Sequence[KeptWrite], lease: Lease) -> Sequence[Kept]:
        """See `KeptStore.store`."""
        async with self._database.transaction() as driver:
            await leases.hold(driver, lease)
            await _move(driver, writes, lease)
            changed = await _put(driver, writes)
            if changed:
                ids = list(changed)
                await driver.execute(_CHANGE, ids, *_columns(list(changed.values()), 2))
            await _keep_checkpoints(driver, writes)
        return [_after(write, changed=write.series.id in changed) for write in writes]

    async def checkpoint(self, series_id: KeptId, moment: datetime) -> Checkpoint | None:
        """See `KeptStore.checkpoint`."""
        async with self._database.driver() as driver:
            row = await driver.fetchrow(_FORMER, series_id, moment)
        return None if row is None else Checkpoint(row["open_time"], row["candles"], _state(row["state"]))

    async def read(self, series_ids: Sequence[KeptId], window: Window, limit: int) -> Mapping[KeptId, KeptPage]:
        """See `KeptReads.read`."""
        async with self._database.driver() as driver:
            return await _read(driver, dict.fromkeys(series_ids, ALL), window, limit)

    async def newest(self, series_ids: Sequence[KeptId], limit: int) -> Mapping[KeptId, tuple[int, KeptPage]]:
        """See `KeptReads.newest`."""
        async with self._database.snapshot() as driver:
            rows = {KeptId(row["id"]): row for row in await driver.fetch(_LAST, list(series_ids))}
            pages = await _read(driver, dict.fromkeys(rows, ALL), Window(_FIRST, _END), limit) if rows else {}
        return {series_id: (row["revision"], pages[series_id]) for series_id, row in rows.items()}

    async def read_changed(
        self, revisions: Mapping[KeptId, tuple[int, int]], window: Window, limit: int
    ) -> Mapping[KeptId, KeptPage]:
        """See `KeptReads.read_changed`."""
        async with self._database.driver() as driver:
            return await _read(driver, revisions, window, limit)

    async def read_clean(self, keys: Sequence[KeptKey], window: Window, limit: int) -> Mapping[KeptKey, KeptPage]:
        """See `KeptReads.read_clean`."""
        async with self._database.snapshot() as driver:
            rows = await driver.fetch(_CLEAN, *_columns(keys, 3), window.start, window.end)
            found = {each.id: each.key for each in map(_kept, rows)}
            pages = await _read(driver, dict.fromkeys(found, ALL), window, limit) if found else {}
        return {found[series_id]: page for series_id, page in pages.items()}

    async def changes(self, after: Mapping[KeptId, int], limit: int) -> Sequence[KeptChange]:
        """See `KeptReads.changes`."""
        async with self._database.driver() as driver:
            rows = await driver.fetch(_CHANGES, list(after), list(after.values()), limit)
        return [
            KeptChange(KeptId(row["series_id"]), row["revision"], Window(row["start_time"], row["end_time"]))
            for row in rows
        ]

    async def revisions(self, series_ids: Sequence[KeptId]) -> Mapping[KeptId, int]:
        """See `KeptReads.revisions`."""
        async with self._database.driver() as driver:
            rows = await driver.fetch("SELECT id, revision FROM indicator_series WHERE id = ANY($1)", list(series_ids))
        return {KeptId(row["id"]): row["revision"] for row in rows}

    async def prune(self, changes_after: timedelta, series_after: timedelta) -> int:
        """Delete what tells of changes that old, and some series that nobody has kept for so long: how many."""
        async with self._database.transaction() as driver:
            await driver.execute(_OLD_CHANGES, changes_after)
            ids = [row["id"] for row in await driver.fetch(_OLD_SERIES, series_after, _PRUNED)]
            if ids:
                await driver.execute("DELETE FROM indicator_value WHERE series_id = ANY($1)", ids)
        return len(ids)


async def _move(driver: Driver, writes: Sequence[KeptWrite], lease: Lease) -> None:
    before, after = [write.series.standing for write in writes], [write.standing for write in writes]
    moved = await driver.fetch(
        _MOVE,
        [write.series.id for write in writes],
        [each.version for each in before],
        [each.until for each in before],
        [each.revision for each in before],
        [each.version for each in after],
        [each.until for each in after],
        *_redo(after),
        [each.candles for each in after],
        [_text(each.state) for each in after],
    )
    if len(moved) != len(writes):
        raise LeaseLost(lease.name)


async def _put(driver: Driver, writes: Sequence[KeptWrite]) -> dict[KeptId, tuple[datetime, datetime]]:
    """Put the points in the place of those in their windows; the first and the last that changed of each series."""
    spans = [(write.series.id, write.window) for write in writes if write.window is not None]
    if not spans:
        return {}
    rows = [
        (write.series.id, point.open_time, _array(point.values), point.stable, write.series.standing.revision + 1,
         write.standing.version)
        for write in writes
        for point in write.points
    ]  # fmt: skip
    columns = _columns(rows, 6)
    starts, ends = [window.start for _, window in spans], [window.end for _, window in spans]
    gone = await driver.fetch(
        _CLEAR, [key for key, _ in spans], starts, ends, min(starts), max(ends), columns[0], columns[1]
    )
    changed: dict[KeptId, tuple[datetime, datetime]] = {}
    for row in [*gone, *(await driver.fetch(_PUT, *columns) if rows else ())]:
        first, last = changed.get(row["series_id"], (row["open_time"], row["open_time"]))
        changed[row["series_id"]] = min(first, row["open_time"]), max(last, row["open_time"])
    return changed


async def _keep_checkpoints(driver: Driver, writes: Sequence[KeptWrite]) -> None:
    back = [(write.series.id, write.begins) for write in writes if write.begins < write.series.standing.until]
    if back:
        await driver.execute(_FORGET, *_columns(back, 2))
    for write in writes:
        if write.checkpoint is not None:
            open_time, candles, state = write.checkpoint
            await driver.execute(_CHECKPOINT, write.series.id, open_time, candles, _text(state))


async def _read(
    driver: Driver, revisions: Mapping[KeptId, tuple[int, int]], window: Window, limit: int
) -> dict[KeptId, KeptPage]:
    after, upto = _columns(list(revisions.values()), 2)
    points: dict[KeptId, list[KeptPoint]] = {series_id: [] for series_id in revisions}
    for row in await driver.fetch(_READ, list(revisions), after, upto, window.start, window.end, limit + 1):
        points[row["id"]].append(KeptPoint(row["open_time"], row["outputs"], row["stable"]))
    return {key: KeptPage(found[-limit:], len(found) > limit) for key, found in points.items()}


def _after(write: KeptWrite, *, changed: bool) -> Kept:
    revision = write.series.standing.revision + changed
    return replace(write.series, standing=replace(write.standing, revision=revision))


def _kept(row: asyncpg.Record) -> Kept:
    redo = None if row["redo_from"] is None else Window(row["redo_from"], row["redo_to"])
    standing = Standing(row["version"], row["until"], redo, row["candles"], _state(row["state"]), row["revision"])
    key = KeptKey(row["instrument_id"], row["bar"], row["indicator"])
    return Kept(row["id"], key, standing, row["alive"])


def _redo(standings: Sequence[Standing]) -> list[list[datetime | None]]:
    starts = [each.redo.start if each.redo else None for each in standings]
    return [starts, [each.redo.end if each.redo else None for each in standings]]


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _array(values: Sequence[float | None]) -> str:
    """As PostgreSQL reads it; a float's shortest text is that float again."""
    return "{" + ",".join("NULL" if value is None else repr(value) for value in values) + "}"


def _text(state: State) -> str:
    return json.dumps(dict(state))


def _state(text: str) -> State:
    found: State = json.loads(text)
    return found
