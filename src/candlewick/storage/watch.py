"""The watch list: what is taken live beside what the settings name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from candlewick.domain.errors import WatchListFull
from candlewick.domain.market import InstrumentKey
from candlewick.domain.watch import MOST_WATCHED, Watched
from candlewick.storage.engine import Database

_ALL: Final = "SELECT key, since, requested_by FROM watch ORDER BY key"
_LOCK: Final = "LOCK TABLE watch IN SHARE ROW EXCLUSIVE MODE"
_ADD: Final = """
INSERT INTO watch (key, requested_by) SELECT key, $2 FROM unnest($1::text[]) AS key ON CONFLICT DO NOTHING
"""
_REMOVE: Final = "DELETE FROM watch WHERE key = ANY($1)"


class StoredWatchList:
    """The WatchList on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[Watched]:
        """See `WatchList.all`."""
        async with self._database.driver() as driver:
            rows = await driver.fetch(_ALL)
        return [Watched(InstrumentKey.parse(row["key"]), row["since"], row["requested_by"]) for row in rows]

    async def add(self, keys: Sequence[InstrumentKey], requested_by: str) -> None:
        """See `WatchList.add`. One at a time, so that two do not make the list too long together."""
        async with self._database.transaction() as driver:
            await driver.execute(_LOCK)
            await driver.execute(_ADD, [str(key) for key in keys], requested_by)
            count = await driver.fetchval("SELECT count(*) FROM watch")
            if count > MOST_WATCHED:
                raise WatchListFull(count, MOST_WATCHED)

    async def remove(self, keys: Sequence[InstrumentKey]) -> None:
        """See `WatchList.remove`."""
        async with self._database.driver() as driver:
            await driver.execute(_REMOVE, [str(key) for key in keys])
