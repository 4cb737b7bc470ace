"""Gaps: what is missing, kept as rows, so that it is repaired and nobody takes it for a silent market."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.gap import Gap, GapEvidence, GapId, GapState, NewGap
from candlewick.domain.job import Lease
from candlewick.domain.market import InstrumentId
from candlewick.domain.rhythm import Rhythm
from candlewick.domain.time import Window
from candlewick.storage import coverage, gap_changes, gap_rows, leases, versions
from candlewick.storage.engine import Database, Driver
from candlewick.storage.gap_rows import GAP_COLUMNS, End, gap_of
from candlewick.storage.series import ORIGIN_CODES
from candlewick.storage.versions import Turn

# A repairer is gone when its lease ran out, was given back or was taken by somebody else.
_GONE: Final = """
NOT EXISTS (
    SELECT FROM lease WHERE lease.name = gap.lease_name AND lease.token = gap.lease_token
    AND lease.expires_at > clock_timestamp())
"""
_BEGIN: Final = f"""
UPDATE gap SET state = 'REPAIRING', lease_name = $2, lease_token = $3
WHERE id = ANY($1) AND (state = 'OPEN' OR state = 'REPAIRING' AND ((lease_name, lease_token) = ($2, $3) OR {_GONE}))
RETURNING {GAP_COLUMNS}
"""
_REAP: Final = f"""
UPDATE gap SET state = 'OPEN', lease_name = NULL, lease_token = NULL
WHERE state = 'REPAIRING' AND {_GONE}
"""
_DUE: Final = """
SELECT instrument_id FROM gap
WHERE state = 'OPEN' AND (retry_at IS NULL OR retry_at <= $1) AND source = ANY($2)
GROUP BY instrument_id ORDER BY min(id) LIMIT $3
"""
_DUE_OF: Final = f"""
SELECT {GAP_COLUMNS} FROM gap
WHERE instrument_id = $1 AND (retry_at IS NULL OR retry_at <= $2)
  AND (state = 'OPEN' OR state = 'REPAIRING' AND {_GONE})
