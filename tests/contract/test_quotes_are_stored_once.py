"""The contract of the quote store: what changed is stored once, whatever comes twice, late or from two writers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from random import Random

import pytest

from candlewick.domain.batch import Rejected
from candlewick.domain.candle import CandleOrigin, CandleStatus, MinuteCandle
from candlewick.domain.commit import CommitKind
from candlewick.domain.errors import LeaseLost
from candlewick.domain.interval import Interval
from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument, InstrumentId, Side, Trade
from candlewick.domain.page import Page, QuotePosition, QuoteQuery
from candlewick.domain.quote import Quote, QuoteLines, QuoteRow
from candlewick.domain.time import Window
from candlewick.ports import Outcome, QuoteDelivery
from candlewick.storage import tree
from candlewick.storage.candles import Candles
from candlewick.storage.commit_log import StoredCommits
from candlewick.storage.engine import Database
from candlewick.storage.leases import StoredLeases
from candlewick.storage.quotes import Quotes
from candlewick.storage.trades import Trades
from markets import LATER, FrozenClock, delivery, new_instrument, read_all

NOON = datetime(2024, 8, 8, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
M1 = Interval.M1.duration


def quote(second: float, price: str | None = "10", **figures: str) -> Quote:
    said = {name: Decimal(figure) for name, figure in figures.items()}
    return Quote(NOON + timedelta(seconds=second), None if price is None else Decimal(price), **said)


def of(instrument: Instrument, quotes: Sequence[Quote], source: str = "test", at: datetime = LATER) -> QuoteDelivery:
    return QuoteDelivery(instrument, source, QuoteLines(quotes), at)


async def put(database: Database, instrument: Instrument, *quotes: Quote, source: str = "test") -> Outcome:
    return await Quotes(database).put(of(instrument, quotes, source))


async def page_of(database: Database, instrument: Instrument, query: QuoteQuery | None = None) -> Page[QuoteRow]:
    return (await Quotes(database).read([instrument.id], query or QuoteQuery(limit=1000)))[instrument.id]


async def stored(database: Database, instrument: Instrument) -> list[tuple[float, str | None]]:
    """What is stored, as seconds after noon and prices."""
    return [((row.ts - NOON).total_seconds(), row.price) for row in (await page_of(database, instrument)).rows]


async def candles(
    database: Database, instrument: Instrument
) -> list[tuple[float, str | None, str | None, str | None, str | None]]:
    """Minute candles from quotes: seconds after noon, open, high, low, close."""
    rows = await read_all(database, instrument, M1, CandleOrigin.QUOTES)
    return [((row.open_time - NOON).total_seconds(), row.open, row.high, row.low, row.close) for row in rows]


async def commits(database: Database, instrument: Instrument) -> int:
    return (await StoredCommits(database).versions([instrument.id]))[instrument.id]


async def test_a_quote_is_read_as_it_was_written(database: Database) -> None:
    instrument = await new_instrument(database)
    long = "0." + "0" * 84 + "7"
    one = quote(
        1, "1.42E+29", bid="64000.10", ask=long, market_cap="0.0", volume_24h="1283127362173", change_24h="-0.30"
    )
    assert await put(database, instrument, one) == Outcome(stored=1)
    [row] = (await page_of(database, instrument)).rows
    assert row == QuoteRow(
        one.ts, "test", "142" + "0" * 27, "64000.10", long, "0.0", "1283127362173", "-0.30", LATER, 1
    )


async def test_what_a_source_does_not_say_is_null(database: Database) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, quote(1, None, market_cap="7"))
    [row] = (await page_of(database, instrument)).rows
    assert row[2:8] == (None, None, None, "7", None, None)
    assert await candles(database, instrument) == []


async def test_the_same_delivery_again_changes_nothing(database: Database) -> None:
    instrument = await new_instrument(database)
    batch = [quote(0), quote(30, "11"), quote(90, "12")]
    assert await put(database, instrument, *batch) == Outcome(stored=3)
    before = await page_of(database, instrument)
    assert await put(database, instrument, *batch) == Outcome(repeated=3)
    assert await page_of(database, instrument) == before
    assert await commits(database, instrument) == 1


async def test_a_source_that_says_the_same_again_is_not_stored_again(database: Database) -> None:
    instrument = await new_instrument(database)
    batch = [quote(0), quote(10, "10.0"), quote(20, "11"), quote(30, "11"), quote(40)]
    assert await put(database, instrument, *batch) == Outcome(stored=3, repeated=2)
    assert await put(database, instrument, quote(50), quote(60, "11")) == Outcome(stored=1, repeated=1)
    assert await stored(database, instrument) == [(0, "10"), (20, "11"), (40, "10"), (60, "11")]


async def test_a_quote_that_differs_in_any_figure_is_another(database: Database) -> None:
    instrument = await new_instrument(database)
    batch = [
        quote(0), quote(1, bid="9"), quote(2, bid="9", ask="11"), quote(3, bid="9", ask="11", market_cap="1"),
        quote(4, bid="9", ask="11", market_cap="1", volume_24h="1"), quote(5, None, bid="9", change_24h="0"),
    ]  # fmt: skip
    assert await put(database, instrument, *batch) == Outcome(stored=6)


async def test_two_sources_are_two_series(database: Database) -> None:
    instrument = await new_instrument(database)
    assert await put(database, instrument, quote(0), source="one") == Outcome(stored=1)
    assert await put(database, instrument, quote(0), quote(1), source="two") == Outcome(stored=1, repeated=1)
    assert await put(database, instrument, quote(2), source="one") == Outcome(repeated=1)


async def test_the_newest_delivery_of_a_time_counts(database: Database) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, quote(0), quote(1, "11"))
    assert await put(database, instrument, quote(1, "12")) == Outcome(stored=1)
    assert await put(database, instrument, quote(1, "13"), quote(1, "14")) == Outcome(stored=1, repeated=1)
    assert await stored(database, instrument) == [(0, "10"), (1, "14")]
    assert await put(database, instrument, quote(1, "10")) == Outcome(
        stored=1
    )  # a correction, though 10 was said before
    assert await stored(database, instrument) == [(0, "10"), (1, "10")]


async def test_a_late_quote_is_compared_with_the_one_before_it_not_with_the_newest(database: Database) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, quote(0, "10"), quote(100, "20"))
    assert await put(database, instrument, quote(50, "10")) == Outcome(repeated=1)
    assert await put(database, instrument, quote(60, "20")) == Outcome(stored=1)
    assert await put(database, instrument, quote(-5, "10")) == Outcome(stored=1)
    assert await stored(database, instrument) == [(-5, "10"), (0, "10"), (60, "20"), (100, "20")]


async def test_a_late_quote_that_cuts_a_run_leaves_what_was_said_after_it(database: Database) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, quote(0), quote(10), quote(30))
    assert await stored(database, instrument) == [(0, "10")]
    assert await put(database, instrument, quote(20, "11")) == Outcome(stored=1)
    assert await stored(database, instrument) == [(0, "10"), (20, "11"), (30, "10")]
    assert await put(database, instrument, quote(25, "11"), quote(40)) == Outcome(repeated=2)
    assert await put(database, instrument, quote(35, "12")) == Outcome(stored=1)
    assert await stored(database, instrument) == [(0, "10"), (20, "11"), (30, "10"), (35, "12"), (40, "10")]


async def test_a_correction_at_the_start_of_a_run_leaves_its_end(database: Database) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, quote(0), quote(10))
    assert await put(database, instrument, quote(0, "9")) == Outcome(stored=1)
    assert await stored(database, instrument) == [(0, "9"), (10, "10")]


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_the_order_every_source_says_what_it_said_last(database: Database, seed: int) -> None:
    random, instrument = Random(seed), await new_instrument(database)
    said = {second: str(random.choice([10, 10, 11])) for second in random.sample(range(400), 60)}
    shuffled = random.sample(sorted(said), len(said))
    while shuffled:
        batch = [shuffled.pop() for _ in range(min(random.randint(1, 9), len(shuffled)))]
        outcome = await put(database, instrument, *(quote(second, said[second]) for second in batch))
        assert outcome.stored + outcome.repeated == len(batch)
    found = await stored(database, instrument)
    assert set(found) <= set(said.items())
    assert found[-1][1] == said[max(said)]
    again = [quote(second, price) for second, price in sorted(said.items())]
    await put(database, instrument, *again)  # a replay: now every moment says what was said then
    found = await stored(database, instrument)
    for second, price in said.items():
        assert [known for at, known in found if at <= second][-1] == price, second
    before = await commits(database, instrument)
    assert await put(database, instrument, *again) == Outcome(repeated=len(again))
    assert await commits(database, instrument) == before


async def test_in_order_one_by_one_or_at_once_the_same_is_stored(database: Database) -> None:
    random = Random(3)
    said = [quote(second, str(random.choice([10, 10, 10, 11]))) for second in sorted(random.sample(range(900), 120))]
    one_by_one, at_once = await new_instrument(database), await new_instrument(database)
    for each in said:
        await put(database, one_by_one, each)
    changes = [next(run) for _, run in groupby(said, key=lambda each: each.price)]
    assert await put(database, at_once, *said) == Outcome(len(changes), len(said) - len(changes))
    expected = [((each.ts - NOON).total_seconds(), str(each.price)) for each in changes]
    assert await stored(database, one_by_one) == await stored(database, at_once) == expected
    assert await candles(database, one_by_one) == await candles(database, at_once)


async def test_a_minute_candle_is_made_of_prices_and_exact_mids(database: Database) -> None:
    instrument = await new_instrument(database)
    small = "0." + "0" * 30
    await put(
        database, instrument,
        quote(5, "10"), quote(10, None, bid="9", ask="9.5"), quote(15, None, bid="1"),
        quote(20, "12", bid="1", ask="2"), quote(59, None, bid="11.1", ask="11.3"),
        quote(60, None, bid=small + "1", ask=small + "2"),
    )  # fmt: skip
    assert await candles(database, instrument) == [
        (0, "10", "12", "9.25", "11.2"),
        (60, *[small + "15"] * 4),
    ]
    [first, _] = await read_all(database, instrument, M1, CandleOrigin.QUOTES)
    assert (first.volume, first.quote_volume, first.vwap, first.trade_count) == ("0", None, None, None)
    assert first.origin is CandleOrigin.QUOTES


async def test_open_and_close_go_by_time_not_by_arrival(database: Database) -> None:
    instrument = await new_instrument(database)
    for second, price in ((30, "3"), (50, "5"), (10, "1"), (40, "4")):
        await put(database, instrument, quote(second, price))
    assert await candles(database, instrument) == [(0, "1", "5", "1", "5")]


async def test_a_late_quote_revises_its_closed_candle(database: Database) -> None:
    instrument, store = await new_instrument(database), Quotes(database)
    await store.put(of(instrument, [quote(30)], at=NOON + timedelta(seconds=31)))
    await store.put(of(instrument, [quote(40, "11")], at=NOON + timedelta(seconds=62)))
    [candle] = await read_all(database, instrument, M1, CandleOrigin.QUOTES)
    assert (candle.status, candle.close, candle.version) == (CandleStatus.FINAL, "11", 2)
    await store.put(of(instrument, [quote(35, "10.5")], at=NOON + timedelta(seconds=66)))
    [candle] = await read_all(database, instrument, M1, CandleOrigin.QUOTES)
    assert (candle.status, candle.version) == (CandleStatus.FINAL, 2)  # it lies between: the candle is the same
    await store.put(of(instrument, [quote(5, "9")], at=NOON + timedelta(seconds=66)))
    for origin in (CandleOrigin.QUOTES, None):
        [candle] = await read_all(database, instrument, M1, origin)
        assert (candle.status, candle.open, candle.low, candle.version) == (CandleStatus.REVISED, "9", "9", 4)


async def test_a_correction_that_takes_back_the_only_price_takes_the_candle_too(database: Database) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, quote(0), quote(70, "11"))
    await tree.refresh(database, older_than=timedelta())
    await put(database, instrument, quote(70, None, market_cap="5"))
    assert [second for second, *_ in await candles(database, instrument)] == [0]
    [wide] = await read_all(database, instrument, Interval.M5.duration, CandleOrigin.QUOTES)
    assert (wide.high, wide.close) == ("10", "10")
    assert (await Quotes(database).latest([instrument.id]))[instrument.id].price == "10"


@pytest.mark.parametrize("interval", [Interval.M5, Interval.H1, Interval.D1, Interval.W1])
@pytest.mark.parametrize("refreshed", [False, True])
async def test_wider_candles_are_folded_from_quotes(database: Database, interval: Interval, refreshed: bool) -> None:
    instrument = await new_instrument(database)
    random = Random(9)
    said = [quote(60 * minute + random.randint(0, 59), str(minute * minute % 9973 + 1)) for minute in range(0, 3000, 7)]
    await put(database, instrument, *said[::2])
    if refreshed:
        await tree.refresh(database, older_than=timedelta())
    await put(database, instrument, *said[1::2])
    expected = [
        (open_time, prices[0], max(prices), min(prices), prices[-1])
        for open_time, run in groupby(said, key=lambda each: interval.duration.floor(each.ts))
        for prices in [[Decimal(str(each.price)) for each in run]]
    ]
    for origin in (CandleOrigin.QUOTES, None):
        found = await read_all(database, instrument, interval.duration, origin)
        assert [(row.open_time, *(Decimal(str(price)) for price in row[2:6])) for row in found] == expected


async def test_auto_prefers_trades_then_the_venue_then_quotes(database: Database) -> None:
    instrument = await new_instrument(database)
    one, eight = Decimal(1), Decimal(8)
    await put(database, instrument, quote(0), quote(60, "11"), quote(120, "12"))
    await Trades(database).insert(delivery(instrument, [Trade(1, Decimal(7), one, Side.BUY, NOON)]))
    venue = MinuteCandle(NOON + MINUTE, eight, eight, eight, eight, one, None, None, None, None)
    await Candles(database, FrozenClock()).put_published(instrument, [venue], received_at=LATER)
    auto = await read_all(database, instrument, M1, None)
    assert [(row.origin, row.close) for row in auto] == [
        (CandleOrigin.TRADES, "7"), (CandleOrigin.VENUE, "8"), (CandleOrigin.QUOTES, "12")
    ]  # fmt: skip


async def test_quotes_are_commits_of_their_own_kind_and_no_trades(database: Database) -> None:
    instrument, log = await new_instrument(database), StoredCommits(database)
    await Trades(database).insert(delivery(instrument, [Trade(1, Decimal(7), Decimal(1), Side.BUY, NOON)]))
    await put(database, instrument, quote(10), quote(130, "11"))
    [commit] = await log.since(instrument.id, 1, 10)
    assert (commit.notice.kind, commit.rows) == (CommitKind.QUOTES, 2)
    assert commit.notice.window == Window(NOON, NOON + 3 * MINUTE)
    page = await log.trades_since(instrument.id, 0, 2, 10)
    assert [row.sequence for row in page.rows] == [1]
    assert (await log.trades_since(instrument.id, 1, 2, 10)).rows == []


async def test_writers_at_once_store_everything_once(database: Database) -> None:
    instrument = await new_instrument(database)
    said = [quote(second, str(1000 + second)) for second in range(600)]

    async def write(seed: int) -> Outcome:
        random, total = Random(seed), Outcome()
        mine = random.sample(said, 400)
        for start in range(0, 400, 25):
            total += await put(database, instrument, *mine[start : start + 25])
        return total

    outcomes = await asyncio.gather(*(write(seed) for seed in range(4)))
    found = await stored(database, instrument)
    assert sum(outcome.stored for outcome in outcomes) == len(found)
    assert all(outcome.stored + outcome.repeated == 400 for outcome in outcomes)
    expected = sorted({int(second) for seed in range(4) for second in _seconds(Random(seed).sample(said, 400))})
    assert found == [(second, str(1000 + second)) for second in expected]
    by_minute = {
        minute: [1000 + second for second in run] for minute, run in groupby(expected, key=lambda s: s // 60 * 60)
    }
    assert await candles(database, instrument) == [
        (minute, str(run[0]), str(run[-1]), str(run[0]), str(run[-1])) for minute, run in by_minute.items()
    ]
    log = await StoredCommits(database).since(instrument.id, 0, 1000)
    assert [commit.notice.version for commit in log] == list(range(1, len(log) + 1))


def _seconds(quotes: Sequence[Quote]) -> list[float]:
    return [(each.ts - NOON).total_seconds() for each in quotes]


async def test_rows_that_are_no_quotes_are_kept_with_their_reason(database: Database) -> None:
    instrument = await new_instrument(database)
    lines = QuoteLines([quote(0)], [Rejected(2, '{"usd":-1}', "price -1 is not above zero")])
    assert await Quotes(database).put(QuoteDelivery(instrument, "test", lines, LATER)) == Outcome(stored=1, dead=1)
    nothing = QuoteLines([], lines.rejected)
    assert await Quotes(database).put(QuoteDelivery(instrument, "test", nothing, LATER)) == Outcome(dead=1)
    async with database.driver() as driver:
        rows = await driver.fetch(
            "SELECT source, kind, reason, attempts FROM dead_letter WHERE subject = $1", str(instrument.key)
        )
    assert [tuple(row) for row in rows] == [("test", "MALFORMED", "row 2: price -1 is not above zero", 2)]
    assert await commits(database, instrument) == 1


async def test_who_lost_the_lease_writes_nothing(database: Database) -> None:
    instrument, leases = await new_instrument(database), StoredLeases(database)
    lease = await leases.acquire(f"poll {instrument.key}", "me", timedelta(minutes=1))
    assert lease is not None
    mine = QuoteDelivery(instrument, "test", QuoteLines([quote(0)]), LATER, lease=lease)
    assert await Quotes(database).put(mine) == Outcome(stored=1)
    stale = QuoteDelivery(
        instrument, "test", QuoteLines([quote(1, "2")]), LATER, lease=Lease(lease.name, lease.token - 1)
    )
    with pytest.raises(LeaseLost):
        await Quotes(database).put(stale)
    assert await stored(database, instrument) == [(0, "10")]


async def test_pages_of_quotes_meet_without_gap_or_overlap(database: Database) -> None:
    instrument = await new_instrument(database)
    for source in ("one", "two"):
        await put(database, instrument, *(quote(60 * n**3, str(n + 1)) for n in range(40)), source=source)
    everything = [QuotePosition(row.ts, row.source) for row in (await page_of(database, instrument)).rows]
    assert everything == sorted(everything)
    assert len(everything) == 80
    forwards: list[QuotePosition] = []
    while True:
        page = await page_of(
            database, instrument, QuoteQuery(7, after=forwards[-1] if forwards else None, newest=False)
        )
        forwards += [QuotePosition(row.ts, row.source) for row in page.rows]
        if not page.more:
            break
    backwards: list[QuotePosition] = []
    while True:
        page = await page_of(database, instrument, QuoteQuery(9, before=backwards[0] if backwards else None))
        backwards = [QuotePosition(row.ts, row.source) for row in page.rows] + backwards
        if not page.more:
            break
    assert forwards == backwards == everything
    window = Window(NOON + MINUTE, NOON + 27 * MINUTE)
    page = await page_of(database, instrument, QuoteQuery(9, source="two", window=window))
    assert [(row.source, row.price) for row in page.rows] == [("two", "2"), ("two", "3")]
    assert (await page_of(database, instrument, QuoteQuery(9, source="three"))).rows == []


async def test_many_instruments_are_read_at_once(database: Database) -> None:
    instruments = [await new_instrument(database) for _ in range(3)]
    for number, instrument in enumerate(instruments):
        await put(database, instrument, *(quote(number * 100_000 + n, str(n + 1)) for n in range(number + 1)))
    nobody = InstrumentId(2**31 - 1)
    pages = await Quotes(database).read([*(one.id for one in instruments), nobody], QuoteQuery(2))
    assert [[row.price for row in page.rows] for page in pages.values()] == [["1"], ["1", "2"], ["2", "3"], []]
    assert [page.more for page in pages.values()] == [False, False, True, False]


async def test_the_latest_price_comes_from_quotes_or_where_newer_from_trades(database: Database) -> None:
    quoted, traded, both, mid, priceless = [await new_instrument(database) for _ in range(5)]
    execution = Trade(5, Decimal("7.1"), Decimal(1), Side.BUY, NOON + timedelta(seconds=90))
    await put(database, quoted, quote(0), quote(1, None, market_cap="5"), source="b")
    await put(database, quoted, quote(0, "3"), source="a")
    await Trades(database).insert(delivery(traded, [execution]))
    await Trades(database).insert(delivery(both, [execution]))
    await put(database, both, quote(89, "6"))
    await put(database, mid, quote(0), quote(1, None, bid="1", ask="2"))
    await put(database, priceless, quote(0, None, market_cap="5"))
    everything = [quoted, traded, both, mid, priceless]
    store = Quotes(database)
    latest = await store.latest([one.id for one in everything])
    found = {key: (row.ts - NOON, row.source, row.price, row.bid) for key, row in latest.items()}
    second = timedelta(seconds=1)
    assert found == {
        quoted.id: (0 * second, "a", "3", None),
        traded.id: (90 * second, "test", "7.1", None),
        both.id: (90 * second, "test", "7.1", None),
        mid.id: (second, "test", "1.5", "1"),
    }
    await put(database, both, quote(90, "6.5"))
    assert (await store.latest([both.id]))[both.id].price == "6.5"  # at the same moment the quote
    assert await store.latest([]) == {}


async def test_the_latest_of_many_long_series_is_found_at_once(database: Database) -> None:
    instruments = [await new_instrument(database) for _ in range(3)]
    for instrument in instruments:
        await put(database, instrument, *(quote(86_400 * day, str(day + 1)) for day in range(400)))
    latest = await Quotes(database).latest([one.id for one in instruments])
    assert {row.price for row in latest.values()} == {"400"}


async def test_what_was_received_before_does_not_undo_what_was_said_later(database: Database) -> None:
    instrument, quotes = await new_instrument(database), Quotes(database)
    await quotes.put(of(instrument, [quote(0, "11"), quote(1, "12")], at=LATER + MINUTE))

    again = await quotes.put(of(instrument, [quote(0, "10"), quote(1, "10"), quote(2, "10")], at=LATER))

    assert again == Outcome(stored=1, repeated=2)
    assert await stored(database, instrument) == [(0, "11"), (1, "12"), (2, "10")]


async def test_batches_of_many_thousands_are_stored_between_taken_back_and_said_again(database: Database) -> None:
    instrument = await new_instrument(database)
    full = [quote(60 * minute, str(minute % 97 + 1)) for minute in range(20_000)]
    assert await put(database, instrument, *full) == Outcome(stored=20_000)
    between = [quote(60 * minute + 30, str(minute % 89 + 100)) for minute in range(20_000)]
    assert await put(database, instrument, *between) == Outcome(stored=20_000)
    assert await put(database, instrument, *full, *between) == Outcome(repeated=40_000)
    silent = [quote(_seconds([each])[0], None, market_cap="1") for each in [*full[::2], *between[::2]]]
    await put(database, instrument, *silent)
    hours = await read_all(database, instrument, Interval.H1.duration, CandleOrigin.QUOTES)
    assert [(row.open, row.close) for row in hours[:2]] == [("2", "159"), ("62", "130")]
    assert len(hours) == 334
