"""Trades and quotes as they happen into the store: bounded batches, each once, holes mended from the history."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from candlewick.domain.errors import InstrumentBusy
from candlewick.domain.gap import GapEvidence
from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import STREAM, Payload, RawId, TradeLines
from candlewick.pipeline.contiguity import Contiguity, runs_of
from candlewick.pipeline.feed_gaps import FeedGaps
from candlewick.pipeline.history import Target
from candlewick.pipeline.importing import Stores
from candlewick.pipeline.inbox import BatchBounds, Inbox
from candlewick.pipeline.mending import Feed, Mender
from candlewick.pipeline.strangers import letters_of
from candlewick.pipeline.stream_health import StreamHealth
from candlewick.ports import Clock, Delivery, Frame, LivePositions, QuoteDelivery, TradeHistory, TradeStream

log = structlog.get_logger(__name__)

WRITERS: Final = 4
"""Instruments of a batch that are written at the same time."""


@dataclass(frozen=True, slots=True)
class LiveFeed:
    """What following one source takes. Without `history` holes stay."""

    source: str
    stream: TradeStream
    history: TradeHistory | None
    stores: Stores
    positions: LivePositions
    clock: Clock
    bounds: BatchBounds = field(default_factory=BatchBounds)


class Session:
    """One connection, from its first frame to its last.

    What it takes over from a `former` session that still runs, it knows as well as that one: nothing of it is fetched.
    """

    def __init__(
        self,
        feed: LiveFeed,
        lease: Lease,
        instruments: Sequence[Instrument],
        health: StreamHealth,
        former: Session | None = None,
    ) -> None:
        self.instruments = instruments
        self.connected = asyncio.Event()
        self.delivered = False
        """Whether anything was stored: what breaks after that is another trouble than before."""
        self._feed = feed
        self._lease = lease
        self._instruments = {instrument.symbol: instrument for instrument in instruments}
        self._feeds = former.feeds_of(instruments) if former else {}
        self._health = health
        self._inbox = Inbox(feed.bounds)
        self._writers = asyncio.Semaphore(WRITERS)
        self._former = former
        self._mender = Mender(feed.history, feed.stores, feed.positions, feed.clock)

    async def run(self) -> None:
        """Until the venue says goodbye or the connection breaks; what it delivered is stored then."""
        new = await self._look_up()
        async with self._feed.stream.connect(self.instruments) as frames, asyncio.TaskGroup() as group:
            self.connected.set()
            self._health.connected()
            reading = group.create_task(self._inbox.fill(frames))
            mending = group.create_task(self._mend(new))
            while batch := await self._inbox.take():
                await self._store(batch)
                self._mender.heard(batch[-1].received_at)
            reading.cancel()
            mending.cancel()
            if self._inbox.broken is not None:
                raise self._inbox.broken

    async def close(self) -> None:
        """Read nothing more; what came is stored, then `run` ends."""
        await self._inbox.close()

    def catch_up(self) -> None:
        """The former session ended before it had stored all that came: fetch what may be missing."""
        self._mender.catch_up()

    def feeds_of(self, instruments: Sequence[Instrument]) -> dict[str, Feed]:
        """What is known of those instruments that this session follows too, on the same tape; shared from now on."""
        return {
            instrument.symbol: self._feeds[instrument.symbol]
            for instrument in instruments
            if instrument.symbol in self._feeds and self._is_same(instrument)
        }

    def _is_same(self, instrument: Instrument) -> bool:
        ours = self._instruments[instrument.symbol]
        return (ours.id, ours.tape) == (instrument.id, instrument.tape)

    async def _look_up(self) -> frozenset[str]:
        """How far those came whom no former session knows, and what they lack; their symbols."""
        new = {symbol: each for symbol, each in self._instruments.items() if symbol not in self._feeds}
        ids = [instrument.id for instrument in new.values()]
        positions = await self._feed.positions.read(ids)
        ahead = await self._feed.positions.ahead(list(positions))
        unfilled = await self._feed.stores.gaps.unfilled(ids)
        for symbol, instrument in new.items():
            target = Target(instrument, self._feed.source, self._lease)
            came = Contiguity(positions.get(instrument.id), ahead.get(instrument.id, ()))
            gaps = FeedGaps(target, self._feed.stores.gaps, self._feed.clock, repairs=self._feed.history is not None)
            await gaps.adopt(unfilled[instrument.id], came)
            self._feeds[symbol] = Feed(target, came, gaps)
        return frozenset(new)

    async def _store(self, frames: Sequence[Frame]) -> None:
        """Keep the frames as received, then store the trades and quotes in them."""
        body = b"\n".join(frame.body for frame in frames)
        payload = Payload(self._feed.source, STREAM + self._lease.name, body, frames[-1].received_at)
        raw_id = await self._feed.stores.raw.keep_payload(payload)
        found = self._feed.stream.read(frames)
        self._expect(frames)
        async with asyncio.TaskGroup() as group:  # their commits share the wait for the disk
            for symbol, lines in found.items():
                if symbol in self._instruments:
                    group.create_task(self._try_to_deliver(symbol, lines, raw_id, frames))
                else:
                    group.create_task(self._keep_strangers(symbol, lines, payload, raw_id))
            for symbol, quotes in self._feed.stream.quotes(frames).items():
                if symbol in self._instruments:
                    group.create_task(self._try_to_put(symbol, quotes, raw_id, frames[-1].received_at))
                else:
                    group.create_task(
                        self._feed.stores.letters.keep(letters_of(payload, symbol, quotes.rejected, raw_id))
                    )
        self._health.heard(frames[-1].received_at)

    def _expect(self, frames: Sequence[Frame]) -> None:
        """What the venue says there is and does not come is a hole as well."""
        for symbol, sequence in self._feed.stream.tips(frames).items():
            if symbol in self._feeds:
                self._feeds[symbol].came.expect(sequence, frames[-1].received_at)

    async def _try_to_deliver(self, symbol: str, lines: TradeLines, raw_id: RawId, frames: Sequence[Frame]) -> None:
        """One instrument that somebody else writes for long keeps no other waiting: its trades are a hole to mend."""
        try:
            async with self._writers:
                await self._deliver(symbol, lines, raw_id, frames)
        except InstrumentBusy as error:
            if len(lines.trades):
                newest, said_at = int(lines.trades.sequence.max()), frames[-1].received_at
                self._feeds[symbol].came.expect(newest, said_at, GapEvidence.MISSING_SEQUENCES)
            log.warning("delivery_left_out", source=self._feed.source, symbol=symbol, reason=str(error))

    async def _deliver(self, symbol: str, lines: TradeLines, raw_id: RawId, frames: Sequence[Frame]) -> None:
        instrument, came = self._instruments[symbol], self._feeds[symbol].came
        runs = runs_of(lines.trades)
        await self._feed.stores.trades.insert(
            Delivery(
                instrument=instrument,
                tape=instrument.tape,
                batch=lines.trades,
                received_at=frames[-1].received_at,
                source=self._feed.source,
                raw_id=raw_id,
                rejected=lines.rejected,
                lease=self._lease,
                position=came.with_runs(runs),
            )
        )
        came.hear(runs)
        self.delivered = True

    async def _try_to_put(self, symbol: str, lines: QuoteLines, raw_id: RawId, received_at: datetime) -> None:
        """Quotes that an instrument has no room for just now are left out: newer ones follow."""
        instrument, source = self._instruments[symbol], self._feed.source
        try:
            async with self._writers:
                await self._feed.stores.quotes.put(
                    QuoteDelivery(instrument, source, lines, received_at, raw_id, lease=self._lease)
                )
        except InstrumentBusy as error:
            log.warning("quotes_left_out", source=source, symbol=symbol, reason=str(error))

    async def _keep_strangers(self, symbol: str, lines: TradeLines, payload: Payload, raw_id: RawId) -> None:
        """Frames that are no trade of ours: kept, with their reason, since nobody asked for them."""
        await self._feed.stores.letters.keep(letters_of(payload, symbol, lines.rejected, raw_id))
        if len(lines.trades):
            log.warning("stream_not_asked_for", source=self._feed.source, symbol=symbol, trades=len(lines.trades))

    @property
    def behind(self) -> frozenset[str]:
        """The symbols whose past is not all here yet."""
        return self._mender.behind

    async def _mend(self, new: frozenset[str]) -> None:
        behind = new | self._former.behind if self._former else new
        self._former = None
        await self._mender.run(self._feeds, behind=behind)
