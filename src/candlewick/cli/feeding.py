"""Feeds the store with the demo market: its past first, then its present."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from candlewick.cli.output import say
from candlewick.domain.errors import InvalidInput
from candlewick.domain.market import Instrument
from candlewick.domain.page import TradeQuery, TradeRow
from candlewick.domain.time import Window
from candlewick.pipeline.feed import Feed
from candlewick.waiting import before
from candlewick.wiring import Stores, demo_feed


class AnotherSeed(InvalidInput):
    """The store has the demo market of another seed: their trades have the same ids and other prices."""

    def __init__(self, seed: int) -> None:
        super().__init__(
            f"the database holds the demo market of another seed than {seed}: give that one with --seed, "
            "or set CANDLEWICK_DATA_DIR (or CANDLEWICK_DATABASE__URL) to begin a new one"
        )
        self.seed = seed


@dataclass(frozen=True, slots=True)
class DemoFeed:
    """Some days of history of the market of a seed, then what happens there now."""

    seed: int
    days: float

    async def fill(self, stores: Stores, stop: asyncio.Event) -> None:
        """Bring the history in; what is there already stays as it is.

        Raises:
            AnotherSeed: the history there is another market's.
        """
        feed = demo_feed(stores, self.seed)
        for instrument in await feed.list_all():
            await self._check(stores, feed, instrument)
        if not self.days:
            return
        now = stores.clock.now()
        span = "a day" if self.days == 1 else f"{self.days:g} days"
        say(f"Making up {span} of history …")
        await before(stop, self._feed_history(feed, Window(now - timedelta(days=self.days), now)))

    async def _feed_history(self, feed: Feed, window: Window) -> None:
        outcome = await feed.feed_history(window)
        say(f"{outcome.stored:,} trades stored, {outcome.repeated:,} were there already.")

    async def follow(self, stores: Stores, stop: asyncio.Event) -> None:
        """Store what is traded from now on, until `stop`."""
        await before(stop, demo_feed(stores, self.seed).feed_live(stores.clock.now()))

    async def _check(self, stores: Stores, feed: Feed, instrument: Instrument) -> None:
        found = (await stores.trades.read([instrument.id], TradeQuery(limit=1)))[instrument.id].rows
        if found and not await asyncio.to_thread(_is_of, feed, instrument, found[0]):
            raise AnotherSeed(self.seed)


def _is_of(feed: Feed, instrument: Instrument, row: TradeRow) -> bool:
    """Whether the market of this feed made this trade."""
    made = feed.market.trades(instrument.key, Window(row.minute, row.minute + timedelta(minutes=1)))
    return any(trade.sequence == row.sequence and trade.price == Decimal(row.price) for trade in made.trades())