ORDER BY start_time, id LIMIT $3
"""
_MOST_OPEN: Final = 10_000
_OPEN: Final = f"""
SELECT {GAP_COLUMNS} FROM gap
WHERE instrument_id = ANY($1) AND state IN ('OPEN', 'REPAIRING')
ORDER BY start_time DESC, id DESC LIMIT {_MOST_OPEN}
"""
_READ: Final = f"""
SELECT newest.* FROM unnest($1::int[]) AS asked (asked_id)
CROSS JOIN LATERAL (
    SELECT {GAP_COLUMNS} FROM gap
    WHERE instrument_id = asked_id AND ($2::timestamptz IS NULL OR end_time > $2 AND start_time < $3)
    ORDER BY start_time DESC, id DESC LIMIT $4
) AS newest
ORDER BY newest.start_time, newest.id
"""

_CHANGED: Final = f"""
SELECT * FROM (
    SELECT {GAP_COLUMNS}, version FROM gap WHERE instrument_id = $1 AND version > $2 AND version <= $3
    ORDER BY version DESC, id DESC LIMIT $4
) AS newest
ORDER BY version, id
"""
_RHYTHMS: Final = """
SELECT asked_id, pace.* FROM unnest($1::int[]) AS asked (asked_id)
CROSS JOIN LATERAL (
    SELECT sum(trade_count)::bigint AS trades, max(open_time) - min(open_time) + INTERVAL '1 minute' AS span,
           min(trade_count) AS fewest, max(open_time - former) - INTERVAL '1 minute' AS longest_pause
    FROM (
        SELECT open_time, trade_count, lag(open_time) OVER (ORDER BY open_time) AS former
        FROM candle_m1
        WHERE instrument_id = asked_id AND origin = 0 AND open_time >= $2::timestamptz - INTERVAL '1 day'
          AND open_time < date_trunc('minute', $2, 'UTC')
    ) AS minute
) AS pace
WHERE trades > 0
"""


class StoredGaps:
    """The GapStore on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(
        self, found: Sequence[NewGap], *, now: datetime, lease: Lease | None = None, repairing: bool = False
    ) -> Sequence[Gap]:
        """See `GapStore.record`."""
        made: dict[GapId, Gap] = {}
        in_order = sorted(found, key=lambda new: (new.instrument_id, new.window))
        for instrument_id, news in groupby(in_order, key=lambda new: new.instrument_id):
            async with self._database.transaction() as driver:
                turn = await versions.lock(driver, instrument_id)
                await leases.hold(driver, lease)
                rows: dict[GapId, Gap] = {}
                for new in news:
                    if turn.retention_floor is None or new.window.end > turn.retention_floor:
                        found_rows = await gap_changes.record(driver, new, now, lease if repairing else None)
                        rows |= {gap.id: gap for gap in found_rows}
                await gap_changes.tell(driver, turn, list(rows.values()))
            made |= rows
        return list(made.values())

    async def begin(self, ids: Sequence[GapId], lease: Lease) -> Sequence[Gap]:
        """See `GapStore.begin`."""
        async with self._database.transaction() as driver:
            await leases.hold(driver, lease)
            rows = await driver.fetch(_BEGIN, list(ids), lease.name, lease.token)
        return sorted(map(gap_of, rows), key=lambda gap: (gap.window, gap.id))

    async def settle(
        self, gap_id: GapId, *, now: datetime, lease: Lease | None, retry_at: datetime | None, reason: str
    ) -> Gap:
        """See `GapStore.settle`."""
        async with self._database.transaction() as driver:
            gap, turn = await _lock(driver, gap_id, lease)
            if gap.state is GapState.REPAIRED:
                return gap
            settled = await gap_changes.settle(driver, gap, now, retry_at, reason)
            await gap_changes.tell(driver, turn, settled)
            return settled[0]

    async def dismiss(self, gap_id: GapId, *, now: datetime, lease: Lease | None, reason: str) -> Gap:
        """See `GapStore.dismiss`."""
        async with self._database.transaction() as driver:
            gap, turn = await _lock(driver, gap_id, lease)
            ended = await gap_rows.finish(driver, gap, End(GapState.REPAIRED, now, reason, gap.tries))
            await gap_changes.tell(driver, turn, [ended])
            return ended

    async def due(self, now: datetime, sources: Collection[str], limit: int) -> Sequence[InstrumentId]:
        """See `GapStore.due`."""
        async with self._database.driver() as driver:
            await driver.execute(_REAP)
            return [InstrumentId(row["instrument_id"]) for row in await driver.fetch(_DUE, now, list(sources), limit)]

    async def due_of(self, instrument_id: InstrumentId, now: datetime, limit: int) -> Sequence[Gap]:
        """See `GapStore.due_of`."""
        async with self._database.driver() as driver:
            return [gap_of(row) for row in await driver.fetch(_DUE_OF, instrument_id, now, limit)]

    async def unfilled(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Sequence[Gap]]:
        """See `GapStore.unfilled`."""
        found: dict[InstrumentId, list[Gap]] = {key: [] for key in instrument_ids}
        async with self._database.driver() as driver:
            for row in reversed(await driver.fetch(_OPEN, list(instrument_ids))):
                found[row["instrument_id"]].append(gap_of(row))
        return found

    async def read(
        self, instrument_ids: Sequence[InstrumentId], window: Window | None, limit: int
    ) -> Mapping[InstrumentId, Sequence[Gap]]:
        """See `GapStore.read`."""
        found: dict[InstrumentId, list[Gap]] = {key: [] for key in instrument_ids}
        bounds = (window.start, window.end) if window else (None, None)
        async with self._database.driver() as driver:
            for row in await driver.fetch(_READ, list(instrument_ids), *bounds, limit):
                found[row["instrument_id"]].append(gap_of(row))
        return found

    async def search(
        self, instrument_id: InstrumentId, source: str, window: Window, *, now: datetime, lease: Lease | None = None
    ) -> Sequence[Gap]:
        """See `GapStore.search`."""
        made: list[Gap] = []
        for day in window.days():
            async with self._database.driver() as driver:
                found = await gap_rows.holes_between(driver, instrument_id, day)
            news = [
                NewGap(instrument_id, source, GapEvidence.MISSING_SEQUENCES, span.window, span.first, span.last, now)
                for span in found
            ]
            made += await self.record(news, now=now, lease=lease)
        return made

    async def put_off(self, gap_id: GapId, *, lease: Lease | None, retry_at: datetime, reason: str) -> Gap:
        """See `GapStore.put_off`."""
        async with self._database.transaction() as driver:
            gap, _ = await _lock(driver, gap_id, lease)
            if not gap.state.unfilled:
                return gap
            return await gap_rows.finish(driver, gap, End(GapState.OPEN, retry_at, reason, gap.tries, retry_at))

    async def covers(self, instrument_id: InstrumentId, window: Window) -> bool:
        """See `GapStore.covers`."""
        async with self._database.driver() as driver:
            return await coverage.is_covered(driver, instrument_id, window)

    async def changed(self, instrument_id: InstrumentId, after: int, upto: int, limit: int) -> Sequence[Gap]:
        """See `GapStore.changed`."""
        async with self._database.driver() as driver:
            return [gap_of(row) for row in await driver.fetch(_CHANGED, instrument_id, after, upto, limit)]

    async def rhythms(self, instrument_ids: Sequence[InstrumentId], until: datetime) -> Mapping[InstrumentId, Rhythm]:
        """See `GapStore.rhythms`."""
        async with self._database.driver() as driver:
            rows = await driver.fetch(_RHYTHMS, list(instrument_ids), until)
        return {
            InstrumentId(key): Rhythm(trades, span, max(fewest, 1), pause or timedelta())
            for key, trades, span, fewest, pause in rows
        }

    async def cover(
        self,
        instrument_id: InstrumentId,
        window: Window,
        *,
        now: datetime,
        lease: Lease | None = None,
        origin: CandleOrigin = CandleOrigin.TRADES,
    ) -> None:
        """See `GapStore.cover`."""
        async with self._database.transaction() as driver:
            turn = await versions.lock(driver, instrument_id)
            await leases.hold(driver, lease)
            floor = turn.retention_floor
            if floor is not None and floor >= window.end:
                return
            kept = Window(max(window.start, floor or window.start), window.end)
            await coverage.cover(driver, instrument_id, kept, ORIGIN_CODES[origin])
            if origin is CandleOrigin.TRADES:
                await gap_changes.tell(driver, turn, await gap_changes.close_filled(driver, instrument_id, window, now))


async def _lock(driver: Driver, gap_id: GapId, lease: Lease | None) -> tuple[Gap, Turn]:
    """The gap as it is, with its instrument's lock: nobody changes it from now on."""
    instrument_id = await driver.fetchval("SELECT instrument_id FROM gap WHERE id = $1", gap_id)
    turn = await versions.lock(driver, instrument_id)
    await leases.hold(driver, lease)
    row = await driver.fetchrow(f"SELECT {GAP_COLUMNS} FROM gap WHERE id = $1 FOR UPDATE", gap_id)
    assert row is not None
    return gap_of(row), turn
