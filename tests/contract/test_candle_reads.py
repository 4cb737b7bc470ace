"""The contract of candle reads: pages, origins, many instruments at once, the same on every edition."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.candle import CandleOrigin, CandleStatus, MinuteCandle
from candlewick.domain.errors import InvalidDuration
from candlewick.domain.interval import Duration, Interval
from candlewick.domain.market import InstrumentId, Side, Trade
from candlewick.domain.page import CandleQuery
from candlewick.domain.raw import Payload
from candlewick.domain.time import Window, coalesce
from candlewick.ports import Outcome
from candlewick.storage import tree
from candlewick.storage.candles import Candles
from candlewick.storage.engine import Database
from candlewick.storage.folding import decompose
from candlewick.storage.raw import RawFiles
from candlewick.storage.trades import Trades
from markets import LATER, FrozenClock, delivery, new_instrument, read_all

START = datetime(2024, 8, 8, tzinfo=UTC)
M1, M5 = Interval.M1.duration, Interval.M5.duration


def minutes(*offsets: int) -> list[Trade]:
    return [Trade(n, Decimal(n + 1), Decimal(1), Side.SELL, START + timedelta(minutes=n)) for n in offsets]


def published(offset: int, volume: str = "1", price: str = "7") -> MinuteCandle:
    number = Decimal(price)
    return MinuteCandle(
        START + timedelta(minutes=offset), number, number, number, number, Decimal(volume), None, None, None, None
    )


@pytest.mark.parametrize("refreshed", ["never", "half", "all"])
@pytest.mark.parametrize("duration", [M1, M5, Duration.parse("PT10M"), Duration.parse("PT30S")], ids=str)
async def test_pages_meet_without_gap_or_overlap(database: Database, refreshed: str, duration: Duration) -> None:
    instrument = await new_instrument(database)
    tape = minutes(*range(60), *range(900, 960, 3), *range(40_000, 40_020))
    if refreshed == "half":
        await Trades(database).insert(delivery(instrument, tape[::2]))
        await tree.refresh(database, older_than=timedelta())
    await Trades(database).insert(delivery(instrument, tape))
    if refreshed == "all":
        await tree.refresh(database, older_than=timedelta())
    everything = [candle.open_time for candle in await read_all(database, instrument, duration)]
    store = Candles(database, FrozenClock())
    forwards: list[datetime] = []
    window = Window(START, LATER)
    while True:
        page = (await store.read([instrument.id], CandleQuery(duration, 7, None, window, newest=False)))[instrument.id]
        forwards += [candle.open_time for candle in page.rows]
        if not page.more:
            break
        window = Window(duration.after(forwards[-1]), LATER)
    backwards: list[datetime] = []
    window = Window(START, LATER)
    while True:
        page = (await store.read([instrument.id], CandleQuery(duration, 9, None, window)))[instrument.id]
        backwards = [candle.open_time for candle in page.rows] + backwards
        if not page.more:
            break
        window = Window(START, backwards[0])
    assert forwards == backwards == everything


async def test_many_instruments_are_read_at_once(database: Database) -> None:
    instruments = [await new_instrument(database) for _ in range(3)]
    for number, instrument in enumerate(instruments):
        await Trades(database).insert(delivery(instrument, minutes(*range(number * 5, 20))))
    nobody = InstrumentId(2**31 - 1)
    pages = await Candles(database, FrozenClock()).read(
        [*(instrument.id for instrument in instruments), nobody], CandleQuery(M5, 2, newest=False)
    )
    assert [page.rows[0].open_time - START for page in list(pages.values())[:3]] == [
        timedelta(minutes=0), timedelta(minutes=5), timedelta(minutes=10)
    ]  # fmt: skip
    assert [page.more for page in pages.values()] == [True, True, False, False]
    assert pages[nobody].rows == []


async def test_a_minute_is_provisional_until_it_is_over_and_lateness_has_passed(database: Database) -> None:
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, minutes(0)))
    for second, status in ((59, CandleStatus.PROVISIONAL), (64, CandleStatus.PROVISIONAL), (65, CandleStatus.FINAL)):
        store = Candles(database, FrozenClock(START + timedelta(seconds=second)), timedelta(seconds=5))
        page = (await store.read([instrument.id], CandleQuery(M1, 1)))[instrument.id]
        assert page.rows[0].status is status, second


async def test_auto_takes_trades_where_they_hold_all_volume_and_the_venues_candle_elsewhere(database: Database) -> None:
    instrument = await new_instrument(database)
    store = Candles(database, FrozenClock())
    await Trades(database).insert(delivery(instrument, minutes(0, 1)))
    await store.put_published(instrument, [published(0), published(1, "5"), published(2)], received_at=LATER)
    auto = await read_all(database, instrument, M1, None)
    assert [(candle.origin, candle.close) for candle in auto] == [
        (CandleOrigin.TRADES, "1"), (CandleOrigin.VENUE, "7"), (CandleOrigin.VENUE, "7")
    ]  # fmt: skip
    await tree.refresh(database, older_than=timedelta())
    [candle] = await read_all(database, instrument, M5, CandleOrigin.VENUE)
    assert (candle.volume, candle.quote_volume, candle.vwap, candle.trade_count) == ("7", None, None, None)


async def test_a_newer_publication_of_a_minute_replaces_the_older(database: Database) -> None:
    instrument = await new_instrument(database)
    store = Candles(database, FrozenClock())
    first = [published(0), published(1)]
    assert await store.put_published(instrument, first, received_at=LATER) == Outcome(stored=2)
    assert await store.put_published(instrument, first, received_at=LATER) == Outcome(repeated=2)
    changed = [published(0, "3"), published(1)]
    assert await store.put_published(instrument, changed, received_at=LATER) == Outcome(stored=1, repeated=1)
    found = await read_all(database, instrument, M1, CandleOrigin.VENUE)
    assert [(candle.volume, candle.status) for candle in found] == [
        ("3", CandleStatus.REVISED), ("1", CandleStatus.FINAL)
    ]  # fmt: skip


async def test_a_publication_that_was_received_before_undoes_nothing(database: Database, tmp_path: Path) -> None:
    instrument = await new_instrument(database)
    store, raw = Candles(database, FrozenClock()), RawFiles(database, tmp_path)
    older, newer = [await raw.keep_payload(Payload("test", f"/{n}", b"", LATER)) for n in (1, 2)]
    await store.put_published(instrument, [published(0, "2")], received_at=LATER, raw_id=newer)

    again = await store.put_published(
        instrument, [published(0, "1"), published(1, "1")], received_at=LATER, raw_id=older
    )
    settled = await store.put_published(instrument, [published(0, "2")], received_at=LATER, raw_id=newer)

    assert (again, settled) == (Outcome(stored=1, repeated=1), Outcome(repeated=1))
    found = await read_all(database, instrument, M1, CandleOrigin.VENUE)
    assert [(candle.volume, candle.status) for candle in found] == [
        ("2", CandleStatus.FINAL),
        ("1", CandleStatus.FINAL),
    ]


async def test_of_two_publications_in_one_batch_the_later_one_counts(database: Database) -> None:
    instrument = await new_instrument(database)
    batch = [published(0, volume) for volume in ("1", "2", "3")]
    outcome = await Candles(database, FrozenClock()).put_published(instrument, batch, received_at=LATER)
    assert outcome == Outcome(stored=1, repeated=2)
    [candle] = await read_all(database, instrument, M1, CandleOrigin.VENUE)
    assert candle.volume == "3"


async def test_seconds_come_from_trades_whatever_the_venue_published(database: Database) -> None:
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, minutes(0)))
    await Candles(database, FrozenClock()).put_published(instrument, [published(0)], received_at=LATER)
    assert await read_all(database, instrument, Interval.S1.duration, CandleOrigin.VENUE) == []
    [candle] = await read_all(database, instrument, Interval.S1.duration, None)
    assert candle.origin is CandleOrigin.TRADES


@pytest.mark.parametrize("newest", [False, True])
async def test_a_page_of_seconds_crosses_quiet_years(database: Database, newest: bool) -> None:
    instrument = await new_instrument(database)
    tape = minutes(0, 10 * 365 * 24 * 60)
    await Trades(database).insert(delivery(instrument, tape))
    query = CandleQuery(Duration.parse("PT7S"), 2, newest=newest)
    page = (await Candles(database, FrozenClock()).read([instrument.id], query))[instrument.id]
    assert [candle.open_time for candle in page.rows] == [query.duration.floor(one.ts) for one in tape]
    assert not page.more


async def test_widths_that_cut_minutes_open_and_close_like_those_that_do_not(database: Database) -> None:
    instrument = await new_instrument(database)
    first, last = minutes(2, 1)  # the venue's numbers run against its clock
    await Trades(database).insert(
        delivery(instrument, [replace(first, ts=START), replace(last, ts=START + timedelta(minutes=1))])
    )
    for text in ("PT1H", "PT3599S"):
        query = CandleQuery(Duration.parse(text), 10)
        rows = (await Candles(database, FrozenClock()).read([instrument.id], query))[instrument.id].rows
        assert [(candle.open, candle.close) for candle in rows] == [("3", "2")], text


@pytest.mark.parametrize("text", ["PT7S", "PT1M", "P7D", "P1M", "P10Y"])
async def test_a_window_to_the_ends_of_the_calendar_is_answered(database: Database, text: str) -> None:
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, minutes(0)))
    dawn, dusk = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    day = timedelta(days=1)
    found = []
    for window in (Window(dawn, dusk), Window(dawn, dawn + day), Window(dusk - day, dusk)):
        query = CandleQuery(Duration.parse(text), 5, window=window)
        found.append(len((await Candles(database, FrozenClock()).read([instrument.id], query))[instrument.id].rows))
    assert found == [1, 0, 0]


async def test_a_page_folded_from_too_many_candles_is_refused(database: Database) -> None:
    instrument = await new_instrument(database)
    with pytest.raises(InvalidDuration, match="ask for at most 3389 at a time"):
        await Candles(database, FrozenClock()).read([instrument.id], CandleQuery(Duration.parse("PT59M"), 5000))
    with pytest.raises(InvalidDuration, match="choose a width that a wider interval divides"):
        await Candles(database, FrozenClock()).read([instrument.id], CandleQuery(Duration.parse("P3DT1S"), 1))


async def test_a_session_in_another_time_zone_changes_nothing(database: Database) -> None:
    instrument = await new_instrument(database)
    tape = [replace(t, ts=t.ts + timedelta(hours=23)) for t in minutes(0, 90)]
    await Trades(database).insert(delivery(instrument, tape))
    async with database.driver() as driver:
        await driver.execute("SET timezone = 'America/New_York'")
        days = await driver.fetch("SELECT start_time FROM dirty_range WHERE instrument_id = $1", instrument.id)
        await driver.execute("SET timezone = 'UTC'")
    assert len(days) == 2
    opens = [candle.open_time for candle in await read_all(database, instrument, Interval.D1.duration)]
    assert opens == [START, START + timedelta(days=1)]


@given(
    dirty=st.lists(st.tuples(st.integers(0, 50_000), st.integers(1, 2_000)), max_size=5),
    interval=st.sampled_from([Interval.M1, Interval.M5, Interval.H1, Interval.D1, Interval.W1, Interval.MO1]),
)
def test_a_stretch_is_cut_into_clean_pieces_that_cover_it_exactly(
    dirty: list[tuple[int, int]], interval: Interval
) -> None:
    windows = coalesce([Window(START + timedelta(minutes=a), START + timedelta(minutes=a + b)) for a, b in dirty])
    stretch = Window(interval.duration.floor(START), interval.duration.after(interval.duration.floor(START), 3))
    pieces = decompose(stretch, windows, interval)
    assert coalesce([window for _, window in pieces]) == [stretch]
    assert sum((window.end - window.start for _, window in pieces), timedelta()) == stretch.end - stretch.start
    for level, piece in pieces:
        assert level is Interval.M1 or not any(piece.overlaps(window) for window in windows)
