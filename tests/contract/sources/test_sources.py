"""What every source must be able to do with what it says it has; against its simulator here, live where asked to.

A provider that changed its formats fails the live half of this: `pytest -m live tests/contract/sources`, nightly.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import Window, microseconds
from candlewick.ports import Contents
from candlewick.providers.registry import CODES, provider
from contract.sources.conftest import REFERENCE, Asked

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
_LONGEST = 60.0
"""Seconds in which something must be traded of the instruments that are asked for."""


def had[Part](part: Part | None, asked: Asked, name: str) -> Part:
    """That part of the source; a source that has none is not tested for it."""
    if part is None:
        pytest.skip(f"{asked.source.source} has no {name}")
    return part


def test_every_source_of_the_registry_is_asked() -> None:
    files_only = {code for code in CODES if provider(code).source is None}
    assert set(CODES) - files_only - {"demo"} == set(REFERENCE)


async def test_it_lists_what_it_has(asked: Asked) -> None:
    listings = await asked.listings()
    assert asked.key in {listing.key for listing in listings}
    names = {(listing.key, listing.symbol) for listing in listings}
    assert len({key for key, _ in names}) == len(names)  # a list may repeat what another one has, never as another
    assert {listing.key.venue for listing in listings} == {asked.source.source}
    assert all(InstrumentKey.parse(str(listing.key)) == listing.key for listing in listings)


async def test_its_trades_come_in_order_page_after_page(asked: Asked) -> None:
    history = had(asked.source.trades, asked, "history of trades")
    instrument, now = await asked.instrument(), asked.now
    cursor = await history.start(instrument, Window(now - timedelta(hours=2), now))
    assert cursor is not None
    seen: list[int] = []
    first_time = 0
    for _ in range(3):
        if cursor is None:
            break
        page = history.read(instrument, asked.kept(await history.page(instrument, cursor)))
        assert not page.rows.rejected, page.rows.rejected[:3]
        first_time = first_time or int(page.rows.trades.ts.min())
        seen += page.rows.trades.sequence.tolist()
        cursor = page.next
    assert microseconds(now - timedelta(hours=3)) < first_time <= microseconds(now)
    distinct = sorted(set(seen))
    assert len(distinct) > 10
    assert distinct[0] == min(seen[:10])


async def test_it_goes_on_at_any_of_its_trades(asked: Asked) -> None:
    history = had(asked.source.trades, asked, "history of trades")
    instrument, now = await asked.instrument(), asked.now
    cursor = await history.start(instrument, Window(now - timedelta(minutes=30), now))
    assert cursor is not None
    rows = history.read(instrument, asked.kept(await history.page(instrument, cursor))).rows.trades
    before, wanted = rows.trades()[3], rows.trades()[4:8]
    again = history.read(
        instrument, asked.kept(await history.page(instrument, history.at(wanted[0].sequence, before.ts)))
    )
    assert {trade.sequence: trade for trade in again.rows.trades.trades()}.items() >= {
        trade.sequence: trade for trade in wanted
    }.items()


async def test_its_minute_candles_lie_in_the_window_and_are_finished(asked: Asked) -> None:
    candles = had(asked.source.candles, asked, "minute candles")
    instrument, now = await asked.instrument(), asked.now
    window = Window(now - timedelta(hours=2), now)
    found = candles.read(instrument, asked.kept(await candles.page(instrument, window))).rows
    assert not found.rejected, found.rejected[:3]
    assert found.candles
    within = [candle for candle in found.candles if window.start <= candle.open_time < window.end]
    assert within
    assert all(candle.open_time + MINUTE <= asked.now + timedelta(seconds=5) for candle in found.candles)
    assert [candle.open_time for candle in found.candles] == sorted({candle.open_time for candle in found.candles})


async def test_it_says_what_the_price_is_now(asked: Asked) -> None:
    quotes = had(asked.source.quotes, asked, "quotes")
    instrument = await asked.instrument()
    found = [quotes.read(asked.kept(payload)) for payload in await quotes.pages([instrument])]
    (lines,) = [each[instrument.symbol] for each in found if instrument.symbol in each]
    assert not lines.rejected
    assert lines.quotes[-1].price or lines.quotes[-1].bid
    assert lines.quotes[-1].ts <= asked.now + timedelta(minutes=1)


async def test_it_says_what_the_price_was(asked: Asked) -> None:
    history = had(asked.source.quote_history, asked, "history of quotes")
    instrument, now = await asked.quoted(), asked.now
    window = Window(now - 30 * DAY, now)
    payload = await asked.past_quotes(instrument, window)
    if payload is None:
        pytest.skip(f"{asked.source.source} has no past quotes of {asked.key}")
    lines = history.read(instrument, payload).rows
    assert not lines.rejected
    assert any(window.start <= quote.ts < window.end for quote in lines.quotes)


async def test_its_days_are_finished(asked: Asked) -> None:
    days = had(asked.source.days, asked, "daily candles")
    instrument, now = await asked.instrument(), asked.now
    lines = days.read(instrument, asked.kept(await days.page(instrument, Window(now - 30 * DAY, now)))).rows
    assert not lines.rejected
    assert lines.candles
    assert max(candle.day for candle in lines.candles) < asked.now.date() + DAY


async def test_it_tells_trades_as_they_happen(asked: Asked) -> None:
    stream = had(asked.source.stream, asked, "stream")
    instrument, heard = await asked.instrument(), 0
    async with asyncio.timeout(_LONGEST), stream.connect([instrument]) as frames:
        async for frame in frames:
            found = stream.read([frame])
            assert not [rejected for lines in found.values() for rejected in lines.rejected], frame.body
            assert set(found) <= {instrument.symbol}
            heard += sum(len(lines.trades) for lines in found.values())
            assert set(stream.tips([frame])) <= {instrument.symbol}
            if heard >= 2:
                break
    assert heard >= 2


async def test_whatever_it_said_can_be_read_again(asked: Asked) -> None:
    source, instrument, now = asked.source, await asked.instrument(), asked.now
    assert source.reader is not None
    window = Window(now - timedelta(hours=1), now)
    if source.trades is not None and (cursor := await source.trades.start(instrument, window)) is not None:
        asked.kept(await source.trades.page(instrument, cursor))
    if source.candles is not None:
        asked.kept(await source.candles.page(instrument, window))
    if source.quotes is not None:
        asked.payloads.extend(await source.quotes.pages([instrument]))
    await asked.past_quotes(await asked.quoted(), Window(now - 3 * DAY, now))
    if source.days is not None:
        asked.kept(await source.days.page(instrument, Window(now - 30 * DAY, now)))
    for payload in asked.payloads:
        contents = source.reader.read(payload)
        assert contents != Contents(), payload.endpoint
        parts = (contents.trades, contents.candles, contents.quotes, contents.days)
        assert not [each for part in parts for lines in part.values() for each in lines.rejected], payload.endpoint
