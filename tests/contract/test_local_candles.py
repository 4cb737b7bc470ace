"""The contract of candles by a time zone's days and a calendar's sessions: every one is what its trades add up to."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from candlewick.domain.calendar import Calendar
from candlewick.domain.candle import Candle, CandleStatus
from candlewick.domain.coverage import Coverage
from candlewick.domain.day import Adjustment
from candlewick.domain.errors import InvalidDuration, UnknownCalendar
from candlewick.domain.hours import TimeBar
from candlewick.domain.interval import Duration
from candlewick.domain.market import Instrument, InstrumentId, Side, Trade
from candlewick.domain.page import CandleQuery, Fill
from candlewick.domain.time import Window
from candlewick.storage import tree
from candlewick.storage.calendars import StoredCalendars
from candlewick.storage.candles import Candles
from candlewick.storage.engine import Database
from candlewick.storage.trades import Trades
from markets import FrozenClock, as_expected, delivery, expected_by, new_instrument

NEW_YORK: Final = ZoneInfo("America/New_York")
START: Final = datetime(2024, 10, 28, tzinfo=UTC)
"""Clocks go back in New York on 3 November, in Lord Howe they went forward on 6 October."""
DAYS: Final = 16
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NOBODY: Final = InstrumentId(2**31 - 1)


def tape(seed: int = 5, count: int = 1500) -> list[Trade]:
    """Trades at random moments, some in bursts and some days with hardly any."""
    chance = random.Random(seed)
    moments = sorted(START + chance.random() ** 1.3 * DAYS * DAY for _ in range(count))
    return [
        Trade(
            number,
            Decimal(chance.randrange(1, 10**9)).scaleb(-6),
            Decimal(chance.randrange(1, 10**12)).scaleb(-9),
            chance.choice([Side.BUY, Side.SELL]),
            moment,
        )
        for number, moment in enumerate(moments)
    ]


def sessions() -> list[Window]:
    """Half past nine to four in New York on weekdays; on Wednesdays until one."""
    found = []
    for number in range(-3, DAYS + 20):
        day = (START + number * DAY).date()
        if day.weekday() < 5:
            close = time(13 if day.weekday() == 2 else 16)
            opens, closes = (datetime.combine(day, at, NEW_YORK) for at in (time(9, 30), close))
            found.append(Window(opens, closes))
    return found


async def with_calendar(database: Database, name: str = "TEST") -> None:
    traded = sessions()
    await StoredCalendars(database).put(Calendar(name, Window(START - 30 * DAY, traded[-1].end + DAY), traded))


async def market(database: Database, trades: list[Trade]) -> Instrument:
    """A tenth of the trades came late: the tree is dirty there."""
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, [each for n, each in enumerate(trades) if n % 10]))
    await tree.refresh(database, older_than=timedelta())
    await Trades(database).insert(delivery(instrument, trades[::10]))
    return instrument


def asked(every: str, zone: str = "UTC", session: str | None = None, limit: int = 2000) -> CandleQuery:
    bar = TimeBar.of(Duration.parse(every), zone, session)
    return CandleQuery(bar.every, limit, hours=bar.hours)


async def read(database: Database, instrument: Instrument, query: CandleQuery) -> list[Candle]:
    return list((await Candles(database, FrozenClock()).read([instrument.id], query))[instrument.id].rows)


def local_date(zone: str, days: int = 1) -> Callable[[datetime], object]:
    monday = date(2000, 1, 3)
    return lambda ts: (ts.astimezone(ZoneInfo(zone)).date() - monday).days // days


def local_month(zone: str) -> Callable[[datetime], object]:
    return lambda ts: (ts.astimezone(ZoneInfo(zone)).year, ts.astimezone(ZoneInfo(zone)).month)


def local_part(zone: str, minutes: int) -> Callable[[datetime], object]:
    """Date, place in it, and the offset: up to an hour, what a clock shows again is another candle.

    Wider parts go on through a change of clocks that does not end them.
    """

    def part(ts: datetime) -> object:
        shown = ts.astimezone(ZoneInfo(zone))
        again = shown.utcoffset() if minutes <= 60 else None
        return shown.date(), (60 * shown.hour + shown.minute) // minutes, again

    return part


ZONED: Final = [
    ("P1D", "America/New_York", local_date("America/New_York")),
    ("P1D", "Asia/Kolkata", local_date("Asia/Kolkata")),
    ("P1D", "Australia/Lord_Howe", local_date("Australia/Lord_Howe")),
    ("P1D", "Asia/Kathmandu", local_date("Asia/Kathmandu")),
    ("P1W", "America/New_York", local_date("America/New_York", 7)),
    ("P3D", "Asia/Tokyo", local_date("Asia/Tokyo", 3)),
    ("P1M", "Asia/Kolkata", local_month("Asia/Kolkata")),
    ("P1M", "America/New_York", local_month("America/New_York")),
    ("PT1H", "America/New_York", local_part("America/New_York", 60)),
    ("PT1H", "Asia/Kolkata", local_part("Asia/Kolkata", 60)),
    ("PT20M", "Asia/Kathmandu", local_part("Asia/Kathmandu", 20)),
    ("PT4H", "America/New_York", local_part("America/New_York", 240)),
    ("PT12H", "Asia/Tokyo", local_part("Asia/Tokyo", 720)),
]


async def test_candles_of_a_zone_are_what_its_trades_add_up_to(database: Database) -> None:
    trades = tape()
    instrument = await market(database, trades)
    for every, zone, bucket in ZONED:
        found = [as_expected(candle) for candle in await read(database, instrument, asked(every, zone))]
        expected = expected_by(trades, bucket)
        assert [replace(each, open_time=START) for each in found] == [
            replace(each, open_time=START) for each in expected
        ], (every, zone)
        assert all(bucket(each.open_time) == bucket(like.open_time) for each, like in zip(found, expected, strict=True))


def in_session(traded: list[Window], every: timedelta | None) -> Callable[[datetime], object]:
    """The session, and the place in it; None outside of all."""

    def part(ts: datetime) -> object:
        for session in traded:
            if session.start <= ts < session.end:
                return (session.start, (ts - session.start) // every) if every else session.start
        return None

    return part


def of_sessions(traded: list[Window], group: Callable[[datetime], object]) -> Callable[[datetime], object]:
    """The group of the session; None outside of all."""

    def part(ts: datetime) -> object:
        return next((group(session.start) for session in traded if session.start <= ts < session.end), None)

    return part


async def test_candles_of_sessions_are_what_was_traded_in_them(database: Database) -> None:
    trades, traded = tape(6), sessions()
    await with_calendar(database)
    instrument = await market(database, trades)
    for every, bucket in (
        ("PT1H", in_session(traded, timedelta(hours=1))),
        ("PT65M", in_session(traded, timedelta(minutes=65))),
        ("PT7M", in_session(traded, timedelta(minutes=7))),
        ("PT5M", in_session(traded, timedelta(minutes=5))),
        ("PT1M", in_session(traded, MINUTE)),
        ("PT40S", in_session(traded, timedelta(seconds=40))),
        ("P1D", in_session(traded, None)),
        ("P1W", of_sessions(traded, local_date("UTC", 7))),
        ("P1M", of_sessions(traded, local_month("UTC"))),
    ):
        found = [as_expected(candle) for candle in await read(database, instrument, asked(every, session="TEST"))]
        expected = expected_by(trades, bucket)
        assert [replace(each, open_time=START) for each in found] == [
            replace(each, open_time=START) for each in expected
        ], every


async def test_a_days_candle_of_a_session_opens_and_closes_with_it(database: Database) -> None:
    await with_calendar(database)
    instrument = await market(database, tape(7))
    candles = await read(database, instrument, asked("P1D", session="TEST"))
    assert candles
    assert {Window(each.open_time, each.close_time) for each in candles} <= set(sessions())


@pytest.mark.parametrize(("every", "zone", "session"), [
    ("PT1H", "America/New_York", None), ("P1D", "Asia/Kolkata", None), ("P1W", "Asia/Tokyo", None),
    ("PT65M", "UTC", "TEST"), ("P1D", "UTC", "TEST"), ("PT50S", "UTC", "TEST"),
])  # fmt: skip
async def test_pages_of_local_candles_meet_without_gap_or_overlap(
    database: Database, every: str, zone: str, session: str | None
) -> None:
    await with_calendar(database)
    instrument = await market(database, tape(8, 300))
    store, whole = Candles(database, FrozenClock()), asked(every, zone, session)
    everything = [each.open_time for each in await read(database, instrument, whole)]
    walks = []
    for newest in (False, True):
        found: list[datetime] = []
        window = Window(START - DAY, START + 30 * DAY)
        more = True
        while more:
            query = replace(whole, limit=7, window=window, newest=newest)
            page = (await store.read([instrument.id], query))[instrument.id]
            opens = [each.open_time for each in page.rows]
            found = opens + found if newest else found + opens
            more = page.more
            if more:
                window = Window(window.start, opens[0]) if newest else Window(opens[-1] + MINUTE / 60, window.end)
        walks.append(found)
    assert walks == [everything, everything]


async def test_windows_without_trades_are_filled_by_the_hours_that_are_asked_for(database: Database) -> None:
    await with_calendar(database)
    instrument = await new_instrument(database)
    first, last = sessions()[3], sessions()[5]
    trades = [Trade(n, Decimal(n + 1), Decimal(1), Side.BUY, each.start) for n, each in enumerate((first, last))]
    await Trades(database).insert(delivery(instrument, trades))
    query = replace(asked("PT3H", session="TEST"), fill=Fill.EMPTY, coverage=True, window=Window(START, last.end))
    candles = await read(database, instrument, query)
    assert [(each.open_time, each.close_time) for each in candles] == [
        (session.start + n * timedelta(hours=3), min(session.start + (n + 1) * timedelta(hours=3), session.end))
        for session in sessions()[3:6]
        for n in range(3)
        if session.start + n * timedelta(hours=3) < session.end
    ]
    zoned = replace(asked("P1D", "America/New_York"), fill=Fill.PREVIOUS_CLOSE, window=Window(START, START + 9 * DAY))
    assert [each.open_time.astimezone(NEW_YORK).time() for each in await read(database, instrument, zoned)] == [
        time()
    ] * 7


async def test_what_is_missing_outside_of_sessions_is_no_lack(database: Database) -> None:
    await with_calendar(database)
    instrument = await new_instrument(database)
    week = [session for session in sessions() if session.start >= START][:5]
    trades = [Trade(n, Decimal(1), Decimal(1), Side.BUY, each.start) for n, each in enumerate(week)]
    covered = [*week]
    async with database.transaction() as driver:
        await driver.executemany(
            "INSERT INTO covered (instrument_id, origin, start_time, end_time) VALUES ($1, 0, $2, $3)",
            [(instrument.id, each.start, each.end) for each in covered],
        )
    await Trades(database).insert(delivery(instrument, trades))
    [candle] = await read(database, instrument, replace(asked("P1W", session="TEST"), coverage=True))
    [all_day] = await read(database, instrument, replace(asked("P1W", "Asia/Tokyo"), coverage=True, limit=1))
    assert (candle.coverage, all_day.coverage) == (Coverage.COMPLETE, Coverage.PARTIAL)


async def test_the_day_of_a_zone_is_open_until_its_own_midnight(database: Database) -> None:
    instrument = await new_instrument(database)
    midnight = datetime(2024, 11, 4, 5, tzinfo=UTC)  # of New York, an hour later than the day before
    await Trades(database).insert(delivery(instrument, [Trade(1, Decimal(1), Decimal(1), Side.BUY, midnight - MINUTE)]))
    for seconds, status in ((4, CandleStatus.PROVISIONAL), (5, CandleStatus.FINAL)):
        store = Candles(database, FrozenClock(midnight + timedelta(seconds=seconds)), timedelta(seconds=5))
        page = await store.read([instrument.id], asked("P1D", "America/New_York"))
        [candle] = page[instrument.id].rows
        assert (candle.status, candle.close_time - candle.open_time) == (status, timedelta(hours=25))


async def test_adjusted_candles_of_a_zone_have_the_factors_of_their_days(database: Database) -> None:
    instrument = await market(database, tape(9))
    async with database.transaction() as driver:
        await driver.execute(
            "INSERT INTO factor (instrument_id, day, source, price_factor, split_factor) "
            "VALUES ($1, $2, 'test', 1, 0.5)",
            instrument.id, (START + 5 * DAY).date(),
        )  # fmt: skip
    whole = asked("PT1H", "Asia/Tokyo")  # whole hours of UTC: the same candles, under another name
    adjusted = await read(database, instrument, replace(whole, adjustment=Adjustment.SPLITS))
    plain = await read(database, instrument, replace(asked("PT1H"), adjustment=Adjustment.SPLITS))
    assert [as_expected(each) for each in adjusted] == [as_expected(each) for each in plain]


async def test_many_instruments_are_read_at_once_each_by_its_own_span(database: Database) -> None:
    await with_calendar(database)
    tapes = [tape(seed, 200) for seed in (11, 12)]
    instruments = [await market(database, trades) for trades in tapes]
    for query in (asked("P1D", "Asia/Kolkata"), asked("PT2H", session="TEST", limit=5)):
        keys = [*(each.id for each in instruments), NOBODY]
        together = await Candles(database, FrozenClock()).read(keys, query)
        for instrument in instruments:
            assert list(together[instrument.id].rows) == await read(database, instrument, query)
        assert list(together[NOBODY].rows) == []


async def test_a_replaced_calendar_counts_at_once(database: Database) -> None:
    await with_calendar(database, "MOVED")
    instrument = await market(database, tape(13, 200))
    store, query = Candles(database, FrozenClock()), asked("P1D", session="MOVED")
    before = (await store.read([instrument.id], query))[instrument.id]
    later = [Window(each.start + timedelta(hours=1), each.end) for each in sessions()]
    await StoredCalendars(database).put(Calendar("MOVED", Window(START - 30 * DAY, later[-1].end), later))
    after = (await store.read([instrument.id], query))[instrument.id]
    assert {each.open_time for each in before.rows} <= {each.start for each in sessions()}
    assert {each.open_time for each in after.rows} <= {each.start for each in later}


async def test_an_unknown_calendar_is_refused_with_those_that_are_here(database: Database) -> None:
    await with_calendar(database)
    with pytest.raises(UnknownCalendar, match="TEST"):
        await Candles(database, FrozenClock()).read([NOBODY], asked("P1D", session="XNOWHERE"))


async def test_a_page_that_is_folded_from_too_much_is_refused(database: Database) -> None:
    instrument = await new_instrument(database)
    trades = [Trade(n, Decimal(1), Decimal(1), Side.BUY, START - n * 4000 * DAY) for n in range(2)]
    await Trades(database).insert(delivery(instrument, trades))
    with pytest.raises(InvalidDuration, match="ask for at most"):
        await read(database, instrument, asked("P1D", "Asia/Kathmandu", limit=5000))


async def test_quiet_years_are_passed_over(database: Database) -> None:
    """There are half a million windows between the two trades."""
    await with_calendar(database)
    instrument = await new_instrument(database)
    session = sessions()[3]
    moments = (datetime(2009, 6, 1, tzinfo=UTC), session.start)
    trades = [Trade(n, Decimal(n + 1), Decimal(1), Side.BUY, moment) for n, moment in enumerate(moments)]
    await Trades(database).insert(delivery(instrument, trades))
    hours = await read(database, instrument, asked("PT20M", "Asia/Kathmandu", limit=10))
    minutes = await read(database, instrument, asked("PT1M", session="TEST", limit=10))
    assert ([each.close for each in hours], [each.close for each in minutes]) == (["1", "2"], ["2"])


async def test_days_as_published_are_no_candles_of_other_hours(database: Database) -> None:
    """See `CandleQuery.hours`: they cannot be cut."""
    instrument = await new_instrument(database)
    async with database.transaction() as driver:
        await driver.execute(
            "INSERT INTO candle_day (instrument_id, open_time, source, open, high, low, close, version) "
            "VALUES ($1, $2, 'test', 1, 1, 1, 1, 1)", instrument.id, START,
        )  # fmt: skip
        await driver.execute(
            "INSERT INTO candle_span (instrument_id, origin, first_open, last_open) VALUES ($1, 3, $2, $2)",
            instrument.id, START,
        )  # fmt: skip
    assert len(await read(database, instrument, asked("P1D"))) == 1
    assert await read(database, instrument, asked("P1D", "Asia/Tokyo")) == []
