"""Quotes as they become visible: the newest of each instrument first, then what is newer than what was told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import timedelta
from typing import Final, cast

from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.domain.page import QuotePosition, QuoteQuery
from candlewick.domain.quote import QuoteRow
from candlewick.graphql.live.hub import LiveHub
from candlewick.graphql.live.patience import patiently
from candlewick.graphql.services import QuoteReads
from candlewick.graphql.types.events import QuoteUpdate
from candlewick.graphql.types.quote import Quote

PACE: Final = timedelta(milliseconds=250)
"""At most this often does a subscription look for quotes."""
MOST: Final = 100
"""Quotes of one instrument in an event; of more, the newest."""


class QuoteTail:
    """One subscription's quotes. Those that arrive behind a newer one are not told: query them."""

    def __init__(self, hub: LiveHub, quotes: QuoteReads, keys: Mapping[InstrumentId, InstrumentKey]) -> None:
        self._hub = hub
        self._quotes = quotes
        self._keys = keys
        self._told: dict[InstrumentId, QuotePosition] = {}

    async def events(self) -> AsyncGenerator[QuoteUpdate]:
        """Never ends by itself.

        Raises:
            ServiceError: the database is away for too long.
        """
        loop = asyncio.get_running_loop()
        async with self._hub.watch(tuple(self._keys)) as watch:
            found = await patiently(self._quotes.read, list(self._keys), QuoteQuery(1))
            for key in self._keys:
                if rows := found[key].rows:
                    yield self._tell(key, rows)
            seen = dict(watch.versions)
            while True:
                looked_at = loop.time()
                moved = [key for key in self._keys if watch.versions[key] > seen[key]]
                seen |= {key: watch.versions[key] for key in moved}
                for key in moved:
                    query = QuoteQuery(MOST, after=self._told.get(key))
                    if rows := (await patiently(self._quotes.read, [key], query))[key].rows:
                        yield self._tell(key, rows)
                await asyncio.sleep(max(looked_at + PACE.total_seconds() - loop.time(), 0))
                await watch.changed()

    def _tell(self, key: InstrumentId, rows: Sequence[QuoteRow]) -> QuoteUpdate:
        self._told[key] = QuotePosition(rows[-1].ts, rows[-1].source)
        return QuoteUpdate(instrument=str(self._keys[key]), quotes=cast("list[Quote]", rows))
