"""What is stored of each source, how new it is, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from candlewick.domain.source import SourceFigures
from candlewick.storage.engine import Database

MOST_LETTERS: Final = 100_000
"""Dead letters that are counted: more are not worth the time."""

# The newest of streamed trades is known exactly, that of other trades by its minute.
_FIGURES: Final = f"""
WITH instrument_of AS MATERIALIZED (
    SELECT instrument.id, venue.code AS source FROM instrument JOIN venue ON venue.id = venue_id
    WHERE venue.code = ANY($1)
),
newest AS (
    SELECT source, max(ts) AS ts FROM (
        SELECT source, max(ts) AS ts FROM live_position JOIN instrument_of ON id = instrument_id GROUP BY source
        UNION ALL
        SELECT source, max(last_open) FROM candle_span JOIN instrument_of ON id = instrument_id
        WHERE origin <> 2
        GROUP BY source
        UNION ALL
        SELECT source, max(last_seen) FROM quote_span WHERE source = ANY($1) GROUP BY source
    ) AS known
    GROUP BY source
),
gaps AS (
    SELECT source, count(*) AS open FROM gap WHERE state IN ('OPEN', 'REPAIRING') GROUP BY source
),
letters AS (
    SELECT source, count(*) AS unresolved
    FROM (SELECT source FROM dead_letter WHERE resolved_at IS NULL ORDER BY id DESC LIMIT {MOST_LETTERS}) AS letter
    GROUP BY source
)
SELECT asked.source, newest.ts,
       (SELECT max(received_at) FROM raw_payload WHERE raw_payload.source = asked.source) AS received_at,
       coalesce(gaps.open, 0), coalesce(letters.unresolved, 0)
FROM unnest($1::text[]) AS asked (source)
LEFT JOIN newest USING (source)
LEFT JOIN gaps USING (source)
LEFT JOIN letters USING (source)
"""


class SourceFigureReads:
    """The FigureReads on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def figures(self, sources: Sequence[str]) -> Mapping[str, SourceFigures]:
        """See `FigureReads.figures`: one statement for all of them."""
        async with self._database.driver() as driver:
            rows = await driver.fetch(_FIGURES, list(sources))
        return {source: SourceFigures(*columns) for source, *columns in rows}
