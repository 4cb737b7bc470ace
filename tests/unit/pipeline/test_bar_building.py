"""Jobs of event bars: what is refused at once, and what becomes of series that cannot go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from candlewick.domain.bar import BarMeasure, BarRule, EventBarSpec, Expectation
from candlewick.domain.bar_series import MOST_SERIES, BarSeries, BuildBarsRequest, SeriesId
from candlewick.domain.batch import TradeBatch
from candlewick.domain.errors import (
    BarsBeginElsewhere,
    EmptyWindow,
    InvalidRange,
    TooManySeries,
    TradesOutOfOrder,
    UnknownInstrument,
)
from candlewick.domain.job import JobKind, NewJob, WorkQueue
from candlewick.domain.market import InstrumentId, InstrumentKey, Side, Trade
from candlewick.pipeline.bar_building import BarBuilding
from candlewick.ports import BarsBuilt, BarTurn
from markets import FrozenClock
from unit.graphql.fakes import FakeInstruments

NOON = datetime(2024, 8, 8, 12, tzinfo=UTC)
BTC, ETH = InstrumentKey("binance", "BTC", "USDT"), InstrumentKey("binance", "ETH", "USDT")
TICKS = EventBarSpec(BarMeasure.TICK, Decimal(2))


class FakeJobs:
    """Keeps what is asked for."""

    def __init__(self) -> None:
        self.made: list[NewJob] = []

    async def submit(self, new: NewJob) -> NewJob:
        self.made.append(new)
        return new


class FakeBars:
    """Series that are behind, and their turns."""

    def __init__(self, *kept: BarSeries) -> None:
        self.kept = kept
        self.turns: dict[SeriesId, list[BarTurn | Exception]] = {}
        self.put_: list[tuple[BarTurn, BarsBuilt | None]] = []
        self.given_up: dict[SeriesId, str] = {}

    async def series(self, ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Sequence[BarSeries]]:
        return {key: [each for each in self.kept if each.instrument_id == key] for key in ids}

    async def behind(self, limit: int) -> Sequence[SeriesId]:
        return list(self.turns)[:limit]

    async def turn(self, series_id: SeriesId, most: int) -> BarTurn | None:  # noqa: ARG002
        if not self.turns[series_id]:
            return None
        found = self.turns[series_id].pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    async def put(self, turn: BarTurn, built: BarsBuilt | None, *, lease: object) -> bool:  # noqa: ARG002
        self.put_.append((turn, built))
        return True

    async def give_up(self, series_id: SeriesId, reason: str) -> None:
        self.given_up[series_id] = reason


def series(number: int = 1, spec: EventBarSpec = TICKS, start: datetime | None = None) -> BarSeries:
    return BarSeries(SeriesId(number), InstrumentId(1), spec, start)


def turn(*trades: Trade, of: BarSeries | None = None, more: bool = False) -> BarTurn:
    batch = TradeBatch.of(list(trades))
    return BarTurn(of or series(), 1, None, 0, 0, batch, 0, 7, NOON if trades else None, more)


def trade(sequence: int) -> Trade:
    return Trade(sequence, Decimal(10), Decimal(1), Side.BUY, NOON + timedelta(seconds=sequence))


class Scene:
    """The use case over fakes."""

    def __init__(self, *kept: BarSeries) -> None:
        self.jobs, self.bars = FakeJobs(), FakeBars(*kept)
        parts: tuple[Any, ...] = (FakeInstruments(), self.bars, self.jobs, FrozenClock())
        self.building = BarBuilding(*parts)

    async def submit(self, request: BuildBarsRequest) -> NewJob:
        made = await self.building.submit(request, idempotency_key="k", requested_by="test")
        return cast("NewJob", made)


async def test_an_instrument_is_a_step_of_those_who_compute() -> None:
    spec = EventBarSpec(BarMeasure.VOLUME, Decimal("7.50"), BarRule.RUNS, expectation=Expectation(20, 10, 100))
    job = await Scene().submit(BuildBarsRequest([BTC, ETH], spec, NOON, NOON + timedelta(days=1)))

    assert (job.kind, job.idempotency_key, job.requested_by) == (JobKind.BUILD_BARS, "k", "test")
    assert [(step.queue, step.arguments["instrument"]) for step in job.steps] == [
        (WorkQueue.CPU, "binance:BTC-USDT"),
        (WorkQueue.CPU, "binance:ETH-USDT"),
    ]
    assert job.steps[0].subject == "VOLUME RUNS bars of 7.5, following the market over 20 bars of binance:BTC-USDT"
    assert job.arguments["window"] == ["2024-08-08T12:00:00+00:00", "2024-08-09T12:00:00+00:00"]


async def test_an_instrument_that_is_not_known_is_named() -> None:
    with pytest.raises(UnknownInstrument, match="binance:NO-SUCH"):
        await Scene().submit(BuildBarsRequest([BTC, InstrumentKey("binance", "NO", "SUCH")], TICKS))


async def test_bars_that_begin_after_now_are_refused() -> None:
    with pytest.raises(InvalidRange):
        await Scene().submit(BuildBarsRequest([BTC], TICKS, FrozenClock().now() + timedelta(days=1)))


def test_a_range_has_its_ends_in_order() -> None:
    with pytest.raises(EmptyWindow):
        BuildBarsRequest([BTC], TICKS, NOON, NOON)


async def test_another_beginning_is_refused_at_once() -> None:
    scene = Scene(series(start=NOON))
    with pytest.raises(BarsBeginElsewhere, match="begin at 2024-08-08 12:00:00"):
        await scene.submit(BuildBarsRequest([BTC], TICKS, NOON - timedelta(days=1)))
    for fine in (
        BuildBarsRequest([BTC], TICKS),
        BuildBarsRequest([BTC], TICKS, NOON),
        BuildBarsRequest([BTC], TICKS, NOON - timedelta(days=1), restart=True),
        BuildBarsRequest([ETH], TICKS, NOON - timedelta(days=1)),
    ):
        await scene.submit(fine)
    assert len(scene.jobs.made) == 4


async def test_an_instrument_has_so_many_series() -> None:
    kept = [series(n, EventBarSpec(BarMeasure.TICK, Decimal(n + 10))) for n in range(MOST_SERIES)]
    scene = Scene(*kept)
    with pytest.raises(TooManySeries):
        await scene.submit(BuildBarsRequest([BTC], TICKS))
    await scene.submit(BuildBarsRequest([BTC], kept[0].spec))


async def test_a_round_takes_each_series_to_its_end() -> None:
    scene, other = Scene(), series(2)
    scene.bars.turns = {
        SeriesId(1): [turn(trade(1), trade(2), more=True), turn()],
        SeriesId(2): [turn(trade(1), of=other)],
    }
    assert await scene.building.is_behind()
    assert await scene.building.carry_on() == 3
    bars = [None if built is None else (len(built.bars), built.open is not None) for _, built in scene.bars.put_]
    assert bars == [(1, False), None, (0, True)]


async def test_a_series_that_cannot_go_on_stops_no_other() -> None:
    scene = Scene()
    scene.bars.turns = {SeriesId(1): [TradesOutOfOrder(3, 7)], SeriesId(2): [turn(trade(1))]}
    assert await scene.building.carry_on() == 1
    assert scene.bars.given_up == {SeriesId(1): str(TradesOutOfOrder(3, 7))}


async def test_too_many_bars_give_a_series_up_with_its_name() -> None:
    scene = Scene()
    parts: tuple[Any, ...] = (FakeInstruments(), scene.bars, scene.jobs, FrozenClock())
    scene.bars.turns = {SeriesId(1): [turn(*map(trade, range(1, 9)))]}
    await BarBuilding(*parts, most_bars=3).carry_on()
    assert "binance:BTC-USDT has more than 3 TICK bars of 2" in scene.bars.given_up[SeriesId(1)]


async def test_a_rewind_to_nothing_clears_what_was_built() -> None:
    scene = Scene()
    scene.bars.turns = {SeriesId(1): [replace(turn(), rewound=True)]}
    await scene.building.carry_on()
    [(_, built)] = scene.bars.put_
    assert built is not None
    assert (built.bars, built.open, built.last_sequence) == ([], None, None)
