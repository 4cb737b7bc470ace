"""What the prices of assets are made from: their markets, and what was last seen of each, in a few statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import select

from candlewick.domain.market import Asset, AssetId, Instrument
from candlewick.domain.price import Observation, PriceBasis
from candlewick.ports import Sight
from candlewick.storage.engine import Database
from candlewick.storage.instruments import asset_of, instrument_of
from candlewick.storage.sightings import last_seen
from candlewick.storage.tables import asset, instrument

_RANK: Final = {basis: -number for number, basis in enumerate(PriceBasis)}
"""Of what is equally new, a trade says most."""


class Prices:
    """The PriceReads on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def assets(self, codes: Collection[str]) -> Sequence[Asset]:
        """See `PriceReads.assets`."""
        async with self._database.core() as connection:
            rows = (await connection.execute(select(asset).where(asset.c.code.in_(codes)))).mappings().all()
        return [asset_of(row) for row in rows]

    async def markets(self, asset_ids: Collection[AssetId]) -> Sequence[Instrument]:
        """See `PriceReads.markets`. Bounded by the assets that are asked for: a venue lists a pair once."""
        both = instrument.c.base_id.in_(asset_ids), instrument.c.quote_id.in_(asset_ids)
        async with self._database.core() as connection:
            query = select(instrument).where(*both).order_by(instrument.c.key)
            rows = (await connection.execute(query)).mappings().all()
        return [instrument_of(row) for row in rows]

    async def last_seen(self, sights: Collection[Sight]) -> Mapping[Sight, Sequence[Observation]]:
        """See `PriceReads.last_seen`."""
        async with self._database.snapshot() as driver:
            found = await last_seen(driver, sights)
        newest: dict[Sight, dict[str, Observation]] = {}
        for sight, seen in found:
            of_sources = newest.setdefault(sight, {})
            of_sources[seen.source] = _newer(of_sources.get(seen.source), seen)
        return {sight: list(of_sources.values()) for sight, of_sources in newest.items()}


def _newer(known: Observation | None, other: Observation) -> Observation:
    """The newer of two of one source; what was traded in a day stays with it, whichever says so."""
    if known is None:
        return other
    newer = max(known, other, key=lambda seen: (seen.ts, _RANK[seen.basis]))
    return newer if newer.volume is not None else replace(newer, volume=known.volume or other.volume)
