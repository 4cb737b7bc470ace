"""Series of event bars for tests: built through the store, and what they must be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from candlewick.bars.builder import BarBuilder
from candlewick.bars.rows import new_bars, open_bar
from candlewick.domain.bar import BarMeasure, BarRule, EventBarSpec, Expectation
from candlewick.domain.bar_series import Bar, BarQuery, BuildBarsRequest, NewBar
from candlewick.domain.batch import TradeBatch
from candlewick.domain.candle import CandleStatus
from candlewick.domain.job import JobId, JobKind, Lease, Step, StepRef, WorkQueue
from candlewick.domain.market import Instrument, Trade
from candlewick.pipeline.bar_building import BarBuilding
from candlewick.storage.bars import Bars
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.jobs import Jobs
from candlewick.storage.leases import StoredLeases
from markets import FrozenClock
from working import HOUR, unique

TICKS = EventBarSpec(BarMeasure.TICK, Decimal(3))
VOLUME = EventBarSpec(BarMeasure.VOLUME, Decimal(5))
SPLIT = EventBarSpec(BarMeasure.VALUE, Decimal(70), split=True)
FOLLOWING = EventBarSpec(BarMeasure.VOLUME, Decimal(4), BarRule.IMBALANCE, expectation=Expectation(5, 2, 9))
RUNS = EventBarSpec(BarMeasure.TICK, Decimal(3), BarRule.RUNS)
SPECS = (TICKS, VOLUME, SPLIT, FOLLOWING, RUNS)
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class BuiltBar:
    """A bar without what depends on when it was built."""

    times: tuple[datetime, datetime]
    prices: tuple[Decimal, Decimal, Decimal, Decimal]
    sums: tuple[Decimal, Decimal, Decimal]
    counts: tuple[int, int, int]
    complete: bool


def expected_bars(spec: EventBarSpec, trades: Iterable[Trade]) -> list[BuiltBar]:
    """By the pure builder, all trades at once in order of sequence, the unfinished bar last."""
    builder = BarBuilder(spec)
    ordered = sorted(trades, key=lambda trade: trade.sequence)
    columns = builder.take(TradeBatch.of(ordered)) if ordered else []
    full = [_of_new(bar, complete=True) for each in columns for bar in new_bars(each)]
    rest = builder.state.open
    return full if rest is None else [*full, _of_new(open_bar(rest), complete=False)]


def _of_new(bar: NewBar, *, complete: bool) -> BuiltBar:
    return BuiltBar(
        (bar.open_time, bar.close_time),
        (bar.open, bar.high, bar.low, bar.close),
        (bar.volume, bar.quote_volume, bar.taker_buy_volume),
        (bar.trade_count, bar.first_sequence, bar.last_sequence),
        complete,
    )


def _of_read(bar: Bar) -> BuiltBar:
    return BuiltBar(
        (bar.open_time, bar.close_time),
        (Decimal(bar.open), Decimal(bar.high), Decimal(bar.low), Decimal(bar.close)),
        (Decimal(bar.volume), Decimal(bar.quote_volume), Decimal(bar.taker_buy_volume)),
        (bar.trade_count, bar.first_sequence, bar.last_sequence),
        bar.status is not CandleStatus.PROVISIONAL,
    )


async def read(database: Database, instrument: Instrument, spec: EventBarSpec) -> Sequence[Bar]:
    page = (await Bars(database).read([instrument.id], BarQuery(spec, _MOST, newest=False)))[instrument.id]
    assert not page.more
    return page.rows


async def stored_bars(database: Database, instrument: Instrument, spec: EventBarSpec) -> list[BuiltBar]:
    """As they are read, in order of number."""
    rows = sorted(await read(database, instrument, spec), key=lambda bar: bar.number)
    assert [bar.number for bar in rows] == list(range(len(rows)))
    return [_of_read(bar) for bar in rows]


def building(database: Database, at_once: int = 1_000, most_bars: int = _MOST) -> BarBuilding:
    return BarBuilding(
        Instruments(database), Bars(database), Jobs(database), FrozenClock(), at_once=at_once, most_bars=most_bars
    )


async def new_step(
    database: Database,
    instrument: Instrument,
    spec: EventBarSpec,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    restart: bool = False,
    job: int = 1,
) -> Step:
    """A step as a worker claims it."""
    lease = await StoredLeases(database).acquire(unique("bars"), "worker", HOUR)
    assert isinstance(lease, Lease)
    arguments = {
        "instrument": str(instrument.key),
        "spec": str(spec),
        "from": start and start.isoformat(),
        "to": end and end.isoformat(),
        "restart": restart,
    }
    return Step(StepRef(JobId(job), 1, 1, WorkQueue.CPU), JobKind.BUILD_BARS, "bars", arguments, lease)


async def build(
    database: Database,
    instrument: Instrument,
    spec: EventBarSpec,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    at_once: int = 1_000,
    restart: bool = False,
    job: int = 1,
) -> int:
    """As a worker does it; how many bars were new."""
    step = await new_step(database, instrument, spec, start, end, restart=restart, job=job)
    return (await building(database, at_once).run(step, lambda _, __: None)).stored


async def carry_on(database: Database, instrument: Instrument, at_once: int = 1_000) -> None:
    """What workers do for it, round after round, whatever other tests left behind."""
    store = Bars(database)
    for series in (await store.series([instrument.id]))[instrument.id]:
        while series.id in await store.behind(_MOST):
            await building(database, at_once).carry_on_one(series.id)


def request(instrument: Instrument, spec: EventBarSpec) -> BuildBarsRequest:
    return BuildBarsRequest([instrument.key], spec)
