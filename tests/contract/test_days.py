"""The contract of days as published: candles like all others from D1 up, never below, the same on every edition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from candlewick.domain.batch import Rejected
from candlewick.domain.calendar import ANY_CLASS, Calendar
from candlewick.domain.candle import Candle, CandleOrigin, CandleStatus, MinuteCandle
from candlewick.domain.commit import CommitKind
from candlewick.domain.coverage import Coverage
from candlewick.domain.day import DayCandle, DayLines, Factor
from candlewick.domain.errors import LeaseLost
from candlewick.domain.interval import Duration, Interval
from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument, Side, Trade
from candlewick.domain.page import CandleQuery, Fill
from candlewick.domain.raw import RawId
from candlewick.domain.time import Window
from candlewick.ports import DayDelivery, Outcome
from candlewick.storage import tree
from candlewick.storage.calendars import StoredCalendars
from candlewick.storage.candles import Candles
from candlewick.storage.commit_log import StoredCommits
from candlewick.storage.days import Days
from candlewick.storage.engine import Database
from candlewick.storage.gaps import StoredGaps
from candlewick.storage.trades import Trades
from markets import LATER, FrozenClock, delivery, new_instrument, read_all

FIRST = date(2024, 8, 8)
D1, W1, MO1 = Interval.D1.duration, Interval.W1.duration, Interval.MO1.duration
WIDE = [D1, W1, MO1, *(Duration.parse(text) for text in ("P2D", "P3M", "P5M", "P4Y"))]
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def day(offset: int, price: str = "7", volume: str | None = "10") -> DayCandle:
    number = Decimal(price)
    return DayCandle(
        FIRST + offset * DAY,
        number,
        number + 1,
        number - 1,
        number + Decimal("0.5"),
        Decimal(volume) if volume else None,
    )


def published(
    instrument: Instrument,
    candles: Iterable[DayCandle] = (),
    factors: Sequence[Factor] = (),
    rejected: Sequence[Rejected] = (),
    lease: Lease | None = None,
) -> DayDelivery:
    return DayDelivery(instrument, "test", DayLines(list(candles), factors, rejected), LATER, lease=lease)


def minute(offset: int, at: timedelta, price: str = "3", volume: str = "1") -> MinuteCandle:
    number = Decimal(price)
    opens = day(offset).open_time + at
    return MinuteCandle(opens, number, number, number, number, Decimal(volume), None, None, None, None)


def trade(sequence: int, offset: int, price: str = "5", size: str = "1") -> Trade:
    ts = day(offset).open_time + timedelta(hours=15, seconds=sequence)
    return Trade(sequence, Decimal(price), Decimal(size), Side.BUY, ts)


def seen(
    candles: Iterable[Candle],
) -> list[tuple[datetime, str | None, str | None, str | None, str | None, str | None]]:
    return [(c.open_time, c.open, c.high, c.low, c.close, c.volume) for c in candles]


async def test_a_day_as_published_is_a_candle_of_the_venue(database: Database) -> None:
    instrument = await new_instrument(database)
    assert await Days(database).put(published(instrument, [day(0), day(1, "8.20")])) == Outcome(stored=2)
    for origin in (None, CandleOrigin.VENUE):
        found = await read_all(database, instrument, D1, origin)
        assert seen(found) == [
            (day(0).open_time, "7", "8", "6", "7.5", "10"), (day(1).open_time, "8.20", "9.20", "7.20", "8.70", "10")
        ]  # fmt: skip
        assert {candle.origin for candle in found} == {CandleOrigin.VENUE}
    assert await read_all(database, instrument, D1, CandleOrigin.TRADES) == []


async def test_weeks_and_months_are_folded_from_days(database: Database) -> None:
    instrument = await new_instrument(database)
    await Days(database).put(published(instrument, [day(n, str(10 + n)) for n in (0, 1, 4, 24, 25)]))
    assert seen(await read_all(database, instrument, W1, None)) == [
        (datetime(2024, 8, 5, tzinfo=UTC), "10", "12", "9", "11.5", "20"),
        (datetime(2024, 8, 12, tzinfo=UTC), "14", "15", "13", "14.5", "10"),
        (datetime(2024, 8, 26, tzinfo=UTC), "34", "35", "33", "34.5", "10"),
        (datetime(2024, 9, 2, tzinfo=UTC), "35", "36", "34", "35.5", "10"),
    ]
    [august, september] = await read_all(database, instrument, MO1, None)
    assert (august.open, august.high, august.low, august.close, august.volume) == ("10", "15", "9", "14.5", "30")
    assert (september.open, september.close, september.volume) == ("34", "35.5", "20")


async def test_a_week_of_days_is_complete_where_its_days_are_covered(database: Database) -> None:
    venue = f"xtst{uuid4().hex[:8]}"
    instrument, monday = await new_instrument(database, venue=venue), datetime(2024, 8, 5, tzinfo=UTC)
    sessions = [Window(monday + n * DAY + 8 * HOUR, monday + n * DAY + 16 * HOUR) for n in (0, 1, 2, 3, 4, 7, 8, 9)]
    calendars = StoredCalendars(database)
    await calendars.put(Calendar(venue, Window(monday, monday + 14 * DAY), sessions))
    await calendars.rule({(venue, ANY_CLASS): venue})
    await Days(database).put(published(instrument, [day(n) for n in (-3, -2, 0, 1, 4, 5)]))  # no Wednesday
    await StoredGaps(database).cover(
        instrument.id, Window(monday, monday + 9 * DAY), now=LATER, origin=CandleOrigin.VENUE
    )

    async def coverage(width: Duration, fill: Fill) -> list[Coverage | None]:
        query = CandleQuery(width, 20, coverage=True, fill=fill, window=Window(monday, monday + 10 * DAY))
        pages = await Candles(database, FrozenClock(monday + 30 * DAY)).read([instrument.id], query)
        return [candle.coverage for candle in pages[instrument.id].rows]

    c, closed = Coverage.COMPLETE, Coverage.MARKET_CLOSED
    assert await coverage(W1, Fill.OMIT) == [c, Coverage.PARTIAL]
    assert await coverage(D1, Fill.EMPTY) == [
        c, c, Coverage.NO_TRADES, c, c, closed, closed, c, c, Coverage.FEED_GAP
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["PT7S", "PT1M", "PT1H", "PT4H", "PT12H", "PT36H"])
async def test_days_never_show_in_widths_that_are_no_whole_days(database: Database, text: str) -> None:
    instrument = await new_instrument(database)
    await Days(database).put(published(instrument, [day(0)]))
    for origin in (None, CandleOrigin.VENUE):
        assert await read_all(database, instrument, Duration.parse(text), origin) == []


async def test_a_day_without_volume_has_none_and_takes_it_from_wider_candles(database: Database) -> None:
    instrument = await new_instrument(database)
    await Days(database).put(published(instrument, [day(0, volume=None), day(1), day(4)]))
    assert [candle.volume for candle in await read_all(database, instrument, D1, None)] == [None, "10", "10"]
    assert [candle.volume for candle in await read_all(database, instrument, W1, None)] == [None, "10"]


async def test_a_newer_publication_of_a_day_replaces_the_older(database: Database) -> None:
    instrument = await new_instrument(database)
    store = Days(database)
    assert await store.put(published(instrument, [day(0), day(1)])) == Outcome(stored=2)
    assert await store.put(published(instrument, [day(0), day(1)])) == Outcome(repeated=2)
    assert await store.put(published(instrument, [day(0, "9"), day(1)])) == Outcome(stored=1, repeated=1)
    found = await read_all(database, instrument, D1, None)
    assert [(candle.open, candle.status) for candle in found] == [
        ("9", CandleStatus.REVISED), ("7", CandleStatus.FINAL)
    ]  # fmt: skip


async def test_of_two_days_with_one_date_in_a_delivery_the_later_one_counts(database: Database) -> None:
    instrument = await new_instrument(database)
    outcome = await Days(database).put(published(instrument, [day(0, "1.5"), day(0, "2.5"), day(0, "3.5")]))
    assert outcome == Outcome(stored=1, repeated=2)
    [candle] = await read_all(database, instrument, D1, None)
    assert candle.open == "3.5"


async def test_a_day_is_provisional_until_it_is_over(database: Database) -> None:
    instrument = await new_instrument(database)
    await Days(database).put(published(instrument, [day(0)]))
    for seconds, status in ((4, CandleStatus.PROVISIONAL), (5, CandleStatus.FINAL)):
        clock = FrozenClock(day(1).open_time + timedelta(seconds=seconds))
        page = (await Candles(database, clock).read([instrument.id], CandleQuery(D1, 1)))[instrument.id]
        assert page.rows[0].status is status


async def test_a_day_that_changes_before_it_is_over_is_not_revised(database: Database) -> None:
    instrument = await new_instrument(database)
    noon = day(0).open_time + timedelta(hours=12)
    for price in ("7", "9"):
        await Days(database).put(DayDelivery(instrument, "test", DayLines([day(0, price)]), noon))
    [candle] = await read_all(database, instrument, D1, None)
    assert (candle.open, candle.status) == ("9", CandleStatus.FINAL)


@pytest.mark.parametrize("refreshed", [False, True])
async def test_where_the_venues_minutes_are_here_its_day_is_read_from_them(database: Database, refreshed: bool) -> None:
    instrument = await new_instrument(database)
    await Days(database).put(published(instrument, [day(n) for n in range(4)]))
    minutes = [minute(1, timedelta()), minute(1, timedelta(hours=23, minutes=59), "4")]
    await Candles(database, FrozenClock()).put_published(instrument, minutes, received_at=LATER)
    if refreshed:
        await tree.refresh(database, older_than=timedelta())
    assert seen(await read_all(database, instrument, D1, CandleOrigin.VENUE)) == [
        (day(0).open_time, "7", "8", "6", "7.5", "10"),
        (day(1).open_time, "3", "4", "3", "4", "2"),
        (day(2).open_time, "7", "8", "6", "7.5", "10"),
        (day(3).open_time, "7", "8", "6", "7.5", "10"),
    ]
    [week] = await read_all(database, instrument, W1, CandleOrigin.VENUE)
    assert (week.open, week.high, week.low, week.close, week.volume) == ("7", "8", "3", "7.5", "32")


async def test_auto_takes_trades_where_they_hold_all_volume_and_the_published_day_elsewhere(database: Database) -> None:
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, [trade(0, 0, size="10"), trade(1, 1), trade(2, 3)]))
    await Days(database).put(published(instrument, [day(0), day(1), day(2)]))
    found = await read_all(database, instrument, D1, None)
    assert [(candle.origin, candle.volume) for candle in found] == [
        (CandleOrigin.TRADES, "10"), (CandleOrigin.VENUE, "10"), (CandleOrigin.VENUE, "10"), (CandleOrigin.TRADES, "1")
    ]  # fmt: skip


async def test_auto_compares_ranges_where_the_published_day_counts_no_volume(database: Database) -> None:
    instrument = await new_instrument(database)
    tape = [trade(0, 0, "8"), trade(1, 0, "6"), trade(2, 1, "8"), trade(3, 1, "6.01")]
    await Trades(database).insert(delivery(instrument, tape))
    await Days(database).put(published(instrument, [day(0, volume=None), day(1, volume=None)]))
    found = await read_all(database, instrument, D1, None)
    assert [candle.origin for candle in found] == [CandleOrigin.TRADES, CandleOrigin.VENUE]


@pytest.mark.parametrize("duration", WIDE, ids=str)
@pytest.mark.parametrize("origin", [None, CandleOrigin.VENUE])
async def test_pages_meet_without_gap_or_overlap(
    database: Database, duration: Duration, origin: CandleOrigin | None
) -> None:
    instrument = await new_instrument(database)
    offsets = [*range(0, 60, 2), *range(400, 420), 4000, 4100]
    await Days(database).put(published(instrument, [day(n, str(n + 2)) for n in offsets]))
    await Trades(database).insert(delivery(instrument, [trade(n, n) for n in (*range(30, 90, 3), 3000)]))
    minutes = [minute(n, timedelta(hours=n % 24)) for n in (*range(50, 70), 401, 5000)]
    await Candles(database, FrozenClock()).put_published(instrument, minutes, received_at=LATER)
    everything = [candle.open_time for candle in await read_all(database, instrument, duration, origin)]
    store, until = Candles(database, FrozenClock(LATER + 10_000 * DAY)), day(9_000).open_time
    forwards: list[datetime] = []
    window = Window(day(-5000).open_time, until)
    while True:
        query = CandleQuery(duration, 7, origin, window, newest=False)
        page = (await store.read([instrument.id], query))[instrument.id]
        forwards += [candle.open_time for candle in page.rows]
        if not page.more:
            break
        assert len(page.rows) == 7
        window = Window(duration.after(forwards[-1]), until)
    backwards: list[datetime] = []
    window = Window(day(-5000).open_time, until)
    while True:
        page = (await store.read([instrument.id], CandleQuery(duration, 9, origin, window)))[instrument.id]
        backwards = [candle.open_time for candle in page.rows] + backwards
        if not page.more:
            break
        assert len(page.rows) == 9
        window = Window(day(-5000).open_time, backwards[0])
    assert forwards == backwards == everything


async def test_the_newest_page_finds_days_however_far_apart_they_are(database: Database) -> None:
    instrument = await new_instrument(database)
    months = [date(year, month, 1) for year in range(1833, 2024) for month in (1, 7)]
    one = Decimal(1)
    await Days(database).put(published(instrument, [DayCandle(each, one, one, one, one) for each in months]))
    store = Candles(database, FrozenClock())
    for newest, expected in ((True, months[-3:]), (False, months[:3])):
        page = (await store.read([instrument.id], CandleQuery(D1, 3, newest=newest)))[instrument.id]
        assert [candle.open_time.date() for candle in page.rows] == expected
        assert page.more
    years = (await store.read([instrument.id], CandleQuery(Duration.parse("P1Y"), 191)))[instrument.id]
    assert (len(years.rows), years.more) == (191, False)


async def test_a_factor_or_a_rejected_row_is_kept_once(database: Database) -> None:
    instrument = await new_instrument(database)
    factors = [Factor(FIRST, Decimal("0.5"), Decimal(1)), Factor(FIRST + DAY, Decimal(1), Decimal(1))]
    row = Rejected(3, "what is this", "it has no date")
    lines = published(instrument, [day(0)], factors, [row])
    assert await Days(database).put(lines) == Outcome(stored=3, dead=1)
    assert await Days(database).put(lines) == Outcome(repeated=3, dead=1)
    changed = [factors[0], Factor(FIRST + DAY, Decimal(1), Decimal(2), Decimal("99.5"))]
    assert await Days(database).put(published(instrument, (), changed)) == Outcome(stored=1, repeated=1)
    found = await Days(database).factors([instrument.id], 10)
    assert list(found[instrument.id]) == changed
    assert list((await Days(database).factors([instrument.id], 1))[instrument.id]) == changed[1:]
    async with database.driver() as driver:
        letters = await driver.fetch(
            "SELECT reason, payload, attempts FROM dead_letter WHERE subject = $1", str(instrument.key)
        )
    assert [tuple(letter) for letter in letters] == [("row 3: it has no date", "what is this", 2)]


async def test_each_change_is_a_commit_of_the_days_that_it_changed(database: Database) -> None:
    instrument = await new_instrument(database)
    store, log = Days(database), StoredCommits(database)
    await store.put(published(instrument, [day(0), day(3)]))
    await store.put(published(instrument, [day(0), day(3)]))
    await store.put(published(instrument, [day(3, "9")]))
    await store.put(published(instrument, (), [Factor(FIRST + DAY, Decimal("0.5"), Decimal(1))]))
    commits = await log.since(instrument.id, 0, 10)
    assert [(commit.notice.kind, commit.notice.window, commit.rows) for commit in commits] == [
        (CommitKind.PUBLISHED, Window(day(0).open_time, day(4).open_time), 2),
        (CommitKind.PUBLISHED, Window(day(3).open_time, day(4).open_time), 1),
        (CommitKind.PUBLISHED, Window(day(0).open_time, day(4).open_time), 1),
    ]
    assert [candle.version for candle in await read_all(database, instrument, D1, None)] == [1, 2]


async def test_a_worker_that_lost_its_lease_writes_nothing(database: Database) -> None:
    instrument = await new_instrument(database)
    with pytest.raises(LeaseLost):
        await Days(database).put(published(instrument, [day(0)], lease=Lease("nobody has it", 1)))
    assert await read_all(database, instrument, D1, None) == []


async def test_instruments_with_and_without_days_are_read_together(database: Database) -> None:
    dated, traded, nothing = [await new_instrument(database) for _ in range(3)]
    await Days(database).put(published(dated, [day(n) for n in range(4)]))
    await Trades(database).insert(delivery(traded, [trade(n, n) for n in range(2)]))
    keys = [dated.id, traded.id, nothing.id]
    pages = await Candles(database, FrozenClock()).read(keys, CandleQuery(D1, 3))
    assert [(len(pages[key].rows), pages[key].more) for key in keys] == [(3, True), (2, False), (0, False)]


async def test_an_instrument_without_days_costs_no_statement_more(database_url: str, database: Database) -> None:
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, [trade(0, 0)]))
    await tree.refresh(database, older_than=timedelta())
    said: list[str] = []
    alone = await Database.open(database_url, pool_size=1)
    try:
        async with alone.driver() as driver:
            driver.add_query_logger(lambda record: said.append(record.query))
        await Candles(alone, FrozenClock()).read([instrument.id], CandleQuery(D1, 3))
    finally:
        await alone.close()
    assert sum("candle_" in query for query in said) == 2, said  # its span with what is dirty, then its candles
    assert not any("candle_day" in query for query in said)


def whole(candles: Mapping[datetime, Sequence[DayCandle]], duration: Duration) -> list[tuple[object, ...]]:
    """Wider candles by definition: group by open time, first, highest, lowest, last, sum."""
    buckets: dict[datetime, list[DayCandle]] = {}
    for opened in sorted(candles):
        buckets.setdefault(duration.floor(opened), []).extend(candles[opened])
    return [
        (
            opened, days[0].open, max(each.high for each in days), min(each.low for each in days), days[-1].close,
            None if any(each.volume is None for each in days) else sum(each.volume or Decimal(0) for each in days),
        )
        for opened, days in buckets.items()
    ]  # fmt: skip


NUMBERS = st.decimals("0.0001", "9999", places=4)
OFFSETS = st.one_of(st.integers(-5, 70), st.sampled_from([-9_000, -8_990, 400, 2_000]))


@st.composite
def day_candles(draw: st.DrawFn) -> DayCandle:
    low, first, last, high = sorted(draw(st.lists(NUMBERS, min_size=4, max_size=4)))
    if draw(st.booleans()):
        first, last = last, first
    return DayCandle(FIRST + draw(OFFSETS) * DAY, first, high, low, last, draw(st.none() | NUMBERS))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    days=st.lists(day_candles(), min_size=1, max_size=40, unique_by=lambda each: each.day),
    finer=st.dictionaries(OFFSETS, st.lists(NUMBERS, min_size=1, max_size=3), max_size=10),
    refreshed=st.booleans(),
)
async def test_wider_candles_are_what_their_days_add_up_to(
    database: Database, days: list[DayCandle], finer: dict[int, list[Decimal]], refreshed: bool
) -> None:
    instrument = await new_instrument(database)
    await Days(database).put(published(instrument, days))
    minutes = [
        minute(offset, timedelta(hours=7 * place), str(price))
        for offset, prices in finer.items()
        for place, price in enumerate(prices)
    ]
    await Candles(database, FrozenClock()).put_published(instrument, minutes, received_at=LATER)
    if refreshed:
        await tree.refresh(database, older_than=timedelta())
    expected: dict[datetime, list[DayCandle]] = {each.open_time: [each] for each in days}
    for offset, prices in finer.items():
        expected[day(offset).open_time] = [DayCandle(FIRST, p, p, p, p, Decimal(1)) for p in prices]
    for duration in WIDE:
        found = await read_all(database, instrument, duration, CandleOrigin.VENUE)
        assert [
            (c.open_time, *(Decimal(str(price)) for price in (c.open, c.high, c.low, c.close)),
             None if c.volume is None else Decimal(c.volume))
            for c in found
        ] == whole(expected, duration), f"{duration}"  # fmt: skip


async def test_a_publication_that_was_received_before_undoes_nothing(database: Database) -> None:
    instrument, days = await new_instrument(database), Days(database)
    older, newer = RawId(71), RawId(72)
    factors = [Factor(FIRST, Decimal(number), Decimal(1), None) for number in (2, 3)]
    await days.put(replace(published(instrument, [day(0, "8")], factors[1:]), raw_id=newer))

    again = await days.put(replace(published(instrument, [day(0, "7"), day(1, "7")], factors[:1]), raw_id=older))

    assert again == Outcome(stored=1, repeated=2)
    rows = await read_all(database, instrument, D1, CandleOrigin.VENUE)
    assert [candle.open for candle in rows] == ["8", "7"]
    assert (await days.factors([instrument.id], 9))[instrument.id] == factors[1:]
