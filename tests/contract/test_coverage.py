"""The contract of coverage: 'no trades' and 'unknown' are different, on every page and at every width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from candlewick.domain.calendar import ANY_CLASS, Calendar
from candlewick.domain.candle import Candle, CandleOrigin, CandleStatus, MinuteCandle
from candlewick.domain.coverage import Coverage
from candlewick.domain.feed import FeedPosition
from candlewick.domain.gap import GapEvidence, NewGap
from candlewick.domain.interval import Duration, Interval
from candlewick.domain.market import AssetClass, Instrument, Side, Trade
from candlewick.domain.page import CandleQuery, Fill
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.domain.time import MICROSECOND, Window
from candlewick.ports import QuoteDelivery
from candlewick.storage import coverage, tree
from candlewick.storage.calendars import StoredCalendars
from candlewick.storage.candles import Candles
from candlewick.storage.engine import Database
from candlewick.storage.gaps import StoredGaps
from candlewick.storage.leases import StoredLeases
from candlewick.storage.live_positions import StoredPositions
from candlewick.storage.quotes import Quotes
from candlewick.storage.trades import Trades
from markets import FrozenClock, delivery, new_instrument
from working import HOUR, unique

START = datetime(2024, 8, 8, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
M1, M5 = Interval.M1.duration, Interval.M5.duration
COMPLETE, PARTIAL, NO_TRADES, MARKET_CLOSED, FEED_GAP = Coverage
PROVISIONAL, FINAL, REVISED = CandleStatus


def at(minute: float) -> datetime:
    return START + minute * MINUTE


def window(first: float, last: float) -> Window:
    return Window(at(first), at(last))


async def store(database: Database, instrument: Instrument, *minutes: float) -> None:
    """A trade each, numbered by its second; its price is its minute, from 100 on."""
    tape = [Trade(int(n * 60), Decimal(int(n) + 100), Decimal(2), Side.BUY, at(n)) for n in minutes]
    await Trades(database).insert(delivery(instrument, tape, at(max(minutes))))


async def cover(database: Database, instrument: Instrument, first: float, last: float) -> None:
    await StoredGaps(database).cover(instrument.id, window(first, last), now=START)


async def lack(database: Database, instrument: Instrument, first: float, last: float) -> None:
    evidence = GapEvidence.SILENCE
    await StoredGaps(database).record([NewGap(instrument.id, "test", evidence, window(first, last))], now=START)


async def read(
    database: Database,
    instrument: Instrument,
    duration: Duration = M1,
    *,
    now: float = 60,
    fill: Fill = Fill.OMIT,
    asked: Window | None = None,
    limit: int = 1000,
    origin: CandleOrigin | None = None,
    newest: bool = True,
) -> Sequence[Candle]:
    query = CandleQuery(duration, limit, origin, asked, newest, coverage=True, fill=fill)
    return (await Candles(database, FrozenClock(at(now))).read([instrument.id], query))[instrument.id].rows


def told(candles: Sequence[Candle]) -> list[tuple[int, Coverage | None]]:
    return [(int((candle.open_time - START) // MINUTE), candle.coverage) for candle in candles]


@pytest.fixture
async def instrument(database: Database) -> Instrument:
    return await new_instrument(database)


async def test_a_candle_is_whole_where_its_window_is_covered(database: Database, instrument: Instrument) -> None:
    await store(database, instrument, 0.5, 1.5, 2.5, 3.5)
    await cover(database, instrument, 1, 3)

    assert told(await read(database, instrument)) == [(0, PARTIAL), (1, COMPLETE), (2, COMPLETE), (3, PARTIAL)]


async def test_a_candle_with_a_gap_in_it_is_partial_though_its_window_is_covered(
    database: Database, instrument: Instrument
) -> None:
    await store(database, instrument, 0.5, 1.2, 1.8, 2.5)
    await cover(database, instrument, 0, 3)
    await lack(database, instrument, 1.3, 1.4)

    assert told(await read(database, instrument)) == [(0, COMPLETE), (1, PARTIAL), (2, COMPLETE)]


async def test_a_gap_that_is_repaired_makes_its_candle_whole(database: Database, instrument: Instrument) -> None:
    await store(database, instrument, 0.5)
    await cover(database, instrument, 0, 1)
    await lack(database, instrument, 0.2, 0.4)
    [gap] = (await StoredGaps(database).read([instrument.id], None, 9))[instrument.id]
    assert told(await read(database, instrument)) == [(0, PARTIAL)]
    await StoredGaps(database).dismiss(gap.id, now=START, lease=None, reason="nothing was missing")

    assert told(await read(database, instrument)) == [(0, COMPLETE)]


@pytest.mark.parametrize("refreshed", [False, True])
async def test_wider_candles_are_judged_by_their_own_window(
    database: Database, instrument: Instrument, refreshed: bool
) -> None:
    await store(database, instrument, *range(15))
    await cover(database, instrument, 0, 12)
    await lack(database, instrument, 6, 6.5)
    if refreshed:
        await tree.refresh(database, older_than=timedelta())

    assert told(await read(database, instrument, M5)) == [(0, COMPLETE), (5, PARTIAL), (10, PARTIAL)]


async def test_what_a_live_feed_covers_counts(database: Database, instrument: Instrument) -> None:
    lease = await StoredLeases(database).acquire(unique("feed"), "somebody", HOUR)
    assert lease is not None
    await store(database, instrument, 0.5, 1.5, 2.5, 3.5)
    position = FeedPosition(0, at(2.5), at(0.5))
    await Trades(database).insert(replace(delivery(instrument, []), position=position, lease=lease))
    assert told(await read(database, instrument)) == [(0, PARTIAL), (1, COMPLETE), (2, PARTIAL), (3, PARTIAL)]
    await StoredPositions(database).confirm({instrument.id: position}, at(4), lease)

    assert told(await read(database, instrument)) == [(0, PARTIAL), (1, COMPLETE), (2, COMPLETE), (3, COMPLETE)]


async def test_hours_of_silence_with_contiguous_ids_are_no_trades(database: Database, instrument: Instrument) -> None:
    """A quirk of quiet markets: the next id after hours says that nothing was traded in between."""
    lease = await StoredLeases(database).acquire(unique("feed"), "somebody", HOUR)
    assert lease is not None
    await store(database, instrument, 0.5, 185)
    position = FeedPosition(0, at(185), at(0))
    await Trades(database).insert(replace(delivery(instrument, []), position=position, lease=lease))

    hours = await read(database, instrument, Interval.H1.duration, now=190, fill=Fill.EMPTY)
    assert told(hours) == [(0, COMPLETE), (60, NO_TRADES), (120, NO_TRADES), (180, COMPLETE)]


async def test_trades_that_hold_all_that_the_venue_counted_are_whole(
    database: Database, instrument: Instrument
) -> None:
    await store(database, instrument, 0.5, 1.5)
    theirs = [published(0, "2"), published(1, "3"), published(2, "0"), published(3, "7")]
    await Candles(database, FrozenClock()).put_published(instrument, theirs, received_at=at(5))

    candles = await read(database, instrument)
    assert told(candles) == [(0, COMPLETE), (1, COMPLETE), (2, NO_TRADES), (3, COMPLETE)]
    assert [candle.origin for candle in candles] == [CandleOrigin.TRADES] + [CandleOrigin.VENUE] * 3


async def test_wider_candles_of_the_venue_are_whole_where_all_of_its_own_are_here(
    database: Database, instrument: Instrument
) -> None:
    theirs = [published(minute, "2") for minute in range(15)]
    await Candles(database, FrozenClock()).put_published(instrument, theirs, received_at=at(20))
    await StoredGaps(database).cover(instrument.id, window(0, 10), now=START, origin=CandleOrigin.VENUE)

    assert told(await read(database, instrument, M5)) == [(0, COMPLETE), (5, COMPLETE), (10, PARTIAL)]


def published(minute: int, volume: str) -> MinuteCandle:
    one = Decimal(1)
    return MinuteCandle(at(minute), one, one, one, one, Decimal(volume), None, None, None, None)


async def test_candles_of_quotes_are_partial(database: Database, instrument: Instrument) -> None:
    lines = QuoteLines([Quote(at(0.5), Decimal(1))])
    await Quotes(database).put(QuoteDelivery(instrument, "test", lines, at(1)))

    assert told(await read(database, instrument)) == [(0, PARTIAL)]


async def test_nobody_who_does_not_ask_is_told(database: Database, instrument: Instrument) -> None:
    await store(database, instrument, 0.5)
    page = await Candles(database, FrozenClock(at(60))).read([instrument.id], CandleQuery(M1, 5))

    assert [candle.coverage for candle in page[instrument.id].rows] == [None]


async def test_an_open_candle_is_whole_so_far(database: Database, instrument: Instrument) -> None:
    await store(database, instrument, 0.5, 5.2)
    await cover(database, instrument, 0, 5.5)

    assert told(await read(database, instrument, now=5.6)) == [(0, COMPLETE), (5, COMPLETE)]
    assert told(await read(database, instrument, M5, now=5.6)) == [(0, COMPLETE), (5, COMPLETE)]
    await lack(database, instrument, 5.3, 5.4)
    assert told(await read(database, instrument, now=5.6)) == [(0, COMPLETE), (5, PARTIAL)]


async def test_windows_without_trades_say_why(database: Database, instrument: Instrument) -> None:
    await store(database, instrument, 0.5, 3.5)
    await cover(database, instrument, 0, 6)
    await lack(database, instrument, 1, 2)

    candles = await read(database, instrument, now=8, fill=Fill.EMPTY)
    assert told(candles) == [
        (0, COMPLETE), (1, FEED_GAP), (2, NO_TRADES), (3, COMPLETE), (4, NO_TRADES), (5, NO_TRADES), (6, FEED_GAP),
        (7, FEED_GAP),
    ]  # fmt: skip
    assert [candle.close for candle in candles] == ["100", None, None, "103", None, None, None, None]
    assert [candle.volume for candle in candles] == ["2", None, "0", "2", "0", "0", None, None]
    assert [candle.trade_count for candle in candles] == [1, None, 0, 1, 0, 0, None, None]
    assert [candle.status for candle in candles] == [FINAL] * 7 + [PROVISIONAL]


async def test_the_previous_close_stands_where_the_market_was_silent(
    database: Database, instrument: Instrument
) -> None:
    await store(database, instrument, 0.5, 3.5)
    await cover(database, instrument, 0, 6)
    await lack(database, instrument, 4, 5)

    candles = await read(database, instrument, now=6, fill=Fill.PREVIOUS_CLOSE)
    assert [candle.open for candle in candles] == ["100", "100", "100", "103", None, "103"]
    assert [candle.volume for candle in candles] == ["2", "0", "0", "2", None, "0"]


async def test_the_previous_close_is_that_of_before_the_page(database: Database, instrument: Instrument) -> None:
    await store(database, instrument, 0.5, 9.5)
    await cover(database, instrument, 0, 10)

    candles = await read(database, instrument, asked=window(4, 6), fill=Fill.PREVIOUS_CLOSE)
    assert [(candle.close, candle.coverage) for candle in candles] == [("100", NO_TRADES)] * 2


@pytest.mark.parametrize(
    "duration", [M1, M5, Duration.parse("PT7M"), Duration.parse("PT30S"), Duration(months=1)], ids=str
)
async def test_filled_pages_meet_without_gap_or_overlap(
    database: Database, instrument: Instrument, duration: Duration
) -> None:
    await store(database, instrument, 0.5, 3.5, 17.2, 40)
    everything = [candle.open_time for candle in await read(database, instrument, duration, fill=Fill.EMPTY)]
    assert everything[0] == duration.floor(at(0))  # in the minute of its first candle
    assert everything == [duration.after(everything[0], n) for n in range(len(everything))]
    assert everything[-1] < at(60) <= duration.after(everything[-1])
    store_, forwards, backwards = Candles(database, FrozenClock(at(60))), list[datetime](), list[datetime]()
    ends = Window(duration.floor(at(-10)), at(1000))
    query = CandleQuery(duration, 7, window=ends, newest=False, fill=Fill.EMPTY)
    while (page := (await store_.read([instrument.id], query))[instrument.id]).rows:
        forwards += [candle.open_time for candle in page.rows]
        if not page.more:
            break
        query = replace(query, window=Window(duration.after(forwards[-1]), ends.end))
    query = CandleQuery(duration, 7, window=ends, fill=Fill.EMPTY)
    while (page := (await store_.read([instrument.id], query))[instrument.id]).rows:
        backwards = [candle.open_time for candle in page.rows] + backwards
        if not page.more:
            break
        query = replace(query, window=Window(ends.start, backwards[0]))

    assert forwards == backwards == everything


async def test_instruments_that_begin_at_different_times_are_filled_together(
    database: Database, instrument: Instrument
) -> None:
    other, never = await new_instrument(database), await new_instrument(database)
    await store(database, instrument, 0.5)
    await store(database, other, 3.5)
    ids = [instrument.id, other.id, never.id]
    query = CandleQuery(M1, 4, newest=False, fill=Fill.EMPTY)
    pages = await Candles(database, FrozenClock(at(6))).read(ids, query)

    assert [[int((row.open_time - START) // MINUTE) for row in pages[key].rows] for key in ids] == [
        [0, 1, 2, 3], [3, 4, 5], []
    ]  # fmt: skip
    assert [pages[key].more for key in ids] == [True, False, False]


async def test_before_its_first_candle_and_after_now_an_instrument_has_none(
    database: Database, instrument: Instrument
) -> None:
    await store(database, instrument, 10.5)

    assert not await read(database, instrument, asked=window(0, 10), fill=Fill.EMPTY)
    assert not await read(database, instrument, asked=window(60, 70), fill=Fill.EMPTY)


async def test_an_empty_window_that_has_just_begun_is_silent_so_far(database: Database, instrument: Instrument) -> None:
    await store(database, instrument, 0.5)
    await cover(database, instrument, 0, 4.99)

    assert told(await read(database, instrument, now=5.02, fill=Fill.EMPTY))[-1] == (5, NO_TRADES)
    assert told(await read(database, instrument, now=9.5, fill=Fill.EMPTY))[-1] == (9, FEED_GAP)


async def test_too_many_spans_to_look_at_count_as_unknown(
    database: Database, instrument: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coverage, "_KNOWN", coverage._KNOWN.replace(f"LIMIT {coverage._MOST}", "LIMIT 2"))
    monkeypatch.setattr(coverage, "_MOST", 2)
    await store(database, instrument, 0.5, 11.5, 21.5)
    for first in (0, 10, 20):
        await cover(database, instrument, first, first + 5)

    assert {candle.coverage for candle in await read(database, instrument)} == {PARTIAL}


async def test_hundreds_of_trades_in_a_millisecond_and_a_hole_among_them_are_one_moment(
    database: Database, instrument: Instrument
) -> None:
    """A quirk of busy markets: what is missing lies in one millisecond, and so does its gap."""
    tape = [Trade(n, Decimal(1), Decimal(1), Side.BUY, at(0.5)) for n in range(400) if not 100 <= n < 200]
    await Trades(database).insert(delivery(instrument, tape, at(1)))
    await cover(database, instrument, 0, 2)
    span = Window(at(0.5), at(0.5) + MICROSECOND)
    hole = NewGap(instrument.id, "test", GapEvidence.MISSING_SEQUENCES, span, 0, 399)
    [gap] = await StoredGaps(database).record([hole], now=START)

    assert (gap.first_sequence, gap.last_sequence, gap.window) == (100, 199, span)
    assert told(await read(database, instrument)) == [(0, PARTIAL)]


DAY = timedelta(days=1)


async def test_windows_without_a_session_are_closed(database: Database) -> None:
    """Five sessions of six hours, of a week whose Wednesday is a holiday."""
    venue, monday = unique("xtst").replace("-", ""), datetime(2024, 8, 5, tzinfo=UTC)
    instrument = await new_instrument(database, venue=venue)
    sessions = [Window(monday + n * DAY + 6 * HOUR, monday + n * DAY + 12 * HOUR) for n in (0, 1, 3, 4)]
    store_ = StoredCalendars(database)
    await store_.put(Calendar(venue, Window(monday, monday + 7 * DAY), sessions))
    await store_.rule({(venue, ANY_CLASS): venue})
    tape = [Trade(n, Decimal(1), Decimal(1), Side.BUY, monday + n * DAY + 7 * HOUR) for n in (0, 4)]
    await Trades(database).insert(delivery(instrument, tape, monday + 5 * DAY))
    for n in (0, 1):
        span = Window(monday + n * DAY + 5 * HOUR, monday + n * DAY + 13 * HOUR)
        await StoredGaps(database).cover(instrument.id, span, now=START)

    query = CandleQuery(Interval.D1.duration, 9, coverage=True, fill=Fill.EMPTY)
    days = (await Candles(database, FrozenClock(monday + 8 * DAY)).read([instrument.id], query))[instrument.id].rows
    assert [day.coverage for day in days] == [
        COMPLETE,  # its session is covered, if not its night
        NO_TRADES,
        MARKET_CLOSED,
        FEED_GAP,
        PARTIAL,
        MARKET_CLOSED,
        MARKET_CLOSED,
        FEED_GAP,  # nobody knows whether there was a session
    ]


async def test_a_rule_may_be_for_one_asset_class(database: Database) -> None:
    venue, monday = unique("xtst").replace("-", ""), datetime(2024, 8, 5, tzinfo=UTC)
    coin = await new_instrument(database, venue=venue)
    store_ = StoredCalendars(database)
    await store_.put(Calendar(venue, Window(monday, monday + 7 * DAY), []))
    await store_.rule({(venue, AssetClass.EQUITY): venue})
    await Trades(database).insert(delivery(coin, [Trade(1, Decimal(1), Decimal(1), Side.BUY, monday)], monday + DAY))

    query = CandleQuery(Interval.D1.duration, 9, coverage=True, fill=Fill.EMPTY)
    days = (await Candles(database, FrozenClock(monday + 3 * DAY)).read([coin.id], query))[coin.id].rows
    assert [day.coverage for day in days] == [PARTIAL, FEED_GAP, FEED_GAP]


async def test_calendars_are_kept_as_they_were_put(database: Database) -> None:
    store_, name, monday = StoredCalendars(database), unique("XT"), datetime(2024, 8, 5, tzinfo=UTC)
    venue = unique("xtst").replace("-", "")
    await new_instrument(database, venue=venue)
    assert await store_.known_until(name) is None
    for days in (7, 14):
        sessions = [Window(monday + n * DAY, monday + n * DAY + HOUR) for n in range(days)]
        await store_.put(Calendar(name, Window(monday, monday + days * DAY), sessions))

    assert await store_.known_until(name) == monday + 14 * DAY
    assert venue in await store_.venues()
    async with database.driver() as driver:
        assert await driver.fetchval("SELECT count(*) FROM trading_session WHERE calendar = $1", name) == 14
    await store_.rule({(venue, ANY_CLASS): name})
    await store_.rule({})
