"""Quotes as they become visible: the newest of each instrument first, then what is newer than what was told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import timedelta
from typing import Final, cast

from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.domain.page import QuotePosition, QuoteQuery
from candlewick.domain.quote import QuoteRow
from candlewick.graphql.live.feed import Batch, Feed
from candlewick.graphql.live.hub import LiveHub
from candlewick.graphql.live.patience import patiently
from candlewick.graphql.services import QuoteReads
from candlewick.graphql.types.events import QuoteUpdate
from candlewick.graphql.types.quote import Quote

PACE: Final = timedelta(milliseconds=250)
"""At most this often does a subscription look for quotes."""
MOST: Final = 100
"""Quotes of one instrument in an event; of more, the newest."""


class QuoteTail(Feed):
    """The quotes of one subscription. Those that arrive behind a newer one are not told: query them."""

    def __init__(
        self,
        hub: LiveHub,
        quotes: QuoteReads,
        keys: Mapping[InstrumentId, InstrumentKey],
        newest: Mapping[InstrumentId, QuoteRow] | None = None,
    ) -> None:
        self._hub = hub
        self._quotes = quotes
        self._keys = keys
        self._newest = dict(newest or {})
        """Of each instrument, as it was told."""
        self._branched = newest is not None

    @property
    def position(self) -> Mapping[InstrumentId, QuoteRow]:
        """See `Feed.position`."""
        return dict(self._newest)

    async def batches(self) -> AsyncGenerator[Batch]:
        """Never ends by itself.

        Raises:
            ServiceError: the database is away for too long.
        """
        loop = asyncio.get_running_loop()
        async with self._hub.watch(tuple(self._keys)) as watch:
            seen = dict.fromkeys(self._keys, -1) if self._branched else await self._begin(watch.versions)
            yield Batch(() if self._branched else self.opening(), self.position)
            while True:
                looked_at = loop.time()
                moved = [key for key in self._keys if watch.versions[key] > seen[key]]
                seen |= {key: watch.versions[key] for key in moved}
                for key in moved:
                    if event := await self._look(key):
                        yield Batch([event], self.position)
                yield Batch(position=self.position, still=True)
                await asyncio.sleep(max(looked_at + PACE.total_seconds() - loop.time(), 0))
                await watch.changed()

    def opening(self) -> Sequence[object]:
        """The newest quote of each instrument that has one."""
        return [self._event(key, [self._newest[key]]) for key in self._keys if key in self._newest]

    def branch(self, position: object) -> QuoteTail:
        """See `Feed.branch`."""
        newest = cast("Mapping[InstrumentId, QuoteRow]", position)
        return QuoteTail(self._hub, self._quotes, self._keys, newest)

    async def _begin(self, versions: Mapping[InstrumentId, int]) -> dict[InstrumentId, int]:
        seen = dict(versions)
        found = await patiently(self._quotes.read, list(self._keys), QuoteQuery(1))
        self._newest = {key: found[key].rows[-1] for key in self._keys if found[key].rows}
        return seen

    async def _look(self, key: InstrumentId) -> QuoteUpdate | None:
        told = self._newest.get(key)
        query = QuoteQuery(MOST, after=QuotePosition(told.ts, told.source) if told else None)
        rows = (await patiently(self._quotes.read, [key], query))[key].rows
        if not rows:
            return None
        self._newest[key] = rows[-1]
        return self._event(key, rows)

    def _event(self, key: InstrumentId, rows: Sequence[QuoteRow]) -> QuoteUpdate:
        return QuoteUpdate(instrument=str(self._keys[key]), quotes=cast("list[Quote]", rows))
