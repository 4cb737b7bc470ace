"""How far each live feed has delivered everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from candlewick.domain.feed import FeedPosition, Run
from candlewick.domain.job import Lease
from candlewick.domain.market import InstrumentId
from candlewick.storage import leases
from candlewick.storage.engine import Database, Driver

MOST_AHEAD: Final = 500_000
"""Trades of an instrument that are looked at to find out what is here from beyond its position."""
_ADVANCE: Final = """
INSERT INTO live_position AS kept (instrument_id, sequence, ts, since) VALUES ($1, $2, $3, $4)
ON CONFLICT (instrument_id) DO UPDATE SET sequence = excluded.sequence, ts = excluded.ts
WHERE excluded.sequence > kept.sequence
"""

_AHEAD: Final = """
SELECT instrument_id, min(sequence), max(sequence), min(ts), max(ts)
FROM (
    SELECT instrument_id, sequence, ts,
           sequence - row_number() OVER (PARTITION BY instrument_id ORDER BY sequence) AS run
    FROM (
        SELECT instrument_id, t.sequence, t.ts FROM live_position AS p CROSS JOIN LATERAL (
            SELECT sequence, ts FROM trade
            WHERE instrument_id = p.instrument_id AND minute >= date_trunc('minute', p.ts, 'UTC')
              AND sequence > p.sequence
            ORDER BY minute, sequence LIMIT $2
        ) AS t
        WHERE p.instrument_id = ANY($1)
    ) AS trade
) AS ahead
GROUP BY instrument_id, run ORDER BY instrument_id, min(sequence)
"""
_QUIET: Final = """
UPDATE live_position AS kept SET quiet_until = $3
FROM unnest($1::int[], $2::bigint[]) AS quiet (quiet_id, quiet_since)
WHERE instrument_id = quiet_id AND sequence = quiet_since AND (quiet_until IS NULL OR quiet_until < $3) AND ts < $3
"""


class StoredPositions:
    """The LivePositions on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, FeedPosition]:
        """See `LivePositions.read`."""
        async with self._database.driver() as driver:
            rows = await driver.fetch(
                "SELECT instrument_id, sequence, ts FROM live_position WHERE instrument_id = ANY($1)",
                list(instrument_ids),
            )
        return {InstrumentId(key): FeedPosition(sequence, ts) for key, sequence, ts in rows}

    async def ahead(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Sequence[Run]]:
        """See `LivePositions.ahead`."""
        found: dict[InstrumentId, list[Run]] = {key: [] for key in instrument_ids}
        async with self._database.driver() as driver:
            for key, *run in await driver.fetch(_AHEAD, list(instrument_ids), MOST_AHEAD):
                found[key].append(Run(*run))
        return found

    async def confirm(self, positions: Mapping[InstrumentId, FeedPosition], until: datetime, lease: Lease) -> None:
        """See `LivePositions.confirm`."""
        async with self._database.transaction() as driver:
            await leases.hold(driver, lease)
            await driver.execute(_QUIET, list(positions), [each.sequence for each in positions.values()], until)

    async def advance(self, instrument_id: InstrumentId, position: FeedPosition, lease: Lease) -> None:
        """See `LivePositions.advance`."""
        async with self._database.transaction() as driver:
            await leases.hold(driver, lease)
            await advance(driver, instrument_id, position)


async def advance(driver: Driver, instrument_id: InstrumentId, position: FeedPosition) -> None:
    """Move the position on, in the transaction that `driver` is in; it never goes back."""
    await driver.execute(_ADVANCE, instrument_id, position.sequence, position.ts, position.since or position.ts)
