"""Backfills: how a request is cut, and what a step does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from binance_files import trade_lines, write_zip
from candlewick.domain.batch import Rejected
from candlewick.domain.day import Factor
from candlewick.domain.errors import (
    ArchiveStoreUnavailable,
    InvalidRange,
    MalformedPayload,
    SourceRefused,
    SourceUnavailable,
    TooManySteps,
    UnknownInstrument,
    UnknownVenue,
)
from candlewick.domain.job import BackfillRequest, Job, JobId, JobKind, Lease, NewJob, Step, StepRef
from candlewick.domain.market import DataKind, Instrument, InstrumentKey
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import LetterKind, Payload
from candlewick.domain.time import Window
from candlewick.pipeline.backfill import Backfill, Part
from candlewick.ports import Fetched, Outcome
from candlewick.providers.sources import archives_of
from markets import FrozenClock
from unit.pipeline.fakes import FakeStores
from unit.pipeline.sources import (
    BTC,
    ORIGIN,
    FakeDayHistory,
    FakeDirectory,
    FakeHistory,
    FakeQuoteHistory,
    FakeSource,
    listing,
)

NOW = datetime(2024, 8, 10, 6, 30, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


class FakeJobs:
    """Takes jobs and remembers them."""

    def __init__(self) -> None:
        self.submitted: list[NewJob] = []

    async def submit(self, new: NewJob) -> Job:
        self.submitted.append(new)
        return None  # type: ignore[return-value]


class Scene:
    """A backfill over fakes."""

    def __init__(self, folder: Path, source: FakeSource | None = None) -> None:
        self.fakes, self.jobs = FakeStores(), FakeJobs()
        self.source = source or FakeSource()
        jobs: Any = self.jobs
        self.backfill = Backfill(
            {"binance": self.source}, self.fakes.stores(), jobs, FrozenClock(NOW), folder / "downloads"
        )

    async def parts(
        self, start: datetime, end: datetime, *keys: InstrumentKey, kind: DataKind = DataKind.TRADES
    ) -> list[Part]:
        request = BackfillRequest(keys or (BTC,), Window(start, end), kind)
        await self.backfill.submit(request, idempotency_key="k", requested_by="test")
        return [Part.of(step.arguments) for step in self.jobs.submitted[-1].steps]

    async def run(self, part: Part) -> tuple[Outcome, list[float]]:
        reached: list[float] = []
        step = Step(StepRef(JobId(1), 0, 1), JobKind.BACKFILL, str(part), part.arguments(), Lease("job/1/0", 3))
        outcome = await self.backfill.run(step, lambda _, share: reached.append(share))
        return outcome, reached


@pytest.fixture
async def scene(tmp_path: Path) -> Scene:
    made = Scene(tmp_path)
    await made.fakes.instruments.list_instrument(listing())
    return made


def spans(parts: Sequence[Part]) -> list[tuple[datetime, datetime, bool]]:
    return [(part.window.start, part.window.end, part.archive is not None) for part in parts]


async def test_days_that_are_over_come_from_archives_and_today_hour_by_hour(scene: Scene) -> None:
    parts = await scene.parts(ORIGIN, NOW + DAY)

    days = [(ORIGIN, ORIGIN + DAY, True), (ORIGIN + DAY, ORIGIN + 2 * DAY, True)]
    today = ORIGIN + 2 * DAY
    hours = [(today + n * HOUR, min(today + (n + 1) * HOUR, NOW), False) for n in range(7)]
    assert spans(parts) == days + hours


async def test_a_part_of_a_day_names_the_archive_and_what_was_asked_for(scene: Scene) -> None:
    (part,) = await scene.parts(ORIGIN + HOUR, ORIGIN + 2 * HOUR)

    assert part.window == Window(ORIGIN + HOUR, ORIGIN + 2 * HOUR)
    assert part.archive == Window(ORIGIN, ORIGIN + DAY)


async def test_a_long_past_without_archives_is_cut_into_days(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakeSource(shelf=None))
    await scene.fakes.instruments.list_instrument(listing())

    parts = await scene.parts(ORIGIN - 30 * DAY, ORIGIN)

    assert len(parts) == 30


async def test_steps_survive_the_way_through_the_database(scene: Scene) -> None:
    parts = await scene.parts(ORIGIN, NOW)

    assert [Part.of(part.arguments()) for part in parts] == parts


async def test_a_range_before_the_venue_is_clipped_to_its_beginning(scene: Scene) -> None:
    parts = await scene.parts(datetime(2010, 1, 1, tzinfo=UTC), datetime(2017, 7, 16, tzinfo=UTC))

    assert parts[0].window.start == datetime(2017, 7, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (NOW + DAY, NOW + 2 * DAY, "lies in the future"),
        (datetime(2009, 1, 1, tzinfo=UTC), datetime(2017, 7, 1, tzinfo=UTC), "ends before binance began"),
    ],
)
async def test_a_range_without_data_is_refused(scene: Scene, start: datetime, end: datetime, said: str) -> None:
    with pytest.raises(InvalidRange, match=said):
        await scene.parts(start, end)

    assert scene.jobs.submitted == []


async def test_a_venue_that_nobody_serves_is_refused(scene: Scene) -> None:
    with pytest.raises(UnknownVenue, match="known venues: binance"):
        await scene.parts(ORIGIN, NOW, InstrumentKey("nasdaq", "AAPL", "USD"))


async def test_an_instrument_is_looked_for_at_its_venue(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakeSource(directory=FakeDirectory([listing()])))

    assert await scene.parts(ORIGIN, NOW)


async def test_an_instrument_that_the_venue_does_not_list_is_refused(scene: Scene) -> None:
    with pytest.raises(UnknownInstrument, match="binance:NOPE-USDT"):
        await scene.parts(ORIGIN, NOW, BTC, InstrumentKey("binance", "NOPE", "USDT"))

    assert scene.jobs.submitted == []


async def test_a_job_has_a_bound(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    keys = [InstrumentKey("binance", f"A{number}", "USDT") for number in range(10)]
    for key in keys:
        await scene.fakes.instruments.list_instrument(listing(key))

    with pytest.raises(TooManySteps):
        await scene.parts(datetime(2017, 8, 1, tzinfo=UTC), NOW, *keys)


async def test_trades_of_the_window_alone_are_stored_page_by_page(scene: Scene) -> None:
    part = Part(BTC, DataKind.TRADES, Window(ORIGIN + timedelta(seconds=5), ORIGIN + timedelta(seconds=35)))

    outcome, reached = await scene.run(part)

    assert outcome == Outcome(stored=30)
    assert sorted(number for _, number in scene.fakes.trades.kept) == list(range(5, 35))
    assert len(scene.fakes.raw.payloads) == 4  # one more: ids need not be in the order of time
    assert reached == sorted(reached)
    assert scene.fakes.trades.leases == {Lease("job/1/0", 3)}


async def test_doing_a_step_again_stores_nothing_twice(scene: Scene) -> None:
    part = Part(BTC, DataKind.TRADES, Window(ORIGIN, ORIGIN + timedelta(seconds=20)))
    await scene.run(part)

    outcome, _ = await scene.run(part)

    assert (outcome.stored, outcome.repeated) == (0, 20)


async def test_a_window_after_the_last_trade_is_done_at_once(scene: Scene) -> None:
    outcome, _ = await scene.run(Part(BTC, DataKind.TRADES, Window(ORIGIN + DAY, ORIGIN + DAY + HOUR)))

    assert outcome == Outcome()


async def test_what_was_stored_before_the_source_broke_stays(tmp_path: Path) -> None:
    class Breaks(FakeHistory):
        async def page(self, instrument: Any, cursor: str) -> Any:
            if int(cursor) >= 100:
                raise SourceUnavailable("binance", "cut")
            return await super().page(instrument, cursor)

    scene = Scene(tmp_path, FakeSource(trades=Breaks()))
    await scene.fakes.instruments.list_instrument(listing())

    with pytest.raises(SourceUnavailable):
        await scene.run(Part(BTC, DataKind.TRADES, Window(ORIGIN, ORIGIN + HOUR)))

    assert len(scene.fakes.trades.kept) == 60  # the second minute was not over


async def test_an_archive_is_imported_and_its_download_removed(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    await scene.fakes.instruments.list_instrument(listing())
    file = write_zip(tmp_path / "BTCUSDT-trades-2024-08-08.zip", trade_lines(600))
    assert scene.source.shelf is not None
    scene.source.shelf.files = {ORIGIN: file}
    scene.source.archive_files = archives_of(BTC, FrozenClock())
    day = Window(ORIGIN, ORIGIN + DAY)

    outcome, reached = await scene.run(Part(BTC, DataKind.TRADES, day, archive=day))

    assert outcome.stored == 600
    assert reached[-1] == 1.0
    assert scene.fakes.candles.settled == 0  # the refresher does that
    assert not list((tmp_path / "downloads").iterdir())


async def test_a_day_without_an_archive_comes_page_by_page(scene: Scene) -> None:
    scene.source.archive_files = archives_of(BTC, FrozenClock())
    day = Window(ORIGIN, ORIGIN + DAY)

    outcome, _ = await scene.run(Part(BTC, DataKind.TRADES, day, archive=day))

    assert outcome.stored == 101


async def test_a_month_without_a_file_comes_from_those_of_its_days(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    await scene.fakes.instruments.list_instrument(listing())
    file = write_zip(tmp_path / "BTCUSDT-trades-2024-08-08.zip", trade_lines(600))
    assert scene.source.shelf is not None
    scene.source.shelf.files = {ORIGIN: file}
    scene.source.archive_files = archives_of(BTC, FrozenClock())
    month = Window(datetime(2024, 8, 1, tzinfo=UTC), datetime(2024, 9, 1, tzinfo=UTC))

    outcome, reached = await scene.run(Part(BTC, DataKind.TRADES, month, archive=month))

    assert outcome.stored == 600
    assert len(scene.source.shelf.fetched) == 32
    assert reached[-1] == 1.0


async def test_a_minute_that_spans_pages_is_written_once(scene: Scene) -> None:
    await scene.run(Part(BTC, DataKind.TRADES, Window(ORIGIN, ORIGIN + timedelta(seconds=100))))

    assert set(scene.fakes.trades.minutes.values()) == {1}


async def test_each_trade_is_stored_as_one_of_the_page_that_it_was_on(scene: Scene) -> None:
    await scene.run(Part(BTC, DataKind.TRADES, Window(ORIGIN, ORIGIN + HOUR)))

    pages = {1001 + number: json.loads(page.body) for number, page in enumerate(scene.fakes.raw.payloads)}
    assert [scene.fakes.trades.origins[sequence] for sequence in range(101)] == [
        raw_id for raw_id, sequences in pages.items() for _ in sequences
    ]


async def test_what_of_a_page_was_wanted_is_kept_with_it(scene: Scene) -> None:
    window = Window(ORIGIN, ORIGIN + HOUR)
    await scene.run(Part(BTC, DataKind.TRADES, window))
    await scene.run(Part(BTC, DataKind.CANDLES, Window(ORIGIN, ORIGIN + 4 * MINUTE)))

    wanted = [payload.wanted for payload in scene.fakes.raw.payloads]
    assert wanted == [window] * 11 + [
        Window(ORIGIN, ORIGIN + 4 * MINUTE), Window(ORIGIN + 3 * MINUTE, ORIGIN + 4 * MINUTE)
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [DataKind.TRADES, DataKind.CANDLES])
async def test_a_page_that_cannot_be_read_is_a_dead_letter_that_leads_to_it(tmp_path: Path, kind: DataKind) -> None:
    class Garbled(FakeHistory):
        async def page(self, instrument: Instrument, cursor: Any) -> Payload:
            return Payload("binance", f"/{instrument.symbol}?{cursor}", b"<html>", ORIGIN)

        def read(self, instrument: Instrument, payload: Payload) -> Any:  # noqa: ARG002
            raise MalformedPayload(payload.source, payload.endpoint, "it is a web page")

    scene = Scene(tmp_path, FakeSource(trades=Garbled(), candles=Garbled()))
    await scene.fakes.instruments.list_instrument(listing())
    with pytest.raises(MalformedPayload):
        await scene.run(Part(BTC, kind, Window(ORIGIN, ORIGIN + HOUR)))

    (letter,) = scene.fakes.letters.kept
    (payload,) = scene.fakes.raw.payloads
    assert (letter.kind, letter.subject, letter.reason) == (LetterKind.PAYLOAD, payload.endpoint, "it is a web page")
    assert (letter.raw_id, letter.payload) == (1001, payload.body.decode())


async def test_a_place_for_downloads_that_cannot_be_made_is_worth_a_retry(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "downloads").write_text("no folder")
    scene.source.archive_files = archives_of(BTC, FrozenClock())
    day = Window(ORIGIN, ORIGIN + DAY)

    with pytest.raises(ArchiveStoreUnavailable) as caught:
        await scene.run(Part(BTC, DataKind.TRADES, day, archive=day))

    assert caught.value.retryable


async def test_a_request_up_to_now_is_the_same_whenever_it_is_made(scene: Scene) -> None:
    for later in (timedelta(0), timedelta(minutes=5)):
        request = BackfillRequest((BTC,), Window(ORIGIN, NOW + later), up_to_now=True)
        await scene.backfill.submit(request, idempotency_key="k", requested_by="test")

    first, second = scene.jobs.submitted
    assert first.arguments == second.arguments


async def test_candles_come_page_by_page(scene: Scene) -> None:
    part = Part(BTC, DataKind.CANDLES, Window(ORIGIN, ORIGIN + timedelta(minutes=7)))

    outcome, reached = await scene.run(part)

    assert outcome.stored == 7
    assert reached[-1] == 1.0


async def test_a_source_without_that_kind_says_so(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakeSource(candles=None))
    await scene.fakes.instruments.list_instrument(listing())

    with pytest.raises(SourceRefused, match="no candles"):
        await scene.run(Part(BTC, DataKind.CANDLES, Window(ORIGIN, ORIGIN + HOUR)))


async def test_quotes_come_page_by_page_in_steps_of_months(tmp_path: Path) -> None:
    history = FakeQuoteHistory()
    scene = Scene(tmp_path, FakeSource(quote_history=history))
    await scene.fakes.instruments.list_instrument(listing())

    parts = await scene.parts(ORIGIN - 100 * DAY, ORIGIN, kind=DataKind.QUOTES)
    outcome, reached = await scene.run(Part(BTC, DataKind.QUOTES, Window(ORIGIN, ORIGIN + 5.5 * HOUR)))

    assert spans(parts) == [(ORIGIN - 100 * DAY, ORIGIN - 10 * DAY, False), (ORIGIN - 10 * DAY, ORIGIN, False)]
    assert outcome == Outcome(stored=6)
    assert [delivery.lease for delivery in scene.fakes.quotes.deliveries] == [Lease("job/1/0", 3)] * 2
    assert reached == sorted(reached)
    assert len(scene.fakes.raw.payloads) == len(history.asked)


async def test_a_page_of_the_past_without_a_quote_that_can_be_read_is_no_success(tmp_path: Path) -> None:
    class Odd(FakeQuoteHistory):
        def read(self, instrument: Instrument, payload: Payload) -> Fetched[QuoteLines]:  # noqa: ARG002
            return Fetched(QuoteLines([], [Rejected(1, "oh", "it is no price")]), None)

    scene = Scene(tmp_path, FakeSource(quote_history=Odd()))
    await scene.fakes.instruments.list_instrument(listing())

    with pytest.raises(MalformedPayload, match="none of its 1 rows is a quote: it is no price"):
        await scene.run(Part(BTC, DataKind.QUOTES, Window(ORIGIN, ORIGIN + HOUR)))

    assert [delivery.lines.rejected for delivery in scene.fakes.quotes.deliveries] != []


async def test_a_source_says_how_much_a_step_of_quotes_has(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakeSource(quote_history=FakeQuoteHistory(), quote_reach=400 * DAY))
    await scene.fakes.instruments.list_instrument(listing())
    parts = await scene.parts(ORIGIN - 100 * DAY, ORIGIN, kind=DataKind.QUOTES)
    assert spans(parts) == [(ORIGIN - 100 * DAY, ORIGIN, False)]


async def test_a_complete_answer_of_quotes_is_not_asked_for_more(tmp_path: Path) -> None:
    class Whole(FakeQuoteHistory):
        def read(self, instrument: Instrument, payload: Payload) -> Fetched[QuoteLines]:
            return replace(super().read(instrument, payload), complete=True)

    history = Whole()
    scene = Scene(tmp_path, FakeSource(quote_history=history))
    await scene.fakes.instruments.list_instrument(listing())
    await scene.run(Part(BTC, DataKind.QUOTES, Window(ORIGIN, ORIGIN + 48 * HOUR)))
    assert len(history.asked) == 1


async def test_days_are_one_step_and_come_page_by_page(tmp_path: Path) -> None:
    factor = Factor(ORIGIN.date(), Decimal(1), Decimal(2))
    history = FakeDayHistory((ORIGIN + 5 * DAY).date(), factors=[factor], rejected=[Rejected(9, "?", "no day")])
    scene = Scene(tmp_path, FakeSource(days=history))
    await scene.fakes.instruments.list_instrument(listing())

    window = Window(ORIGIN - 2 * HOUR, ORIGIN + 5 * DAY)
    parts = await scene.parts(ORIGIN - 300 * DAY, NOW, kind=DataKind.DAYS)
    outcome, reached = await scene.run(Part(BTC, DataKind.DAYS, window))

    assert spans(parts) == [(ORIGIN - 300 * DAY, NOW, False)]
    delivered = scene.fakes.days.deliveries
    assert [[day.day.day for day in delivery.lines.candles] for delivery in delivered] == [[8, 9], [10, 11, 12]]
    assert outcome == Outcome(stored=7, dead=2)
    assert {(each.lease, each.raw_id is not None, each.lines.factors[0]) for each in delivered} == {
        (Lease("job/1/0", 3), True, factor)
    }
    assert len(scene.fakes.raw.payloads) == len(history.asked) == 2
    assert reached[-1] == 1.0
    assert scene.fakes.gaps.published == {}, "a row that was no day may be any of them"


async def test_a_complete_answer_of_days_is_not_asked_for_more(tmp_path: Path) -> None:
    history = FakeDayHistory((ORIGIN + 50 * DAY).date(), complete=True)
    scene = Scene(tmp_path, FakeSource(days=history))
    await scene.fakes.instruments.list_instrument(listing())
    outcome, _ = await scene.run(Part(BTC, DataKind.DAYS, Window(ORIGIN, ORIGIN + 20 * DAY)))
    assert (outcome, len(history.asked)) == (Outcome(stored=3), 1)
    assert scene.fakes.gaps.published == {1: [Window(ORIGIN, ORIGIN + 3 * DAY)]}


async def test_an_answer_without_a_day_that_can_be_read_is_no_success(tmp_path: Path) -> None:
    history = FakeDayHistory((ORIGIN - DAY).date(), rejected=[Rejected(1, "oh", "it is no price")])
    scene = Scene(tmp_path, FakeSource(days=history))
    await scene.fakes.instruments.list_instrument(listing())
    with pytest.raises(MalformedPayload, match="none of its 1 rows is a day: it is no price"):
        await scene.run(Part(BTC, DataKind.DAYS, Window(ORIGIN, ORIGIN + DAY)))
    assert [delivery.lines.rejected for delivery in scene.fakes.days.deliveries] != []


async def test_a_window_that_was_fetched_is_covered_up_to_what_a_history_may_not_have_yet(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakeSource(shelf=None))
    await scene.fakes.instruments.list_instrument(listing())
    [part] = await scene.parts(NOW - HOUR, NOW + HOUR)
    await scene.run(part)

    assert scene.fakes.gaps.covered == {1: [Window(NOW - HOUR, NOW - timedelta(seconds=10))]}


async def test_holes_in_the_ids_of_a_history_are_gaps_and_fail_no_step(tmp_path: Path) -> None:
    """A quirk of venues: ids that are nowhere."""
    gone = frozenset({7, 8, 9, 10, 11, 200})
    scene = Scene(tmp_path, FakeSource(trades=FakeHistory(last=5_000, gone=gone), shelf=None))
    await scene.fakes.instruments.list_instrument(listing())
    [part] = await scene.parts(ORIGIN, ORIGIN + HOUR)
    await scene.run(part)

    assert scene.fakes.gaps.told == [("MISSING_SEQUENCES", "OPEN", 7, 11), ("MISSING_SEQUENCES", "OPEN", 200, 200)]


async def test_a_hole_outside_the_window_is_none_of_the_step(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakeSource(trades=FakeHistory(last=5_000, gone=frozenset({3_605})), shelf=None))
    await scene.fakes.instruments.list_instrument(listing())
    [part] = await scene.parts(ORIGIN, ORIGIN + HOUR)
    await scene.run(part)

    assert scene.fakes.gaps.told == []
