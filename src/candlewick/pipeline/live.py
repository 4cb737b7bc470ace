"""Trades as they happen into the store: in bounded batches, each exactly once, holes mended from the history."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import uniform
from typing import Final

import structlog

from candlewick.domain.errors import CandlewickError, InstrumentBusy, LeaseLost
from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument
from candlewick.domain.raw import DeadLetter, LetterKind, Payload, RawId, TradeLines
from candlewick.pipeline.contiguity import Contiguity, runs_of
from candlewick.pipeline.history import Target
from candlewick.pipeline.importing import Stores
from candlewick.pipeline.inbox import BatchBounds, Inbox
from candlewick.pipeline.mending import Mender
from candlewick.ports import Clock, Delivery, Frame, LivePositions, TradeHistory, TradeStream

log = structlog.get_logger(__name__)

FIRST_PAUSE: Final = 0.5
WRITERS: Final = 4
"""Instruments of a batch that are written at the same time."""
LONGEST_PAUSE: Final = 8.0
"""Seconds between tries while the source or the store is away."""

Pause = Callable[[float], Awaitable[None]]
Instruments = Callable[[], Awaitable[Sequence[Instrument]]]


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


async def follow(feed: LiveFeed, instruments: Instruments, lease: Lease, *, pause: Pause = asyncio.sleep) -> None:
    """Store the instruments' trades until cancelled, over as many connections as it takes.

    For each connection `instruments` says what they are by then.

    Raises:
        LeaseLost: somebody else does it by now.
    """
    failures = 0
    while True:
        session = _Session(feed, lease)
        try:
            await _apart(session.run(await instruments()))
            failures = 0  # the venue said goodbye, and wants us to come again
        except* LeaseLost as lost:
            raise LeaseLost(lease.name) from lost
        except* CandlewickError as broken:
            failures = 1 if session.delivered else failures + 1
            reasons = sorted({str(error) for error in leaves(broken)})
            log.warning("stream_broke", source=feed.source, lease=lease.name, reasons=reasons)
        if failures:
            await pause(min(FIRST_PAUSE * 2 ** min(failures - 1, 10), LONGEST_PAUSE) * uniform(0.5, 1))  # noqa: S311


async def _apart(work: Coroutine[None, None, None]) -> None:
    """The work in a task of its own. Being cancelled ends it, and us, whatever it raises while it ends.

    Before Python 3.13 a TaskGroup that is cancelled and has an error of its own raises the error alone.
    """
    working = asyncio.create_task(work)
    try:
        await asyncio.wait({working})
    finally:
        working.cancel()
        await asyncio.wait({working})
        if not working.cancelled():
            working.exception()  # seen: if we were cancelled, nobody asks for it
    await working


def leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """The errors in the group and in the groups within it."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error


class _Session:
    """One connection, from its first frame to its last."""

    def __init__(self, feed: LiveFeed, lease: Lease) -> None:
        self._feed = feed
        self._lease = lease
        self._instruments: Mapping[str, Instrument] = {}
        self._came: dict[str, Contiguity] = {}
        self._writers = asyncio.Semaphore(WRITERS)
        self.delivered = False
        """Whether anything was stored: what breaks after that is another trouble than before."""

    async def run(self, instruments: Sequence[Instrument]) -> None:
        """Until the venue says goodbye or the connection breaks; what it delivered is stored then."""
        self._instruments = {instrument.symbol: instrument for instrument in instruments}
        ids = {symbol: instrument.id for symbol, instrument in self._instruments.items()}
        positions = await self._feed.positions.read(list(ids.values()))
        self._came = {symbol: Contiguity(positions.get(key)) for symbol, key in ids.items()}
        inbox = Inbox(self._feed.bounds)
        async with self._feed.stream.connect(list(self._instruments.values())) as frames, asyncio.TaskGroup() as group:
            reading = group.create_task(inbox.fill(frames))
            mending = group.create_task(self._mend())
            while batch := await inbox.take():
                await self._store(batch)
            await reading
            mending.cancel()
            if inbox.broken is not None:
                raise inbox.broken

    async def _store(self, frames: Sequence[Frame]) -> None:
        """Keep the frames as received, then store the trades in them."""
        received_at = frames[-1].received_at
        body = b"\n".join(frame.body for frame in frames)
        raw_id = await self._feed.stores.raw.keep_payload(
            Payload(self._feed.source, f"stream:{self._lease.name}", body, received_at)
        )
        found = self._feed.stream.read(frames)
        self._expect(frames)
        async with asyncio.TaskGroup() as group:  # their commits share the wait for the disk
            for symbol, lines in found.items():
                if symbol in self._instruments:
                    group.create_task(self._try_to_deliver(symbol, lines, raw_id, frames))
                else:
                    group.create_task(self._keep_strangers(symbol, lines, raw_id))

    def _expect(self, frames: Sequence[Frame]) -> None:
        """What the venue says there is and does not come is a hole as well."""
        for symbol, sequence in self._feed.stream.tips(frames).items():
            if symbol in self._came:
                self._came[symbol].expect(sequence, frames[-1].received_at)

    async def _try_to_deliver(self, symbol: str, lines: TradeLines, raw_id: RawId, frames: Sequence[Frame]) -> None:
        """One instrument that somebody else writes for long keeps no other waiting: its trades are a hole to mend."""
        try:
            async with self._writers:
                await self._deliver(symbol, lines, raw_id, frames)
        except InstrumentBusy as error:
            log.warning("delivery_left_out", source=self._feed.source, symbol=symbol, reason=str(error))

    async def _deliver(self, symbol: str, lines: TradeLines, raw_id: RawId, frames: Sequence[Frame]) -> None:
        instrument, came = self._instruments[symbol], self._came[symbol]
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
        came.add(runs)
        self.delivered = True

    async def _keep_strangers(self, symbol: str, lines: TradeLines, raw_id: RawId) -> None:
        """Frames that are no trade of ours: kept, with their reason, since nobody asked for them."""
        subject = f"stream {symbol}".strip()
        letters = [
            DeadLetter(self._feed.source, subject, LetterKind.MALFORMED, rejected.reason, rejected.text, raw_id)
            for rejected in lines.rejected
        ]
        await self._feed.stores.letters.keep(letters)
        if len(lines.trades):
            log.warning("stream_not_asked_for", source=self._feed.source, symbol=symbol, trades=len(lines.trades))

    async def _mend(self) -> None:
        if self._feed.history is None:
            return
        targets = {
            symbol: Target(instrument, self._feed.source, self._lease)
            for symbol, instrument in self._instruments.items()
        }
        await Mender(self._feed.history, self._feed.stores, self._feed.positions).run(targets, self._came)
