"""Replay on every edition: what is kept, read again, gives the very same rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import tables
from binance_files import write_zip
from candlewick.domain.candle import CandleOrigin, CandleStatus
from candlewick.domain.errors import UnknownInstrument, UnknownPayload, UnknownSource
from candlewick.domain.interval import Interval
from candlewick.domain.job import Job, JobStatus, StepProgress
from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.domain.raw import RawId
from candlewick.domain.time import Window
from candlewick.pipeline.redelivery import Replayed
from candlewick.pipeline.replay import ReplayRequest
from candlewick.pipeline.replay_jobs import ReplayJobs
from candlewick.ports import Outcome
from candlewick.providers.csv.archive import SOURCE, CsvFiles
from candlewick.storage.engine import Database
from candlewick.storage.jobs import Jobs
from markets import FrozenClock, as_expected, expected_candles, read_all
from replaying import DAY, MINUTE, ORIGIN, SECOND, SYMBOL, Venue, a_trade, as_event, as_kline, as_line, as_row
from working import begun

HOUR = Window(ORIGIN, ORIGIN + timedelta(hours=1))
M1 = Interval.M1.duration
ODD = {"id": 7_000_000, "price": "0", "qty": "1", "time": 1723075200000, "isBuyerMaker": True}
NAME = f"{SYMBOL}-trades-2024-08-08.zip"


@pytest.fixture
async def venue(database: Database, tmp_path: Path) -> Venue:
    return await Venue.new(database, tmp_path)


async def everything(venue: Venue) -> None:
    """Trades of three ways, the venue's candles, and what is none of these."""
    span = Window(ORIGIN + 10 * SECOND, ORIGIN + 150 * SECOND)
    await venue.backfill(map(a_trade, range(160)), span, ODD, received_at=ORIGIN + 170 * SECOND)
    await venue.hear(*(as_event(a_trade(n)) for n in range(140, 180)), received_at=ORIGIN + 181 * SECOND)
    await venue.hear(as_event(a_trade(180)), b"<html>", received_at=ORIGIN + 182 * SECOND)
    await venue.import_file(write_zip(venue.folder / NAME, [as_line(a_trade(n)) for n in range(170, 260)] + ["x,y"]))
    await venue.publish(*(as_kline(minute) for minute in range(5)))


def accounted(done: Replayed) -> bool:
    outcome = done.outcome
    return done.rows == outcome.stored + outcome.repeated + outcome.dead + outcome.refused + done.left_out


async def test_on_an_untouched_database_a_replay_changes_nothing(venue: Venue) -> None:
    await everything(venue)
    before, letters = await venue.state(), await venue.letters()

    done = await venue.replayed()

    assert await venue.state() == before
    assert [letter["id"] for letter in await venue.letters()] == [letter["id"] for letter in letters]
    assert done.outcome.stored == 0
    assert (done.payloads, done.files) == (4 + 2 + 2, 1)
    assert done.rows == 151 + 42 + 91 + 2 * 5
    assert accounted(done)


async def test_trades_that_were_deleted_come_back_as_the_very_same_rows(venue: Venue) -> None:
    await everything(venue)
    rows = await venue.trades()
    candles = await read_all(venue.database, venue.instrument, M1)
    await venue.lose()

    done = await venue.replayed()

    assert await venue.trades() == rows
    assert done.outcome.stored == len(rows) + 5
    assert accounted(done)
    again = await read_all(venue.database, venue.instrument, M1)
    assert [as_expected(candle) for candle in again] == [as_expected(candle) for candle in candles]
    assert [as_expected(candle) for candle in again] == expected_candles(map(a_trade, range(10, 260)), M1)
    assert (await venue.replayed()).outcome.stored == 0


async def test_a_minute_that_spans_payloads_does_not_look_revised(venue: Venue) -> None:
    await venue.backfill(map(a_trade, range(200)), HOUR)
    await venue.lose()

    await venue.replayed()

    candles = await read_all(venue.database, venue.instrument, M1)
    assert [candle.status for candle in candles] == [CandleStatus.FINAL] * 4


