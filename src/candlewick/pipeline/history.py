"""The past of an instrument into the store, page by page: each page is kept as received before it is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from candlewick.domain.batch import Rejected, TradeBatch
from candlewick.domain.candle import CandleOrigin
from candlewick.domain.day import DayLines
from candlewick.domain.errors import MalformedPayload
from candlewick.domain.gap import Gap
from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import DeadLetter, RawId
from candlewick.domain.time import MICROSECOND, Window, microseconds
from candlewick.pipeline.accounting import Account
from candlewick.pipeline.batches import whole_minutes
from candlewick.pipeline.day_account import DayAccount
from candlewick.pipeline.importing import Stores
from candlewick.pipeline.keeping import keep
from candlewick.ports import (
    CandleHistory,
    Clock,
    DayDelivery,
    DayHistory,
    Delivery,
    Outcome,
    QuoteDelivery,
    QuoteHistory,
    TradeHistory,
)

MINUTE: Final = timedelta(minutes=1)
HISTORY_LAG: Final = timedelta(seconds=10)
"""How far a history, or its venue's clock, may be behind the moment of its answer."""
DAY: Final = timedelta(days=1)

Report = Callable[[Outcome, float], None]
"""Takes what was done so far, and which part of the whole that is, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whose past it is, and with what right it is written."""

    instrument: Instrument
    source: str
    lease: Lease | None = None


@dataclass(frozen=True, slots=True)
class TradePage:
    """A page that is kept: its trades, what is none, and where the next one begins."""

    trades: TradeBatch
    rejected: Sequence[Rejected]
    received_at: datetime
    raw_id: RawId
    next: str | None

    def delivery(self, target: Target, batch: TradeBatch) -> Delivery:
        """These trades of it, with what it has beside trades."""
        return Delivery(
            instrument=target.instrument,
            tape=target.instrument.tape,
            batch=batch,
            received_at=self.received_at,
            source=target.source,
            raw_id=self.raw_id,
            rejected=self.rejected,
            lease=target.lease,
        )


async def read_page(
    history: TradeHistory, stores: Stores, target: Target, cursor: str, wanted: Window | None = None
) -> TradePage:
    """Fetch one page, keep it as received, then read it."""
    payload = await history.page(target.instrument, cursor)
    kept = await keep(stores, payload, wanted)
    fetched = await kept.read(partial(history.read, target.instrument))
    return TradePage(fetched.rows.trades, fetched.rows.rejected, payload.received_at, kept.raw_id, fetched.next)


async def store_trades(stores: Stores, target: Target, page: TradePage, batch: TradeBatch) -> Outcome:
    """Store these trades, and as dead letters what the page has beside trades."""
    if not len(batch) and not page.rejected:
        return Outcome()
    return await stores.trades.insert(page.delivery(target, batch))


async def fetch_trades(
    history: TradeHistory, stores: Stores, target: Target, window: Window, report: Report, clock: Clock
) -> Outcome:
    """Store the trades of the window, keep what its source leaves out. Doing it again changes nothing.

    A page's last minute waits for the next page, so that no minute is written twice: its candle would look revised.
    Each trade is stored as one of the page that it was on.

    Raises:
        SourceUnavailable, SourceRefused, MalformedPayload, LeaseLost: what was stored before stays.
    """
    start, end = microseconds(window.start), microseconds(window.end)
    outcome, waiting = Outcome(), list[Delivery]()
    account = Account(target.instrument.id, target.source, stores.gaps, target.lease)
    cursor = await history.start(target.instrument, window)
    while cursor is not None:
        page = await read_page(history, stores, target, cursor, window)
        found = page.trades
        account.take(found)
        over = bool(len(found)) and int(found.ts.min()) >= end  # not the first one: ids need not be in order of time
        cursor = None if over else page.next
        waiting.append(page.delivery(target, found[(found.ts >= start) & (found.ts < end)]))
        ready, waiting = (waiting, []) if cursor is None else whole_minutes(waiting)
        if ready:
            outcome += await stores.trades.insert_together(ready)
        if len(found):
            report(outcome, min(max(int(found.ts.max()) - start, 0) / (end - start), 1.0))
    now = clock.now()
    if (settled := min(window.end, now - HISTORY_LAG)) > window.start:
        await account.close(Window(window.start, settled), now)
    return outcome


async def fetch_sequences(history: TradeHistory, stores: Stores, target: Target, gap: Gap, report: Report) -> Outcome:
    """Store the trades of a gap whose sequences are known, as far as the source has them. Errors as for trades."""
    assert gap.first_sequence is not None  # noqa: S101  (told by the caller)
    assert gap.last_sequence is not None  # noqa: S101
    outcome, first, last = Outcome(), gap.first_sequence, gap.last_sequence
    cursor: str | None = history.at(first, gap.window.start)
    while cursor is not None:
        page = await read_page(history, stores, target, cursor)
        found, cursor = page.trades, page.next
        outcome += await store_trades(stores, target, page, found[(found.sequence >= first) & (found.sequence <= last)])
        if len(found):
            newest = int(found.sequence.max())
            report(outcome, min(max(newest - first + 1, 0) / (last - first + 1), 1.0))
            if newest >= last:
                break
    return outcome


