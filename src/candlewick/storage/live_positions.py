"""How far each live feed has delivered everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from candlewick.domain.feed import FeedPosition
from candlewick.domain.job import Lease
from candlewick.domain.market import InstrumentId
from candlewick.storage import leases
from candlewick.storage.engine import Database, Driver

_ADVANCE: Final = """
INSERT INTO live_position AS kept (instrument_id, sequence, ts) VALUES ($1, $2, $3)
ON CONFLICT (instrument_id) DO UPDATE SET sequence = excluded.sequence, ts = excluded.ts
WHERE excluded.sequence > kept.sequence
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

    async def advance(self, instrument_id: InstrumentId, position: FeedPosition, lease: Lease) -> None:
        """See `LivePositions.advance`."""
        async with self._database.transaction() as driver:
            await leases.hold(driver, lease)
            await advance(driver, instrument_id, position)


async def advance(driver: Driver, instrument_id: InstrumentId, position: FeedPosition) -> None:
    """Move the position on, in the transaction that `driver` is in; it never goes back."""
    await driver.execute(_ADVANCE, instrument_id, position.sequence, position.ts)
