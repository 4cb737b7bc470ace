"""A market's trades into the store: what has happened up to now, then what happens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from candlewick.domain.batch import TradeBatch
from candlewick.domain.errors import CandlewickError
from candlewick.domain.market import Instrument
from candlewick.domain.time import Window
from candlewick.pipeline.ahead import ahead
from candlewick.ports import CandleStore, Clock, Delivery, InstrumentStore, Market, Outcome, TradeStore

log = structlog.get_logger(__name__)

LIVE_BATCH: Final = timedelta(milliseconds=250)
CATCH_UP: Final = timedelta(minutes=10)
"""The longest span that one live batch carries after the store was away."""
_PATIENCE: Final = timedelta(seconds=5)
"""Between tries while the store is away."""

Pause = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Feed:
    """Takes a market's trades into the store, the past and the present alike."""

    market: Market
    instruments: InstrumentStore
    trades: TradeStore
    candles: CandleStore
    clock: Clock
    pause: Pause = asyncio.sleep

    async def list_all(self) -> list[Instrument]:
        """Make all that the market trades known."""
        return [await self.instruments.list_instrument(listing) for listing in self.market.listings()]

    async def feed_history(self, window: Window) -> Outcome:
        """Store what was traded in the window and leave the candle tree fresh. Doing it again changes nothing."""
        outcome = Outcome()
        for instrument in await self.list_all():
            batches = (self.market.trades(instrument.key, part) for part in window.days())
            async with aclosing(ahead(batches)) as made:
                async for batch in made:
                    outcome += await self._insert(instrument, batch)
        await self.candles.settle()
        log.info("history_fed", source=self.market.source, start=window.start.isoformat(), stored=outcome.stored)
        return outcome

    async def feed_live(self, since: datetime) -> None:
        """Store what is traded from `since` on, every quarter of a second, until cancelled.

        While the store is away it waits; nothing is lost, since the market can say again what was traded.
        """
        instruments = await self.list_all()
        done = since
        while True:
            end = min(self.clock.now(), done + CATCH_UP)
            wait = LIVE_BATCH
            if end > done:
                if await self._deliver(instruments, Window(done, end)):
                    done = end
                else:
                    wait = _PATIENCE
            await self.pause(wait.total_seconds())

    async def _deliver(self, instruments: list[Instrument], window: Window) -> bool:
        """Whether everything that was traded in the window is stored; False if it is worth another try."""
        try:
            for instrument in instruments:
                batch = await asyncio.to_thread(self.market.trades, instrument.key, window)
                await self._insert(instrument, batch)
        except CandlewickError as exc:
            if not exc.retryable:
                raise
            log.warning("feed_waits", source=self.market.source, reason=str(exc))
            return False
        return True

    async def _insert(self, instrument: Instrument, batch: TradeBatch) -> Outcome:
        if not len(batch):
            return Outcome()
        received_at, source = self.clock.now(), self.market.source
        return await self.trades.insert(Delivery(instrument, instrument.tape, batch, received_at, source))
