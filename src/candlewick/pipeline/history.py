"""The past of an instrument into the store, page by page: each page is kept as received before it is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from candlewick.domain.batch import Rejected, TradeBatch
from candlewick.domain.day import DayLines
from candlewick.domain.errors import MalformedPayload
from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import DeadLetter, RawId
from candlewick.domain.time import MICROSECOND, Window, microseconds
from candlewick.pipeline.importing import Stores
from candlewick.ports import (
    CandleHistory,
    DayDelivery,
    DayHistory,
    Delivery,
    Outcome,
    QuoteDelivery,
    QuoteHistory,
    TradeHistory,
)

MINUTE: Final = timedelta(minutes=1)
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


async def read_page(history: TradeHistory, stores: Stores, target: Target, cursor: str) -> TradePage:
    """Fetch one page, keep it as received, then read it."""
    payload = await history.page(target.instrument, cursor)
    raw_id = await stores.raw.keep_payload(payload)
    fetched = history.read(target.instrument, payload)
    return TradePage(fetched.rows.trades, fetched.rows.rejected, payload.received_at, raw_id, fetched.next)


async def store_trades(stores: Stores, target: Target, page: TradePage, batch: TradeBatch) -> Outcome:
    """Store these trades, and as dead letters what the page has beside trades."""
    if not len(batch) and not page.rejected:
        return Outcome()
    return await stores.trades.insert(
        Delivery(
            instrument=target.instrument,
            tape=target.instrument.tape,
            batch=batch,
            received_at=page.received_at,
            source=target.source,
            raw_id=page.raw_id,
            rejected=page.rejected,
            lease=target.lease,
        )
    )


async def fetch_trades(
    history: TradeHistory, stores: Stores, target: Target, window: Window, report: Report
) -> Outcome:
    """Store the trades of the window. Doing it again changes nothing.

    A page's last minute waits for the next page, so that no minute is written twice: its candle would look revised.

    Raises:
        SourceUnavailable, SourceRefused, MalformedPayload, LeaseLost: what was stored before stays.
    """
    start, end = microseconds(window.start), microseconds(window.end)
    outcome, waiting = Outcome(), TradeBatch.of([])
    cursor = await history.start(target.instrument, window)
    while cursor is not None:
        page = await read_page(history, stores, target, cursor)
        found = page.trades
        over = bool(len(found)) and int(found.ts.min()) >= end  # not the first one: ids need not be in order of time
        cursor = None if over else page.next
        batch = TradeBatch.concat([waiting, found[(found.ts >= start) & (found.ts < end)]])
        held = (
            batch.minute == batch.minute.max() if cursor is not None and len(batch) else np.zeros(len(batch), np.bool_)
        )
        waiting = batch[held]
        outcome += await store_trades(stores, target, page, batch[~held])
        if len(found):
            report(outcome, min(max(int(found.ts.max()) - start, 0) / (end - start), 1.0))
    return outcome


async def fetch_candles(
    history: CandleHistory, stores: Stores, target: Target, window: Window, report: Report
) -> Outcome:
    """Store the venue's minute candles of the window. Errors as for trades."""
    outcome, start = Outcome(), window.start
    while start < window.end:
        payload = await history.page(target.instrument, Window(start, window.end))
        raw_id = await stores.raw.keep_payload(payload)
        lines = history.read(target.instrument, payload).rows
        subject = str(target.instrument.key)
        letters = [DeadLetter.of_row(target.source, subject, rejected, raw_id) for rejected in lines.rejected]
        await stores.letters.keep(letters)
        candles = [candle for candle in lines.candles if start <= candle.open_time < window.end]
        outcome += Outcome(dead=len(letters))
        if not candles and not letters:
            return outcome
        if candles:
            outcome += await stores.candles.put_published(
                target.instrument, candles, received_at=payload.received_at, lease=target.lease
            )
            start = max(candle.open_time for candle in candles)
        else:
            start += (len(letters) - 1) * MINUTE  # a page of nothing else: what follows may be better
        start += MINUTE
        report(outcome, min((start - window.start) / (window.end - window.start), 1.0))
    return outcome


async def fetch_quotes(
    history: QuoteHistory, stores: Stores, target: Target, window: Window, report: Report
) -> Outcome:
    """Store the quotes of the window, as fine as the source still has them. Errors as for trades."""
    outcome, start = Outcome(), window.start
    while start < window.end:
        payload = await history.page(target.instrument, Window(start, window.end))
        raw_id = await stores.raw.keep_payload(payload)
        fetched = history.read(target.instrument, payload)
        lines = fetched.rows
        quotes = [quote for quote in lines.quotes if start <= quote.ts < window.end]
        if quotes or lines.rejected:
            outcome += await stores.quotes.put(
                QuoteDelivery(
                    target.instrument,
                    target.source,
                    QuoteLines(quotes, lines.rejected),
                    payload.received_at,
                    raw_id,
                    lease=target.lease,
                )
            )
        if not quotes:
            if lines.rejected and not lines.quotes:
                reason = f"none of its {len(lines.rejected)} rows is a quote: {lines.rejected[0].reason}"
                raise MalformedPayload(payload.source, payload.endpoint, reason)
            return outcome
        if fetched.complete:
            return outcome
        start = max(quote.ts for quote in quotes) + MICROSECOND
        report(outcome, min((start - window.start) / (window.end - window.start), 1.0))
    return outcome


async def fetch_days(history: DayHistory, stores: Stores, target: Target, window: Window, report: Report) -> Outcome:
    """Store the days that open in the window, and all factors that come with them. Errors as for trades."""
    outcome, start = Outcome(), window.start
    while start < window.end:
        payload = await history.page(target.instrument, Window(start, window.end))
        raw_id = await stores.raw.keep_payload(payload)
        fetched = history.read(target.instrument, payload)
        lines = fetched.rows
        days = [day for day in lines.candles if start <= day.open_time < window.end]
        if days or lines.factors or lines.rejected:
            kept = DayLines(days, lines.factors, lines.rejected)
            outcome += await stores.days.put(
                DayDelivery(target.instrument, target.source, kept, payload.received_at, raw_id, lease=target.lease)
            )
        if not (lines.candles or lines.factors) and lines.rejected:
            reason = f"none of its {len(lines.rejected)} rows is a day: {lines.rejected[0].reason}"
            raise MalformedPayload(payload.source, payload.endpoint, reason)
        if not days or fetched.complete:
            return outcome
        start = max(day.open_time for day in days) + DAY
        report(outcome, min((start - window.start) / (window.end - window.start), 1.0))
    return outcome
