"""The venue's REST interface breaks while a backfill asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest

from candlewick.domain.errors import DatabaseFull, DatabaseUnavailable
from candlewick.domain.job import JobStatus
from candlewick.domain.market import DataKind, Instrument
from candlewick.domain.raw import Payload, TradeLines
from candlewick.domain.time import Window
from candlewick.jobs.steps import MOST_FAILURES
from candlewick.ports import Fetched, MarketSource, TradeHistory
from candlewick.providers.simulation.faults import Fault
from candlewick.storage.engine import Database
from candlewick.storage.jobs import Jobs
from integration.faults.backfilling import Backfilling
from integration.faults.venue import letters_about, pages_kept, stored_trades
from integration.faults.wires import PAGE, WIRES, Wire, each
from markets import FrozenClock
from simulated import NOW

RATE = 1
SILENCE = timedelta(seconds=30)
WINDOW = Window(
    NOW.replace(hour=12, minute=0, second=0, microsecond=0), NOW.replace(hour=13, minute=0, second=0, microsecond=0)
)
HOUR = 3_600 * RATE
"""Trades of the window: four pages."""
WHOLE_MINUTES = PAGE - PAGE % (60 * RATE)
"""Of the first page: its last minute waits for the next page."""
FOR_A_WHILE = (Fault.SERVER_ERROR, Fault.HTML, Fault.MALFORMED, Fault.CUT)
REASONS = {
    Fault.SERVER_ERROR: "status 503",
    Fault.HTML: "it sent a web page instead of JSON",
    Fault.MALFORMED: "it sent no JSON",
    Fault.CUT: "RemoteProtocolError",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """An hour of trades to be fetched."""

    backfilling: Backfilling
    clock: FrozenClock
    wire: Wire

    @property
    def numbers(self) -> range:
        first = self.backfilling.venue.market.sequence_at(self.backfilling.venue.key, WINDOW.start)
        return range(first, first + HOUR)

    @property
    def second_page(self) -> str:
        """A pattern of the request for it."""
        return self.wire.page_from(self.numbers.start + PAGE)

    async def is_whole(self) -> bool:
        """Whether every trade of the hour is stored as the market has it, and no other."""
        return await self.stored() == self.backfilling.venue.trades(self.numbers)

    async def stored(self) -> list[object]:
        return list(await stored_trades(self.backfilling.database, self.backfilling.venue.key))


@pytest.fixture(params=WIRES, ids=str)
def wire(request: pytest.FixtureRequest) -> Wire:
    found: Wire = request.param
    return found


@pytest.fixture
async def scene(database: Database, tmp_path: Path, wire: Wire) -> AsyncIterator[Scene]:
    clock = FrozenClock(NOW)
    async with wire.open(wire.market(RATE), clock, SILENCE) as venue:
        yield Scene(await Backfilling.of(venue, database, tmp_path), clock, wire)


@pytest.mark.parametrize("fault", [*FOR_A_WHILE, Fault.TIMEOUT, Fault.RATE_LIMITED])
async def test_what_passes_is_asked_again_and_the_step_ends_whole(scene: Scene, fault: Fault) -> None:
    venue = scene.backfilling.venue
    job_id = await scene.backfilling.submit(WINDOW)
    await venue.order(fault, scene.second_page)

    assert await scene.backfilling.work(job_id) == ["done"]
    assert await venue.struck() == 1
    assert await scene.is_whole()
    assert (await scene.backfilling.job(job_id)).progress.repeated == 0


@pytest.mark.parametrize("fault", FOR_A_WHILE)
async def test_what_lasts_puts_the_step_off_and_what_was_stored_stays(scene: Scene, fault: Fault) -> None:
    job_id = await scene.backfilling.submit(WINDOW)
    await scene.backfilling.venue.order(fault, scene.second_page, count=None)

    assert await scene.backfilling.work(job_id) == ["put off"]
    assert await scene.stored() == scene.backfilling.venue.trades(scene.numbers[:WHOLE_MINUTES])
    assert await scene.backfilling.failures(job_id) == 1
    assert REASONS[fault] in ((await scene.backfilling.job(job_id)).error or "")


async def test_a_step_that_was_put_off_ends_whole_and_stores_nothing_twice(scene: Scene) -> None:
    job_id = await scene.backfilling.submit(WINDOW)
    await scene.backfilling.venue.order(Fault.SERVER_ERROR, scene.second_page, count=None)
    await scene.backfilling.work(job_id)
    await scene.backfilling.venue.heal()

    assert await scene.backfilling.work(job_id) == ["done"]
    assert await scene.is_whole()
    progress = (await scene.backfilling.job(job_id)).progress
    assert (progress.stored, progress.repeated) == (HOUR, WHOLE_MINUTES)


async def test_what_lasts_too_long_fails_the_step_as_a_dead_letter_and_a_retry_makes_it_whole(scene: Scene) -> None:
    job_id = await scene.backfilling.submit(WINDOW)
    await scene.backfilling.venue.order(Fault.SERVER_ERROR, scene.second_page, count=None, status=502)
    ends = []
    for _ in range(MOST_FAILURES):
        ends += await scene.backfilling.work(job_id)
        scene.clock.moment += timedelta(minutes=10)  # longer than a circuit stays open

    assert ends == ["put off"] * (MOST_FAILURES - 1) + ["failed"]
    job = await scene.backfilling.job(job_id)
    assert (job.status, "status 502" in (job.error or "")) == (JobStatus.FAILED, True)
    subject = f"{scene.backfilling.venue.key} trades 2025-03-05T12:00 to 2025-03-05T13:00"
    [(kind, reason, _)] = await letters_about(scene.backfilling.database, subject)
    assert (kind, "status 502" in reason) == ("JOB", True)

    await scene.backfilling.venue.heal()
    await Jobs(scene.backfilling.database).retry(job_id)
    assert await scene.backfilling.work(job_id) == ["done"]
    assert await scene.is_whole()


async def test_an_endpoint_that_keeps_failing_is_left_alone_for_a_while(scene: Scene) -> None:
    job_id = await scene.backfilling.submit(WINDOW)
    await scene.backfilling.venue.order(Fault.SERVER_ERROR, scene.wire.history, count=None)
    for _ in range(3):
        await scene.backfilling.work(job_id)
    struck = await scene.backfilling.venue.struck()
    await scene.backfilling.work(job_id)

    assert await scene.backfilling.venue.struck() == struck
    assert "times in a row" in ((await scene.backfilling.job(job_id)).error or "")


@pytest.mark.parametrize(**each((Fault.BANNED, 3_600), (Fault.RATE_LIMITED, 1_800)))
async def test_a_long_wait_is_kept_by_every_worker_and_the_step_is_due_after_it(
    scene: Scene, fault: Fault, details: int
) -> None:
    job_id = await scene.backfilling.submit(WINDOW)
    await scene.backfilling.venue.order(fault, scene.second_page, seconds=details)

    assert await scene.backfilling.work(job_id) == ["put off"]
    assert scene.backfilling.venue.budget.pauses == [details]
    assert await scene.backfilling.wait(job_id) > timedelta(seconds=details - 300)
    assert await scene.backfilling.work(job_id) == ["done"]
    assert await scene.is_whole()


async def test_trades_that_are_nowhere_are_passed_over(scene: Scene) -> None:
    gone = range(scene.numbers.start + 990, scene.numbers.start + 1_990)
    await scene.backfilling.venue.order_trades(Fault.GONE, first=gone.start, count=len(gone))
    job_id = await scene.backfilling.submit(WINDOW)

    assert await scene.backfilling.work(job_id) == ["done"]
    left = [trade for trade in scene.backfilling.venue.trades(scene.numbers) if trade.sequence not in gone]
    assert await scene.stored() == left


async def test_candles_are_asked_for_again(scene: Scene) -> None:
    job_id = await scene.backfilling.submit(WINDOW, DataKind.CANDLES)
    await scene.backfilling.venue.order(Fault.CUT, scene.wire.candles)

    assert await scene.backfilling.work(job_id) == ["done"]
    assert (await scene.backfilling.job(job_id)).progress.stored == 60


async def test_a_skewed_clock_moves_no_trade(scene: Scene) -> None:
    await scene.backfilling.venue.order(Fault.SKEWED_CLOCK, seconds=-7_200)
    job_id = await scene.backfilling.submit(WINDOW)

    assert await scene.backfilling.work(job_id) == ["done"]
    assert await scene.is_whole()


async def test_what_the_venue_refuses_fails_at_once_with_its_reason(scene: Scene) -> None:
    job_id = await scene.backfilling.submit(WINDOW)
    async with scene.wire.open(scene.wire.market(RATE), scene.clock, SILENCE) as stranger:
        assert await scene.backfilling.work(job_id, stranger.source) == ["failed"]

    job = await scene.backfilling.job(job_id)
    assert (job.status, scene.wire.refusal in (job.error or "")) == (JobStatus.FAILED, True)


@dataclass(frozen=True, slots=True)
class Damaged:
    """A TradeHistory whose pages something damages on their way."""

    history: TradeHistory
    damage: Callable[[bytes], bytes]

    async def start(self, instrument: Instrument, window: Window) -> str | None:
        """See `TradeHistory.start`."""
        return await self.history.start(instrument, window)

    def at(self, sequence: int, since: datetime) -> str:
        """See `TradeHistory.at`."""
        return self.history.at(sequence, since)

    async def page(self, instrument: Instrument, cursor: str) -> Payload:
        """See `TradeHistory.page`."""
        payload = await self.history.page(instrument, cursor)
        return replace(payload, body=self.damage(payload.body))

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[TradeLines]:
        """See `TradeHistory.read`."""
        return self.history.read(instrument, payload)


def damaged(scene: Scene, damage: Callable[[bytes], bytes]) -> MarketSource:
    source = scene.backfilling.venue.source
    assert source.trades is not None
    return replace(source, trades=Damaged(source.trades, damage))


async def test_a_row_that_cannot_be_read_is_a_dead_letter_and_the_rest_goes_in(scene: Scene) -> None:
    venue, database = scene.backfilling.venue, scene.backfilling.database
    job_id = await scene.backfilling.submit(WINDOW)

    def free_of_charge(body: bytes) -> bytes:
        """The oldest trade of a page has a price of zero."""
        rows = orjson.loads(body)
        min(rows, key=lambda row: row[scene.wire.id_field])["price"] = "0.00000000"
        return orjson.dumps(rows)

    assert await scene.backfilling.work(job_id, damaged(scene, free_of_charge)) == ["done"]
    bad = set(scene.numbers[::PAGE])
    assert await scene.stored() == [trade for trade in venue.trades(scene.numbers) if trade.sequence not in bad]
    letters = await letters_about(database, str(venue.key))
    kept = await pages_kept(database, scene.wire.endpoint(venue.symbol))
    assert [(kind, page) for kind, _, page in letters] == [("MALFORMED", page) for page in kept]
    assert all("price" in reason for _, reason, _ in letters)


async def test_an_answer_that_is_no_page_fails_at_once_and_its_bytes_are_kept(scene: Scene) -> None:
    venue = scene.backfilling.venue
    job_id = await scene.backfilling.submit(WINDOW)

    no_page = damaged(scene, lambda _: b'{"closed": "for lunch"}')
    assert await scene.backfilling.work(job_id, no_page) == ["failed"]
    kept = await pages_kept(scene.backfilling.database, scene.wire.endpoint(venue.symbol))
    assert kept == [b'{"closed": "for lunch"}']


@pytest.mark.parametrize("error", [DatabaseUnavailable("db", "gone"), DatabaseFull("no space left on device")])
async def test_a_database_that_goes_away_between_pages_is_waited_for_and_does_not_count(
    scene: Scene, error: Exception
) -> None:
    backfilling = scene.backfilling.with_failing_trades(2, error)
    job_id = await backfilling.submit(WINDOW)

    assert await backfilling.work(job_id) == ["put off"]
    assert await backfilling.failures(job_id) == 0
    assert await backfilling.work(job_id) == ["done"]
    assert await scene.is_whole()