async def fetch_candles(
    history: CandleHistory, stores: Stores, target: Target, window: Window, report: Report
) -> Outcome:
    """Store the venue's minute candles of the window. Errors as for trades."""
    outcome, start = Outcome(), window.start
    while start < window.end:
        wanted = Window(start, window.end)
        kept = await keep(stores, await history.page(target.instrument, wanted), wanted)
        asked_at = kept.payload.received_at
        lines = (await kept.read(partial(history.read, target.instrument))).rows
        subject = str(target.instrument.key)
        letters = [DeadLetter.of_row(target.source, subject, rejected, kept.raw_id) for rejected in lines.rejected]
        await stores.letters.keep(letters)
        candles = [candle for candle in lines.candles if start <= candle.open_time < window.end]
        outcome += Outcome(dead=len(letters))
        if not candles and not letters:
            break
        if candles:
            outcome += await stores.candles.put_published(
                target.instrument,
                candles,
                received_at=asked_at,
                raw_id=kept.raw_id,
                lease=target.lease,
            )
            start = max(candle.open_time for candle in candles)
        else:
            start += (len(letters) - 1) * MINUTE  # a page of nothing else: what follows may be better
        start += MINUTE
        report(outcome, min((start - window.start) / (window.end - window.start), 1.0))
    if (settled := min(window.end, asked_at - MINUTE)) > window.start:
        await stores.gaps.cover(
            target.instrument.id,
            Window(window.start, settled),
            now=asked_at,
            lease=target.lease,
            origin=CandleOrigin.VENUE,
        )
    return outcome


async def fetch_quotes(
    history: QuoteHistory, stores: Stores, target: Target, window: Window, report: Report
) -> Outcome:
    """Store the quotes of the window, as fine as the source still has them. Errors as for trades."""
    outcome, start = Outcome(), window.start
    while start < window.end:
        wanted = Window(start, window.end)
        kept = await keep(stores, await history.page(target.instrument, wanted), wanted)
        fetched = await kept.read(partial(history.read, target.instrument))
        lines = fetched.rows
        quotes = [quote for quote in lines.quotes if start <= quote.ts < window.end]
        if quotes or lines.rejected:
            outcome += await stores.quotes.put(
                QuoteDelivery(
                    target.instrument,
                    target.source,
                    QuoteLines(quotes, lines.rejected),
                    kept.payload.received_at,
                    kept.raw_id,
                    lease=target.lease,
                )
            )
        if not quotes:
            if lines.rejected and not lines.quotes:
                reason = f"none of its {len(lines.rejected)} rows is a quote: {lines.rejected[0].reason}"
                raise MalformedPayload(kept.payload.source, kept.payload.endpoint, reason)
            return outcome
        if fetched.complete:
            return outcome
        start = max(quote.ts for quote in quotes) + MICROSECOND
        report(outcome, min((start - window.start) / (window.end - window.start), 1.0))
    return outcome


async def fetch_days(history: DayHistory, stores: Stores, target: Target, window: Window, report: Report) -> Outcome:
    """Store the days that open in the window, and all factors that come with them. Errors as for trades."""
    outcome, account, start = Outcome(), DayAccount(), window.start
    while start < window.end:
        wanted = Window(start, window.end)
        kept = await keep(stores, await history.page(target.instrument, wanted), wanted)
        fetched = await kept.read(partial(history.read, target.instrument))
        lines = fetched.rows
        days = [day for day in lines.candles if start <= day.open_time < window.end]
        if days or lines.factors or lines.rejected:
            wanted_lines = DayLines(days, lines.factors, lines.rejected)
            account.take(wanted_lines)
            outcome += await stores.days.put(
                DayDelivery(
                    target.instrument,
                    target.source,
                    wanted_lines,
                    kept.payload.received_at,
                    kept.raw_id,
                    lease=target.lease,
                )
            )
        if not (lines.candles or lines.factors) and lines.rejected:
            reason = f"none of its {len(lines.rejected)} rows is a day: {lines.rejected[0].reason}"
            raise MalformedPayload(kept.payload.source, kept.payload.endpoint, reason)
        if not days or fetched.complete:
            break
        start = max(day.open_time for day in days) + DAY
        report(outcome, min((start - window.start) / (window.end - window.start), 1.0))
    await account.close(stores.gaps, target.instrument.id, kept.payload.received_at, target.lease)
    return outcome
