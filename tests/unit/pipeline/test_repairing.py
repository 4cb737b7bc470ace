"""Repair jobs: what a feed left open is asked for again, a stated number of times."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from binance_files import DAY, NAME, trade_lines, write_zip
from candlewick.domain.errors import RateLimited, SourceRefused, SourceUnavailable, UnknownInstrument
from candlewick.domain.gap import Gap, GapEvidence, GapState, NewGap
from candlewick.domain.job import JobId, JobKind, Lease, NewJob, Step, StepRef
from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.domain.time import Window
from candlewick.pipeline.backfill import Backfill
from candlewick.pipeline.repairing import GapRepair
from candlewick.pipeline.retrying import BY_ARCHIVE, BY_HISTORY
from candlewick.ports import Outcome
from candlewick.providers.binance.archive import BinanceArchives
from markets import FrozenClock
from unit.pipeline.fakes import FakeStores
from unit.pipeline.sources import BTC, ORIGIN, FakeHistory, FakeShelf, FakeSource, listing, trade
from unit.pipeline.test_backfill import FakeJobs

ONE = InstrumentId(1)
NOW = ORIGIN + timedelta(hours=3)
LEASE = Lease("job/1/1", 3)


class Scene:
    """One instrument's gaps over fakes."""

    def __init__(self, folder: Path, source: FakeSource) -> None:
        self.fakes, self.jobs, self.clock, self.source = FakeStores(), FakeJobs(), FrozenClock(NOW), source
        jobs: Any = self.jobs
        sources, stores = {"binance": source}, self.fakes.stores()
        backfill = Backfill(sources, stores, jobs, self.clock, folder / "downloads")
        self.repair = GapRepair(sources, stores, jobs, backfill, self.clock)

    async def leave(self, first: int, last: int, evidence: GapEvidence = GapEvidence.MISSING_SEQUENCES) -> None:
        """A gap of these trades."""
        await self.fakes.gaps.record([NewGap(ONE, "binance", evidence, *spanned(first, last))], now=self.clock.now())

    async def run(self, key: InstrumentKey = BTC) -> Outcome:
        arguments = {"instrument": str(key)}
        step = Step(StepRef(JobId(1), 1, 1), JobKind.REPAIR, "gaps", arguments, LEASE)
        return await self.repair.run(step, lambda *_: None)

    @property
    def only(self) -> Gap:
        (gap,) = self.fakes.gaps.rows.values()
        return gap

    @property
    def stored(self) -> list[int]:
        return sorted(sequence for _, sequence in self.fakes.trades.kept)


def spanned(first: int, last: int) -> tuple[Window, int, int]:
    return Window(trade(first - 1).ts, trade(last + 1).ts), first, last


@pytest.fixture
async def scene(tmp_path: Path) -> Scene:
    made = Scene(tmp_path, FakeSource(trades=FakeHistory(last=100), shelf=None))
    await made.fakes.instruments.list_instrument(listing())
    return made


async def test_a_job_is_made_for_each_instrument_with_gaps_and_never_overlaps(scene: Scene, monkeypatch: Any) -> None:
    await scene.leave(5, 9)
    scene.fakes.instruments.by_ids = by_ids(scene)  # type: ignore[method-assign]

    assert await scene.repair.submit() == 1
    [new] = scene.jobs.submitted
    assert isinstance(new, NewJob)
    assert (new.kind, new.exclusive) == (JobKind.REPAIR, f"repair/{BTC}")
    assert [step.arguments for step in new.steps] == [{"instrument": str(BTC)}]


def by_ids(scene: Scene) -> Any:
    async def found(ids: Any) -> Any:
        return {each.id: each for each in scene.fakes.instruments.listed.values() if each.id in ids}

    return found


async def test_what_the_history_has_is_repaired(scene: Scene) -> None:
    await scene.leave(5, 29)

    assert await scene.run() == Outcome(stored=25)
    assert scene.stored == list(range(5, 30))
    assert [state for _, state in scene.fakes.gaps.states] == [GapState.OPEN, GapState.REPAIRING, GapState.REPAIRED]
    assert scene.fakes.trades.leases == {LEASE}


async def test_a_gap_of_which_only_the_time_is_known_is_fetched_by_it(scene: Scene) -> None:
    silent = NewGap(ONE, "binance", GapEvidence.SILENCE, Window(trade(5).ts, trade(10).ts))
    await scene.fakes.gaps.record([silent], now=NOW)
    await scene.run()

    assert scene.stored == [5, 6, 7, 8, 9]
    assert scene.only.state is GapState.REPAIRED


async def test_what_the_history_has_none_of_is_tried_at_stated_times_and_then_given_up(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakeSource(trades=FakeHistory(last=100, gone=frozenset({5, 6})), shelf=None))
    await scene.fakes.instruments.list_instrument(listing())
    await scene.leave(5, 6)
    waits = []
    while scene.only.state is not GapState.UNREPAIRABLE:
        await scene.run()
        if scene.only.retry_at is not None:
            waits.append(scene.only.retry_at - scene.only.detected_at)
            scene.clock.moment = scene.only.retry_at

    assert waits == list(BY_HISTORY)
    assert scene.only.reason == (
        "binance has none of these trades, though it has later ones, asked 4 times since 2024-08-08 03:00:00 UTC"
    )
    assert scene.stored == []


