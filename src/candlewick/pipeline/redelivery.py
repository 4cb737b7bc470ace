"""Rows of kept payloads and files, delivered again: what was wanted of them then, and was not corrected since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from candlewick.domain.batch import TradeBatch
from candlewick.domain.day import DayLines
from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument, InstrumentId
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import STREAM, CandleLines, Correction, DeadLetter, KeptPayload, RawId, TradeLines
from candlewick.domain.time import Window, microseconds
from candlewick.pipeline.batches import whole_minutes
from candlewick.pipeline.importing import Stores
from candlewick.pipeline.spelling import Spellings
from candlewick.pipeline.strangers import letters_of
from candlewick.ports import Contents, DayDelivery, Delivery, LetterDesk, Outcome, QuoteDelivery, RawReads

ROWS_AT_ONCE: Final = 20_000
"""Trades of one instrument that go into one transaction, or somewhat more."""
PAYLOADS_AT_ONCE: Final = 250
"""Payloads of one instrument whose rows wait for more."""
ROWS_WAITING: Final = 200_000
"""Trades of all instruments that wait: then everything goes, be its minute over or not."""
RESOLVED_AT_ONCE: Final = 5_000
"""Payloads after which everything is stored, so that their letters can be looked at."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay went through: rows = stored + repeated + dead + refused + left out."""

    payloads: int = 0
    files: int = 0
    rows: int = 0
    outcome: Outcome = field(default_factory=Outcome)
    left_out: int = 0
    """Not wanted when they came, corrected since, of another tape, or of no instrument that is known or asked for."""

    def __add__(self, other: Replayed) -> Replayed:
        return Replayed(
            self.payloads + other.payloads,
            self.files + other.files,
            self.rows + other.rows,
            self.outcome + other.outcome,
            self.left_out + other.left_out,
        )