async def test_each_trade_leads_to_its_payload_after_a_replay_as_before(venue: Venue) -> None:
    await venue.backfill(map(a_trade, range(120)), HOUR)
    before = await origins(venue, range(120))
    await venue.lose()

    await venue.replayed()

    assert await origins(venue, range(120)) == before
    assert len(set(before)) == 3


async def origins(venue: Venue, sequences: Sequence[int]) -> list[int]:
    found = [await venue.reads.of_trade(venue.instrument.id, sequence) for sequence in sequences]
    return [record.id for [(_, record)] in found if record is not None]


async def test_what_was_not_wanted_of_a_page_is_left_out(venue: Venue) -> None:
    await venue.backfill(map(a_trade, range(100)), Window(ORIGIN + 20 * SECOND, ORIGIN + 30 * SECOND))
    await venue.lose()

    done = await venue.replayed()

    assert [row[2] for row in await venue.trades()] == list(range(20, 30))
    assert (done.rows, done.left_out, done.outcome) == (80, 70, Outcome(stored=10))


async def test_a_payload_of_many_instruments_brings_those_that_were_wanted(venue: Venue) -> None:
    row = as_row(a_trade(1))
    endpoint = f"/api/v3/historicalTrades?symbol={SYMBOL}"
    await venue.keep(endpoint, [row], wanted_of=[InstrumentId(venue.instrument.id + 1)])
    assert (await venue.replayed()).left_out == 1

    await venue.keep(endpoint, [row], wanted_of=[venue.instrument.id])
    assert (await venue.replayed()).outcome == Outcome(stored=1)


async def test_what_a_file_corrected_stays_corrected(venue: Venue) -> None:
    await venue.backfill(map(a_trade, range(30)), HOUR)
    await venue.import_file(write_zip(venue.folder / NAME, [as_line(a_trade(n)) for n in range(40)]))
    (venue.folder / "later").mkdir()
    kept = [as_line(a_trade(n, price=200)) for n in range(0, 40, 2)]
    await venue.import_file(write_zip(venue.folder / "later" / NAME, kept))
    await venue.hear(as_event(a_trade(41)), received_at=ORIGIN + DAY)
    before, rows = await venue.state(), await venue.trades()

    assert (await venue.replayed()).outcome.stored == 0
    assert await venue.state() == before

    await venue.lose()
    await venue.replayed()
    assert await venue.trades() == rows


async def test_trades_of_the_other_tape_are_left_out(venue: Venue) -> None:
    row = {"a": 1, "p": "1.0", "q": "1.0", "f": 1, "l": 2, "T": 1723075200000, "m": True, "M": True}
    await venue.keep(f"/api/v3/aggTrades?symbol={SYMBOL}", [row])

    assert await venue.replayed() == Replayed(payloads=1, rows=1, left_out=1)


async def test_of_the_venues_candles_the_newest_publication_stays(venue: Venue) -> None:
    await venue.publish(as_kline(0, "1"), as_kline(1, "1"))
    await venue.publish(as_kline(0, "2"))
    before = await venue.state()

    assert (await venue.replayed()).outcome == Outcome(repeated=3)
    assert await venue.state() == before

    await venue.lose()
    await venue.replayed()
    candles = await read_all(venue.database, venue.instrument, M1, CandleOrigin.VENUE)
    assert [candle.volume for candle in candles] == ["2", "1"]


async def test_only_what_was_received_in_the_time_asked_for_is_read(venue: Venue) -> None:
    for number in range(4):
        await venue.hear(as_event(a_trade(number)), received_at=ORIGIN + number * MINUTE)
    await venue.lose()

    done = await venue.replayed(window=Window(ORIGIN + MINUTE, ORIGIN + 3 * MINUTE))

    assert (done.payloads, done.outcome) == (2, Outcome(stored=2))
    assert [row[2] for row in await venue.trades()] == [1, 2]