async def test_before_it_is_given_up_the_archives_of_the_day_are_looked_into(tmp_path: Path) -> None:
    history, archives = FakeHistory(last=100, gone=frozenset({5, 6})), BinanceArchives(FrozenClock())
    source = FakeSource(trades=history, shelf=FakeShelf(), archive_files=archives)
    scene = Scene(tmp_path, source)
    await scene.fakes.instruments.list_instrument(listing())
    await scene.leave(5, 6)
    while scene.only.state is not GapState.UNREPAIRABLE:
        await scene.run()
        scene.clock.moment = scene.only.retry_at or scene.clock.moment

    assert scene.clock.moment == NOW + BY_ARCHIVE[-1]
    assert source.shelf is not None
    assert source.shelf.fetched == [Window(ORIGIN, ORIGIN + timedelta(days=1))] * len(BY_ARCHIVE)


async def test_without_a_history_the_archive_is_imported(tmp_path: Path) -> None:
    path = write_zip(tmp_path / NAME, trade_lines(200))
    shelf = FakeShelf({DAY: path})
    clock = FrozenClock(DAY + timedelta(days=2))
    scene = Scene(tmp_path, FakeSource(trades=None, shelf=shelf, archive_files=BinanceArchives(clock)))
    scene.clock.moment = clock.moment
    await scene.fakes.instruments.list_instrument(listing())
    gap = NewGap(ONE, "binance", GapEvidence.DISCONNECTED, Window(DAY + timedelta(hours=1), DAY + timedelta(hours=2)))
    await scene.fakes.gaps.record([gap], now=clock.moment)

    assert (await scene.run()).stored == 200
    assert scene.only.state is GapState.REPAIRED


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (SourceUnavailable("binance", "it is away"), timedelta(minutes=1)),
        (RateLimited("binance", "too often", 600), timedelta(minutes=10)),
        (RateLimited("binance", "banned", 86_400), timedelta(hours=1)),
    ],
)
async def test_a_source_that_is_away_is_asked_later_and_that_is_no_try(
    tmp_path: Path, error: SourceUnavailable, wait: timedelta
) -> None:
    scene = Scene(tmp_path, FakeSource(trades=FakeHistory(last=100, failures=[error]), shelf=None))
    await scene.fakes.instruments.list_instrument(listing())
    await scene.leave(5, 6)

    assert await scene.run() == Outcome()
    assert (scene.only.state, scene.only.tries, scene.only.retry_at) == (GapState.OPEN, 0, NOW + wait)
    assert scene.only.reason == str(error)


async def test_a_source_that_refuses_has_been_tried(tmp_path: Path) -> None:
    refused = SourceRefused("binance", 400, "Invalid symbol.")
    scene = Scene(tmp_path, FakeSource(trades=FakeHistory(last=100, failures=[refused]), shelf=None))
    await scene.fakes.instruments.list_instrument(listing())
    await scene.leave(5, 6)
    await scene.run()

    assert (scene.only.state, scene.only.tries, scene.only.reason) == (GapState.OPEN, 1, str(refused))


async def test_done_twice_it_does_nothing_more(scene: Scene) -> None:
    await scene.leave(5, 9)
    await scene.run()
    before = list(scene.fakes.gaps.states)

    assert await scene.run() == Outcome()
    assert scene.fakes.gaps.states == before


async def test_gaps_of_nobody_are_refused(scene: Scene) -> None:
    with pytest.raises(UnknownInstrument):
        await scene.run(InstrumentKey("binance", "NO", "BODY"))


async def test_gaps_of_one_day_share_its_archive(tmp_path: Path) -> None:
    path, shelf = write_zip(tmp_path / NAME, trade_lines(200)), FakeShelf()
    shelf.files = {DAY: path}
    scene = Scene(tmp_path, FakeSource(trades=None, shelf=shelf, archive_files=BinanceArchives(FrozenClock())))
    scene.clock.moment = DAY + timedelta(days=2)
    await scene.fakes.instruments.list_instrument(listing())
    for hour in (1, 5):
        span = Window(DAY + timedelta(hours=hour), DAY + timedelta(hours=hour + 1))
        await scene.fakes.gaps.record([NewGap(ONE, "binance", GapEvidence.DISCONNECTED, span)], now=scene.clock.moment)
    await scene.run()

    assert len(shelf.fetched) == 1
    assert {gap.state for gap in scene.fakes.gaps.rows.values()} == {GapState.REPAIRED}


async def test_what_nobody_expected_is_not_tried_every_minute(tmp_path: Path) -> None:
    scene = Scene(tmp_path, FakeSource(trades=FakeHistory(last=100, failures=[KeyError("a bug")]), shelf=None))
    await scene.fakes.instruments.list_instrument(listing())
    await scene.leave(5, 6)
    with pytest.raises(KeyError):
        await scene.run()

    assert (scene.only.state, scene.only.tries, scene.only.retry_at) == (GapState.OPEN, 0, NOW + timedelta(hours=1))
    assert scene.only.reason == "unexpected KeyError"
