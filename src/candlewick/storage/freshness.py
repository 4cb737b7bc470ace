"""How new what is here of instruments is: one statement for all of them, each look bounded in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from candlewick.domain.freshness import Freshness
from candlewick.domain.market import InstrumentId
from candlewick.storage.engine import Database

# The newest minute with trades is known from candle_span: they are looked for in that minute alone.
_FRESHNESS: Final = """
SELECT asked.id,
       (SELECT max(t.ts) FROM trade AS t
        WHERE t.instrument_id = asked.id AND t.minute = spans.traded) AS newest_trade,
       (SELECT max(s.last_seen) FROM quote_span AS s WHERE s.instrument_id = asked.id) AS newest_quote,
       spans.newest_candle,
       greatest(
           (SELECT max(c.end_time) FROM covered AS c WHERE c.instrument_id = asked.id AND c.origin = 0),
           (SELECT greatest(p.ts, p.quiet_until) FROM live_position AS p WHERE p.instrument_id = asked.id)
       ) AS covered_until,
       (SELECT count(*) FROM gap AS g
        WHERE g.instrument_id = asked.id AND g.state IN ('OPEN', 'REPAIRING')) AS open_gaps
FROM unnest($1::int[]) AS asked (id)
CROSS JOIN LATERAL (
    SELECT max(last_open) FILTER (WHERE origin = 0) AS traded, max(last_open) AS newest_candle
    FROM candle_span WHERE instrument_id = asked.id
) AS spans
"""


class FreshnessReads:
    """The FreshnessStore on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Freshness]:
        """See `FreshnessStore.read`."""
        async with self._database.driver() as driver:
            rows = await driver.fetch(_FRESHNESS, list(instrument_ids))
        return {InstrumentId(key): Freshness(*columns) for key, *columns in rows}