async def test_only_rows_of_the_instruments_asked_for_are_delivered(venue: Venue) -> None:
    other = await venue.stores.instruments.list_instrument(
        replace(venue.exchange.list_instrument(InstrumentKey(venue.code, "ETH", "USDT"), venue.instrument.tape))
    )
    await venue.keep("stream:s", b"\n".join(json.dumps(as_event(a_trade(n), s)).encode() for n, s in (
        (1, SYMBOL), (2, "ETHUSDT"), (3, "NOPEUSDT"))))  # fmt: skip

    done = await venue.replayed(instruments=(other.key,))

    assert done == Replayed(payloads=1, rows=3, outcome=Outcome(stored=1), left_out=2)
    assert await venue.trades() == []
    assert [row[2] for row in await venue.with_instrument(other).trades()] == [2]


async def test_a_payload_that_cannot_be_read_is_one_dead_letter_however_often(venue: Venue) -> None:
    raw_id = await venue.keep(f"/api/v3/historicalTrades?symbol={SYMBOL}", b"<html>")
    await venue.keep("/api/v3/depth?symbol=BTCUSDT", {"bids": []})

    assert (await venue.replayed()).outcome == Outcome(dead=2)
    assert accounted(await venue.replayed())

    page, book = await venue.letters()
    assert (page["kind"], page["raw_id"], page["payload"], page["attempts"]) == ("PAYLOAD", raw_id, "<html>", 2)
    assert book["reason"] == "order books are not taken"


async def test_a_payload_that_is_damaged_where_it_is_kept_is_a_dead_letter(venue: Venue) -> None:
    raw_id = await venue.hear(as_event(a_trade(1)), received_at=ORIGIN)
    async with venue.database.driver() as driver:
        await driver.execute("UPDATE raw_payload SET sha256 = sha256('other') WHERE id = $1", raw_id)

    assert await venue.replayed() == Replayed(payloads=1, rows=1, outcome=Outcome(dead=1))
    [letter] = await venue.letters()
    assert letter["reason"] == "its sha256 is another"


async def test_an_import_that_was_interrupted_is_replayed_as_far_as_it_got(venue: Venue) -> None:
    await venue.import_file(write_zip(venue.folder / NAME, [as_line(a_trade(n)) for n in range(90)]))
    await venue.lose(Window(ORIGIN + MINUTE, ORIGIN + DAY))
    async with venue.database.driver() as driver:
        await driver.execute(
            "UPDATE archive_file SET complete = false, lines_stored = 60 WHERE source = $1", venue.code
        )
    rows = await venue.trades()

    assert (await venue.replayed()).outcome == Outcome(repeated=60)
    assert await venue.trades() == rows


async def test_tables_are_replayed_as_they_were_read(venue: Venue) -> None:
    await venue.import_file(tables.write(venue.folder, tables.trade_table(90)), CsvFiles(FrozenClock()))
    mapping = "columns.id = false\ntime.zone = 'America/New_York'\nscale.price = '0.01'"
    path = tables.write(venue.folder, tables.trade_table(95), "mapped.csv")
    await venue.import_file(path, tables.files(mapping))
    rows = await venue.trades()
    await venue.lose()

    done = await venue.replay().run(ReplayRequest((SOURCE,), instruments=(venue.instrument.key,)))

    assert done.outcome == Outcome(stored=185)
    assert await venue.trades() == rows


async def test_a_table_whose_mapping_nobody_reads_any_more_is_left_out(venue: Venue) -> None:
    await venue.import_file(tables.write(venue.folder, tables.trade_table(90)), CsvFiles(FrozenClock()))
    async with venue.database.driver() as driver:
        await driver.execute(
            "UPDATE archive_file SET mapping = 'gone = 1' WHERE instrument_id = $1", venue.instrument.id
        )

    done = await venue.replay().run(ReplayRequest((SOURCE,), instruments=(venue.instrument.key,)))

    assert done.outcome == Outcome()


