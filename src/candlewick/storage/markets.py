"""Whole markets at a glance: what moved, what was traded, what sources say of their size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from candlewick.domain.market import AssetClass, AssetId, InstrumentId
from candlewick.domain.market_stats import MarketFigures
from candlewick.domain.movers import Move, Traded, Universe
from candlewick.domain.time import Window
from candlewick.storage.engine import Database
from candlewick.storage.movements import read_moves, read_traded

# The last quote of each source and instrument is known by its time: one look by key each.
_FIGURES: Final = """
SELECT s.source, count(*), sum(q.market_cap), coalesce(sum(q.volume_24h), 0), coalesce(sum(q.price), 0), count(q.price),
       count(*) FILTER (WHERE q.change_24h > 0), count(*) FILTER (WHERE q.change_24h < 0),
       min(s.last_seen), max(s.last_seen)
FROM instrument AS i
JOIN quote_span AS s ON s.instrument_id = i.id
CROSS JOIN LATERAL (
    SELECT price, market_cap, volume_24h, change_24h FROM quote
    WHERE instrument_id = i.id AND ts = s.last_ts AND source = s.source
    LIMIT 1
) AS q
WHERE i.quote_id = $1 AND i.status = 'TRADING' AND ($2::text IS NULL OR i.asset_class = $2)
  AND s.last_seen >= $3 AND q.market_cap > 0
GROUP BY s.source
"""


class MarketViews:
    """The MarketReads on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def moves(self, universe: Universe, window: Window) -> Sequence[Move]:
        """See `MarketReads.moves`."""
        async with self._database.snapshot() as driver:
            return await read_moves(driver, universe, window)

    async def traded(self, moves: Sequence[Move], window: Window) -> Mapping[InstrumentId, Traded]:
        """See `MarketReads.traded`."""
        async with self._database.snapshot() as driver:
            return await read_traded(driver, moves, window)

    async def figures(
        self, quote_id: AssetId, asset_class: AssetClass | None, since: datetime
    ) -> Sequence[MarketFigures]:
        """See `MarketReads.figures`."""
        async with self._database.driver() as driver:
            rows = await driver.fetch(_FIGURES, quote_id, asset_class, since)
        return [MarketFigures(*row) for row in rows]