class Redelivery:
    """Delivers rows again. Trades wait until their minute is over, so that no candle looks revised for that alone."""

    def __init__(
        self,
        stores: Stores,
        raw: RawReads,
        letters: LetterDesk,
        only: Sequence[Instrument] | None,
        *,
        since: datetime,
        lease: Lease | None,
    ) -> None:
        """`only`: whose rows are to be delivered; None: all. `since`: when it began, by the clock of the letters.
        `lease`: of the job that does it."""
        self._stores = stores
        self._raw = raw
        self._letters = letters
        self._only = None if only is None else frozenset(instrument.id for instrument in only)
        self._subjects = None if only is None else [str(instrument.key) for instrument in only]
        self._since = since
        self.lease = lease
        self._spellings = Spellings(stores.instruments)
        self._corrections: dict[InstrumentId, Sequence[Correction]] = {}
        self._waiting: dict[InstrumentId, list[Delivery]] = {}
        self._read: list[RawId] = []
        self.done = Replayed()

    def concerns(self, instrument: Instrument) -> bool:
        """Whether its rows are to be delivered."""
        return self._only is None or instrument.id in self._only

    async def take(self, kept: KeptPayload, contents: Contents) -> None:
        """All that the payload holds but its listings: what a venue listed once is not what it lists."""
        payload = kept.payload
        symbols = {*contents.trades, *contents.candles, *contents.quotes, *contents.days}
        found = await self._spellings.at(payload.source, symbols - {""}, payload.received_at)
        for symbol, trade_lines in contents.trades.items():
            instrument = await self._known(found, symbol, kept, trade_lines, len(trade_lines.trades))
            if instrument is not None:
                tape = contents.tapes.get(symbol, instrument.tape)
                await self.trades(kept, instrument, trade_lines, same_tape=tape is instrument.tape)
        for symbol, candle_lines in contents.candles.items():
            instrument = await self._known(found, symbol, kept, candle_lines, len(candle_lines.candles))
            if instrument is not None:
                await self.candles(kept, instrument, candle_lines)
        quotes = contents.quotes
        if payload.endpoint.startswith(STREAM):  # what follows streams stores their trades
            quotes = {}
            self._leave_out(sum(len(each.quotes) + len(each.rejected) for each in contents.quotes.values()))
        for symbol, quote_lines in quotes.items():
            instrument = await self._known(found, symbol, kept, quote_lines, len(quote_lines.quotes))
            if instrument is not None:
                await self.quotes(kept, instrument, quote_lines)
        for symbol, day_lines in contents.days.items():
            rows = len(day_lines.candles) + len(day_lines.factors)
            instrument = await self._known(found, symbol, kept, day_lines, rows)
            if instrument is not None:
                await self.days(kept, instrument, day_lines)

    async def unreadable(self, kept: KeptPayload, reason: str) -> None:
        """Nothing of it can be read: a dead letter, if it is none yet."""
        await self._stores.letters.keep([DeadLetter.of_payload(kept.payload, reason, kept.id)])
        self.done += Replayed(rows=1, outcome=Outcome(dead=1))

    async def trades(self, kept: KeptPayload, instrument: Instrument, lines: TradeLines, *, same_tape: bool) -> None:
        """They wait for more, up to a bound."""
        wanted = await self._wanted(kept, instrument, lines.trades) if same_tape else np.zeros(len(lines.trades), bool)
        batch = lines.trades[wanted]
        rows = len(lines.trades) + len(lines.rejected)
        self.done += Replayed(rows=rows, left_out=len(lines.trades) - len(batch))
        if not len(batch) and not lines.rejected:
            return
        waiting = self._waiting.setdefault(instrument.id, [])
        waiting.append(
            Delivery(
                instrument=instrument,
                tape=instrument.tape,
                batch=batch,
                received_at=kept.payload.received_at,
                source=kept.payload.source,
                raw_id=kept.id,
                rejected=lines.rejected,
                lease=self.lease,
            )
        )
        if len(waiting) >= PAYLOADS_AT_ONCE or _rows(waiting) >= ROWS_AT_ONCE:
            ready, rest = whole_minutes(waiting)
            await self._store(instrument.id, ready or waiting, rest if ready else [])
        if sum(map(_rows, self._waiting.values())) >= ROWS_WAITING:
            await self.flush()

    async def candles(self, kept: KeptPayload, instrument: Instrument, lines: CandleLines) -> None:
        """The venue's minutes; what was published later stays."""
        subject = str(instrument.key)
        letters = [DeadLetter.of_row(kept.payload.source, subject, each, kept.id) for each in lines.rejected]
        await self._stores.letters.keep(letters)
        wanted = kept.payload.wanted
        candles = [
            candle for candle in lines.candles if wanted is None or wanted.start <= candle.open_time < wanted.end
        ]
        outcome = Outcome(dead=len(letters))
        if candles:
            outcome += await self._stores.candles.put_published(
                instrument, candles, received_at=kept.payload.received_at, raw_id=kept.id, lease=self.lease
            )
        rows = len(lines.candles) + len(letters)
        self.done += Replayed(rows=rows, outcome=outcome, left_out=len(lines.candles) - len(candles))

    async def was_read(self, raw_id: RawId) -> None:
        """All of it was taken: what of it was a dead letter and does not come again is none any more."""
        self._read.append(raw_id)
        if len(self._read) >= RESOLVED_AT_ONCE:
            await self.finish()

    async def finish(self) -> None:
        """Store what waits, and resolve the letters that are none any more."""
        await self.flush()
        if self._read:
            await self._letters.resolve_unseen(self._read, self._since, self._subjects)
        self._read.clear()

    async def flush(self) -> None:
        """Store what waits."""
        for instrument_id in list(self._waiting):
            await self._store(instrument_id, self._waiting[instrument_id], [])

    async def _store(self, instrument_id: InstrumentId, ready: Sequence[Delivery], rest: list[Delivery]) -> None:
        outcome = await self._stores.trades.insert_together(ready)
        self._waiting[instrument_id] = rest
        if not rest:
            del self._waiting[instrument_id]
        self.done += Replayed(outcome=outcome)

    async def quotes(self, kept: KeptPayload, instrument: Instrument, lines: QuoteLines) -> None:
        """What was observed later about the same moment stays."""
        wanted = kept.payload.wanted
        quotes = [quote for quote in lines.quotes if wanted is None or wanted.start <= quote.ts < wanted.end]
        outcome = Outcome()
        if quotes or lines.rejected:
            rows_kept = QuoteLines(quotes, lines.rejected)
            received_at, source = kept.payload.received_at, kept.payload.source
            outcome = await self._stores.quotes.put(
                QuoteDelivery(instrument, source, rows_kept, received_at, kept.id, lease=self.lease)
            )
        rows = len(lines.quotes) + len(lines.rejected)
        self.done += Replayed(rows=rows, outcome=outcome, left_out=len(lines.quotes) - len(quotes))

    async def days(self, kept: KeptPayload, instrument: Instrument, lines: DayLines) -> None:
        """What was published later stays."""
        wanted = kept.payload.wanted
        days = [day for day in lines.candles if wanted is None or wanted.start <= day.open_time < wanted.end]
        outcome = Outcome()
        if days or lines.factors or lines.rejected:
            rows_kept = DayLines(days, lines.factors, lines.rejected)
            received_at, source = kept.payload.received_at, kept.payload.source
            outcome = await self._stores.days.put(
                DayDelivery(instrument, source, rows_kept, received_at, kept.id, lease=self.lease)
            )
        rows = len(lines.candles) + len(lines.factors) + len(lines.rejected)
        self.done += Replayed(rows=rows, outcome=outcome, left_out=len(lines.candles) - len(days))

    def _leave_out(self, rows: int) -> None:
        self.done += Replayed(rows=rows, left_out=rows)

    async def _known(
        self,
        found: Mapping[str, Instrument],
        symbol: str,
        kept: KeptPayload,
        lines: TradeLines | CandleLines | QuoteLines | DayLines,
        rows: int,
    ) -> Instrument | None:
        """The instrument that rows are delivered to; None if there is none: then they are accounted for here."""
        instrument, wanted_of = found.get(symbol), kept.payload.wanted_of
        if instrument is not None and (wanted_of is None or instrument.id in wanted_of):
            if self.concerns(instrument):
                return instrument
            self._leave_out(rows + len(lines.rejected))
            return None
        letters = letters_of(kept.payload, symbol, lines.rejected, kept.id) if self._only is None else []
        await self._stores.letters.keep(letters)
        left_out = rows + len(lines.rejected) - len(letters)
        self.done += Replayed(rows=rows + len(lines.rejected), outcome=Outcome(dead=len(letters)), left_out=left_out)
        return None

    async def _wanted(self, kept: KeptPayload, instrument: Instrument, batch: TradeBatch) -> npt.NDArray[np.bool_]:
        """Which of the trades were wanted then, and not replaced by a file that came after them."""
        if instrument.id not in self._corrections:
            self._corrections |= await self._raw.corrections([instrument.id])
        wanted = np.ones(len(batch), dtype=np.bool_)
        if kept.payload.wanted is not None:
            wanted &= _within(batch, kept.payload.wanted)
        for correction in self._corrections[instrument.id]:
            if correction.file_id > kept.id:
                wanted &= ~_within(batch, correction.window)
        return wanted


def _rows(deliveries: Sequence[Delivery]) -> int:
    return sum(len(delivery.batch) for delivery in deliveries)


def _within(batch: TradeBatch, window: Window) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = (batch.ts >= microseconds(window.start)) & (batch.ts < microseconds(window.end))
    return found