async def test_quotes_and_days_of_tables_come_back_too(venue: Venue) -> None:
    quotes = "time,bid,ask\n2024-08-08T00:00:01Z,1,2\n2024-08-08T00:00:02Z,1.5,2\n"
    days = "date,open,high,low,close,volume\n2024-08-08,1,2,1,2,5\n2024-08-09,2,3,1,2,5\n"
    for name, table in (("quotes.csv", quotes), ("days.csv", days)):
        await venue.import_file(tables.write(venue.folder, table, name), CsvFiles(FrozenClock()))
    before = await venue.state()

    again = await venue.replay().run(ReplayRequest((SOURCE,), instruments=(venue.instrument.key,)))

    assert again.outcome == Outcome(repeated=4)
    assert await venue.state() == before


async def test_older_trades_than_the_instrument_keeps_are_refused(venue: Venue) -> None:
    await venue.backfill(map(a_trade, range(60)), HOUR)
    async with venue.database.driver() as driver:
        await driver.execute(
            "UPDATE instrument SET retention_floor = $2 WHERE id = $1", venue.instrument.id, ORIGIN + 30 * SECOND
        )
    await venue.lose(candles=False)

    done = await venue.replayed()

    assert (done.outcome.stored, done.outcome.refused) == (30, 30)
    assert accounted(done)


async def test_more_than_fits_into_a_page_is_read_page_by_page(venue: Venue) -> None:
    for number in range(450):
        await venue.keep("stream:s", as_event(a_trade(number)), ORIGIN + (number // 9) * SECOND)

    done = await venue.replayed()

    assert done == Replayed(payloads=450, rows=450, outcome=Outcome(stored=450))


async def test_a_job_reads_a_day_of_payloads_or_a_file_in_each_of_its_steps(venue: Venue) -> None:
    await everything(venue)
    rows = await venue.trades()
    await venue.lose()
    jobs = Jobs(venue.database)
    replays = ReplayJobs(venue.replay(), venue.reads, jobs)

    job = await replays.submit(ReplayRequest((venue.code,)), requested_by="test")
    done = [await run_step(venue, replays, job) for _ in range(job.progress.steps)]

    assert job.arguments["sources"] == [venue.code]
    assert [subject for subject, _ in done] == [
        f"payloads of {venue.code}, 2024-08-08", f"payloads of {venue.code}, 2024-08-09", f"{venue.code} {NAME}"
    ]  # fmt: skip
    assert sorted(row[2] for row in await venue.trades()) == sorted(row[2] for row in rows)
    assert sum((outcome for _, outcome in done), Outcome()).stored == len(rows) + 5
    finished = await jobs.job(job.id)
    assert finished is not None
    assert (finished.status, finished.progress.stored) == (JobStatus.SUCCEEDED, len(rows) + 5)


async def run_step(venue: Venue, replays: ReplayJobs, job: Job) -> tuple[str, Outcome]:
    """As a worker does it."""
    step = await begun(venue.database, job)
    reached: list[float] = []
    outcome = await replays.run(step, lambda _, part: reached.append(part))
    assert reached == sorted(reached)
    assert reached[-1] == 1.0
    done = StepProgress(1.0, outcome.stored, outcome.repeated, outcome.dead)
    await Jobs(venue.database).complete(step.lease, done)
    return step.subject, outcome


async def test_while_a_file_is_being_replayed_there_is_no_other_job_of_it(venue: Venue) -> None:
    file = (await venue.import_file(write_zip(venue.folder / NAME, [as_line(a_trade(1))]))).file
    replays = ReplayJobs(venue.replay(), venue.reads, Jobs(venue.database))

    first, again = [await replays.submit_file(file.id, requested_by="test") for _ in range(2)]

    assert first.id == again.id
    with pytest.raises(UnknownPayload):
        await replays.submit_file(RawId(999_999_999), requested_by="test")


async def test_a_source_or_an_instrument_that_is_not_known_is_refused(venue: Venue) -> None:
    with pytest.raises(UnknownSource, match="there is no source"):
        await venue.replayed()
    await venue.hear(as_event(a_trade(1)), received_at=ORIGIN)
    with pytest.raises(UnknownInstrument):
        await venue.replayed(instruments=(InstrumentKey(venue.code, "NOPE", "USDT"),))
