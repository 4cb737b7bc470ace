"""The contract of the trade store: each trade once, clashes kept aside, corrections and refusals with a reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from structlog.testing import capture_logs

from candlewick.domain.batch import Rejected
from candlewick.domain.candle import CandleStatus
from candlewick.domain.errors import InstrumentBusy, TapeMismatch
from candlewick.domain.interval import Interval
from candlewick.domain.market import Instrument, Side, Tape, Trade
from candlewick.domain.page import TradePosition, TradeQuery
from candlewick.domain.raw import RawId
from candlewick.domain.time import Window
from candlewick.ports import Delivery, Outcome
from candlewick.storage import tree, versions
from candlewick.storage.capabilities import Capability
from candlewick.storage.engine import Database
from candlewick.storage.trades import Trades
from markets import LATER, as_expected, delivery, expected_candles, in_milliseconds, new_instrument, read_all

NOON = datetime(2024, 8, 8, 12, tzinfo=UTC)


def trade(sequence: int, price: str = "10", *, after: timedelta = timedelta(), size: str = "1") -> Trade:
    return Trade(sequence, Decimal(price), Decimal(size), Side.BUY, NOON + after)


async def keep_from(database: Database, instrument: Instrument, floor: datetime) -> None:
    """Say that older trades were dropped."""
    async with database.driver() as driver:
        await driver.execute("UPDATE instrument SET retention_floor = $2 WHERE id = $1", instrument.id, floor)


async def letters_of(database: Database, subject: object) -> list[tuple[str, str, int]]:
    async with database.driver() as driver:
        rows = await driver.fetch(
            "SELECT kind, reason, attempts FROM dead_letter WHERE subject = $1 ORDER BY id", str(subject)
        )
    return [tuple(row) for row in rows]


async def test_the_same_trade_in_ms_and_in_us_is_one_trade(database: Database) -> None:
    instrument = await new_instrument(database)
    fine = trade(1, after=timedelta(microseconds=123_456))
    assert await Trades(database).insert(delivery(instrument, [fine])) == Outcome(stored=1)
    assert await Trades(database).insert(delivery(instrument, [in_milliseconds(fine)])) == Outcome(repeated=1)
    assert await letters_of(database, instrument.key) == []


async def test_a_time_that_went_through_a_float_elsewhere_is_the_same_time(database: Database) -> None:
    instrument = await new_instrument(database)
    fine = trade(1, after=timedelta(microseconds=123_456))
    await Trades(database).insert(delivery(instrument, [fine]))
    again = [trade(1, after=timedelta(microseconds=moved)) for moved in (123_457, 124_455, 122_457)]
    assert await Trades(database).insert(delivery(instrument, again)) == Outcome(repeated=3)


async def test_a_time_that_is_a_millisecond_off_is_another_one(database: Database) -> None:
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, [trade(1), trade(2, after=timedelta(milliseconds=5))]))
    moved = [trade(1, after=timedelta(milliseconds=1)), trade(2, after=timedelta(milliseconds=4))]
    assert await Trades(database).insert(delivery(instrument, moved)) == Outcome(dead=2)


async def test_the_same_key_with_other_content_is_a_dead_letter_kept_once(database: Database) -> None:
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, [trade(1), trade(2)]))
    for _ in range(2):
        outcome = await Trades(database).insert(delivery(instrument, [trade(1, "11"), trade(2), trade(3)]))
        assert outcome.dead == 1
    [(kind, reason, attempts)] = await letters_of(database, instrument.key)
    assert (kind, attempts) == ("CLASH", 2)
    assert reason == "trade 1 is here already as BUY 1 at 10, 2024-08-08T12:00:00+00:00"
    [candle] = await read_all(database, instrument, Interval.M1.duration)
    assert (candle.high, candle.trade_count) == ("10", 3)


async def test_two_trades_of_one_batch_that_share_a_key_but_not_content_clash(database: Database) -> None:
    instrument = await new_instrument(database)
    outcome = await Trades(database).insert(delivery(instrument, [trade(1, "10"), trade(1, "11"), trade(1, "10")]))
    assert outcome == Outcome(stored=1, repeated=1, dead=1)


async def test_rejected_rows_become_dead_letters_in_the_same_transaction(database: Database) -> None:
    instrument = await new_instrument(database)
    rejected = (Rejected(7, "1,-3,\x00", "the price is not above zero"),)
    outcome = await Trades(database).insert(replace(delivery(instrument, [trade(1)]), rejected=rejected))
    assert outcome == Outcome(stored=1, dead=1)
    assert await letters_of(database, instrument.key) == [("MALFORMED", "row 7: the price is not above zero", 1)]


async def test_the_other_tape_is_refused_with_a_reason(database: Database) -> None:
    instrument = await new_instrument(database)
    with pytest.raises(TapeMismatch, match="keeps the TRADES tape, this feed carries AGGREGATED"):
        await Trades(database).insert(replace(delivery(instrument, [trade(1)]), tape=Tape.AGGREGATED))


async def test_trades_below_the_retention_floor_are_refused(database: Database) -> None:
    instrument = await new_instrument(database)
    await keep_from(database, instrument, NOON)
    batch = [trade(1, after=-timedelta(microseconds=1)), trade(2)]
    assert await Trades(database).insert(delivery(instrument, batch)) == Outcome(stored=1, refused=1)


@pytest.mark.parametrize(
    ("price", "size"),
    [("1.42E+29", "1"), ("0." + "0" * 84 + "7", "99999999999999999999.5"), ("61837.63000000", "0.00009000")],
)
async def test_numbers_of_any_size_come_back_exactly(database: Database, price: str, size: str) -> None:
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, [trade(1, price, size=size), trade(2, "3", size="2")]))
    page = (await Trades(database).read([instrument.id], TradeQuery(limit=1, newest=False)))[instrument.id]
    assert (Decimal(page.rows[0].price), Decimal(page.rows[0].size)) == (Decimal(price), Decimal(size))
    assert page.rows[0].price == format(Decimal(price).normalize(), "f")
    assert page.more


async def corrected(*deliveries: Delivery) -> AsyncIterator[Delivery]:
    for one in deliveries:
        yield one


@pytest.mark.parametrize("refreshed", [False, True])
async def test_a_correction_replaces_its_window_and_nothing_else(database: Database, refreshed: bool) -> None:
    instrument = await new_instrument(database)
    hour = timedelta(hours=1)
    before, wrong, same = trade(1, "9", after=-2 * hour), trade(2, "100"), trade(3, after=2 * hour)
    await Trades(database).insert(delivery(instrument, [before, wrong, same]))
    if refreshed:
        await tree.refresh(database, older_than=timedelta())
    right = trade(2, "10.5")
    more = trade(4, "11", after=3 * hour)
    window = Window(NOON, NOON + 12 * hour)
    batches = corrected(delivery(instrument, [right, same]), delivery(instrument, [more]))
    assert await Trades(database).replace(window, batches) == Outcome(stored=3)
    for interval in (Interval.M1, Interval.H1, Interval.D1, Interval.MO1):
        found = [as_expected(candle) for candle in await read_all(database, instrument, interval.duration)]
        assert found == expected_candles([before, right, same, more], interval.duration)
    minutes = await read_all(database, instrument, Interval.M1.duration)
    assert [candle.status for candle in minutes] == [
        CandleStatus.FINAL, CandleStatus.REVISED, CandleStatus.FINAL, CandleStatus.REVISED
    ]  # fmt: skip


async def test_a_correction_that_fails_half_way_changes_nothing(database: Database) -> None:
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, [trade(1)]))

    async def broken() -> AsyncIterator[Delivery]:
        yield delivery(instrument, [trade(2)])
        raise OSError("the archive ends here")

    with pytest.raises(OSError, match="ends here"):
        await Trades(database).replace(Window(NOON, NOON + timedelta(days=1)), broken())
    page = (await Trades(database).read([instrument.id], TradeQuery(limit=10)))[instrument.id]
    assert [row.sequence for row in page.rows] == [1]


async def test_a_correction_takes_nothing_out_that_retention_would_not_let_back_in(database: Database) -> None:
    instrument = await new_instrument(database)
    tape = [trade(1), trade(2, after=timedelta(hours=1)), trade(3, "7", after=timedelta(hours=2))]
    await Trades(database).insert(delivery(instrument, tape))
    before = await read_all(database, instrument, Interval.M1.duration)
    floor = NOON + timedelta(minutes=90)
    async with database.driver() as driver:
        await driver.execute("DELETE FROM trade WHERE instrument_id = $1 AND minute < $2", instrument.id, floor)
    right = [*tape[:2], trade(3, "8", after=timedelta(hours=2))]
    await keep_from(database, instrument, floor)
    for window in (Window(NOON, NOON + timedelta(hours=12)), Window(NOON, floor)):
        outcome = await Trades(database).replace(window, corrected(delivery(instrument, right)))
        assert outcome.refused == 2
    after = await read_all(database, instrument, Interval.M1.duration)
    assert after[:2] == before[:2]
    assert [candle.close for candle in after] == ["10", "10", "8"]


async def test_a_correction_of_an_empty_window_leaves_no_hole_in_the_commit_log(database: Database) -> None:
    instrument = await new_instrument(database)
    window = Window(NOON, NOON + timedelta(days=1))
    for one in (trade(1), trade(2)):
        await Trades(database).replace(window, corrected(delivery(instrument, [one])))
    async with database.driver() as driver:
        log = await driver.fetch(
            "SELECT version, row_count FROM commit_log WHERE instrument_id = $1 ORDER BY version", instrument.id
        )
    assert [tuple(row) for row in log] == [(1, 1), (2, 1), (3, 1)]


@pytest.mark.parametrize("refreshed", [False, True])
async def test_a_correction_may_leave_nothing(database: Database, refreshed: bool) -> None:
    instrument = await new_instrument(database)
    other = trade(1, after=-timedelta(days=40))
    await Trades(database).insert(delivery(instrument, [other, trade(2), trade(3, after=timedelta(hours=1))]))
    await tree.refresh(database, older_than=timedelta())
    await Trades(database).replace(Window(NOON, NOON + timedelta(days=1)), corrected(delivery(instrument, [])))
    if refreshed:
        await tree.refresh(database, older_than=timedelta())
    for interval in Interval:
        found = [as_expected(candle) for candle in await read_all(database, instrument, interval.duration)]
        assert found == expected_candles([other], interval.duration)


async def test_sequences_may_span_all_that_64_bits_hold(database: Database) -> None:
    instrument = await new_instrument(database)
    batch = [trade(n) for n in (-(2**63), -(2**62), 0, 2**62, 2**63 - 1, -(2**63))]
    assert await Trades(database).insert(delivery(instrument, batch)) == Outcome(stored=5, repeated=1)


async def test_a_connection_may_carry_more_rows_than_32_bits_count(database: Database) -> None:
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, [trade(1)]))
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    one = await Database.open(url, pool_size=1)
    try:
        await Trades(one).insert(delivery(instrument, [trade(1)]))
        async with one.driver() as driver:
            await driver.execute("SELECT setval(pg_get_serial_sequence('pg_temp.incoming', 'position'), $1)", 2**31 - 1)
        assert await Trades(one).insert(delivery(instrument, [trade(1), trade(2)])) == Outcome(stored=1, repeated=1)
    finally:
        await one.close()


async def test_a_late_trade_revises_its_closed_candle(database: Database) -> None:
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, [trade(2)], NOON + timedelta(seconds=1)))
    await Trades(database).insert(delivery(instrument, [trade(3)], NOON + timedelta(seconds=62)))
    [candle] = await read_all(database, instrument, Interval.M1.duration)
    assert candle.status is CandleStatus.FINAL
    await Trades(database).insert(delivery(instrument, [trade(1, "5")], NOON + timedelta(seconds=66)))
    [candle] = await read_all(database, instrument, Interval.M1.duration)
    assert (candle.status, candle.open) == (CandleStatus.REVISED, "5")


async def test_late_trades_go_into_compressed_chunks(database: Database) -> None:
    if Capability.COLUMNSTORE not in database.capabilities.capabilities:
        pytest.skip("only TimescaleDB Community has a columnstore")
    instrument = await new_instrument(database)
    tape = [trade(n, str(n), after=timedelta(seconds=7 * n)) for n in range(1, 400)]
    await Trades(database).insert(delivery(instrument, tape[::2]))
    async with database.driver() as driver:
        compressed = await driver.fetch("SELECT compress_chunk(c, true) FROM show_chunks('trade') AS c")
    assert compressed
    await Trades(database).insert(delivery(instrument, tape[1::2]))
    assert await Trades(database).insert(delivery(instrument, tape)) == Outcome(repeated=len(tape))
    for interval in Interval:
        found = [as_expected(candle) for candle in await read_all(database, instrument, interval.duration)]
        assert found == expected_candles(tape, interval.duration)


async def test_the_commit_log_has_no_hole_and_names_what_changed(database: Database) -> None:
    instrument = await new_instrument(database)
    store = Trades(database)
    await store.insert(delivery(instrument, [trade(1)]))
    await store.insert(delivery(instrument, [trade(1)]))
    await store.insert(
        delivery(instrument, [trade(2, after=timedelta(minutes=5)), trade(3, after=timedelta(minutes=7))])
    )
    async with database.driver() as driver:
        log = await driver.fetch(
            "SELECT version, row_count, start_time, end_time FROM commit_log WHERE instrument_id = $1 ORDER BY version",
            instrument.id,
        )
    assert [tuple(row) for row in log] == [
        (1, 1, NOON, NOON + timedelta(minutes=1)),
        (2, 2, NOON + timedelta(minutes=5), NOON + timedelta(minutes=8)),
    ]


async def test_pages_of_trades_meet_without_gap_or_overlap(database: Database) -> None:
    instrument = await new_instrument(database)
    tape = [trade(n, after=timedelta(minutes=n * n)) for n in range(60)]
    await Trades(database).insert(delivery(instrument, tape, LATER))
    forwards: list[int] = []
    after = None
    while True:
        query = TradeQuery(limit=7, after=after, newest=False)
        page = (await Trades(database).read([instrument.id], query))[instrument.id]
        forwards += [row.sequence for row in page.rows]
        if not page.more:
            break
        after = TradePosition(page.rows[-1].minute, page.rows[-1].sequence)
    assert forwards == list(range(60))
    newest = (await Trades(database).read([instrument.id], TradeQuery(limit=3)))[instrument.id]
    assert [row.sequence for row in newest.rows] == [57, 58, 59]
    before = TradePosition(newest.rows[0].minute, newest.rows[0].sequence)
    earlier = (await Trades(database).read([instrument.id], TradeQuery(limit=2, before=before)))[instrument.id]
    assert [row.sequence for row in earlier.rows] == [55, 56]
    window = Window(NOON + timedelta(minutes=4), NOON + timedelta(minutes=25))
    within = (await Trades(database).read([instrument.id], TradeQuery(limit=9, window=window)))[instrument.id]
    assert [row.sequence for row in within.rows] == [2, 3, 4]


async def test_a_cursor_at_the_end_of_the_calendar_has_everything_before_it(database: Database) -> None:
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, [trade(1)]))
    end = TradePosition(datetime.max.replace(second=0, microsecond=0, tzinfo=UTC), 1)
    page = (await Trades(database).read([instrument.id], TradeQuery(limit=1, before=end)))[instrument.id]
    assert [row.sequence for row in page.rows] == [1]


async def test_a_writer_that_waits_too_long_for_its_turn_may_try_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "PATIENCE", 0.2)
    instrument = await new_instrument(database)
    async with database.transaction() as driver:
        await versions.lock(driver, instrument.id)
        with pytest.raises(InstrumentBusy, match="try again") as caught:
            await Trades(database).insert(delivery(instrument, [trade(1)]))
    assert caught.value.retryable
    assert await Trades(database).insert(delivery(instrument, [trade(1)])) == Outcome(stored=1)


async def test_deliveries_that_come_together_change_a_candle_once(database: Database) -> None:
    instrument, trades = await new_instrument(database), Trades(database)
    parts = [[trade(1), trade(2, "12")], [trade(3, "9"), trade(4, after=timedelta(minutes=1))], [trade(5, "11")]]

    outcome = await trades.insert_together([replace(delivery(instrument, part), raw_id=RawId(7)) for part in parts])

    assert outcome == Outcome(stored=5)
    found = await read_all(database, instrument, Interval.M1.duration)
    assert [(candle.status, candle.trade_count, candle.close) for candle in found] == [
        (CandleStatus.FINAL, 4, "11"), (CandleStatus.FINAL, 1, "10")
    ]  # fmt: skip
    page = (await trades.read([instrument.id], TradeQuery(limit=9)))[instrument.id]
    assert [(row.sequence, row.version) for row in page.rows] == [(1, 1), (2, 1), (3, 2), (5, 3), (4, 2)]
    assert await trades.insert_together([delivery(instrument, [trade(6)])]) == Outcome(stored=1)
    [again, _] = await read_all(database, instrument, Interval.M1.duration)
    assert again.status is CandleStatus.REVISED


async def test_deliveries_that_come_together_are_stored_all_or_not_at_all(database: Database) -> None:
    instrument, trades = await new_instrument(database), Trades(database)
    other = replace(delivery(instrument, [trade(2)]), tape=Tape.AGGREGATED)

    with pytest.raises(TapeMismatch):
        await trades.insert_together([delivery(instrument, [trade(1)]), other])

    assert not (await trades.read([instrument.id], TradeQuery(limit=9)))[instrument.id].rows


async def test_a_price_100_times_off_is_kept_as_received_and_flagged(database: Database) -> None:
    instrument = await new_instrument(database)
    trades = [Trade(n, Decimal(100), Decimal(1), Side.BUY, LATER - timedelta(minutes=1)) for n in range(20)]
    wrong = Trade(20, Decimal(10_000), Decimal(1), Side.BUY, LATER - timedelta(minutes=1))
    with capture_logs() as said:
        await Trades(database).insert(delivery(instrument, [*trades, wrong]))
    [candle] = await read_all(database, instrument, Interval.M1.duration)
    assert candle.high == "10000"
    [flagged] = [event for event in said if event["event"] == "price_outliers"]
    assert (flagged["count"], flagged["sequence"], flagged["price"]) == (1, 20, "10000")
