"""The contract of backtests: what is run on stored candles, what is kept of it, and that it is the same again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from candlewick.domain.backtest import (
    ENGINE,
    AccountRules,
    AtEnd,
    Backtest,
    BacktestFilter,
    BacktestRequest,
    BacktestResult,
    BacktestSummary,
    Direction,
    Sizing,
    SizingKind,
    StrategyChoice,
)
from candlewick.domain.day import Adjustment, DayCandle, DayLines, Factor
from candlewick.domain.errors import (
    CandlesChanging,
    InvalidBacktest,
    InvalidRange,
    LeaseLost,
    TooFewCandles,
    UnknownInstrument,
    UnknownStrategy,
)
from candlewick.domain.hours import TimeBar
from candlewick.domain.interval import Duration, Interval
from candlewick.domain.job import JobStatus, StepProgress, WorkQueue
from candlewick.domain.market import Instrument, InstrumentKey
from candlewick.domain.time import Window
from candlewick.pipeline.backtesting import Backtesting
from candlewick.pipeline.tapes import TRIES, Tapes
from candlewick.ports import DayDelivery
from candlewick.storage.backtests import StoredBacktests
from candlewick.storage.candles import Candles
from candlewick.storage.commit_log import StoredCommits
from candlewick.storage.days import Days
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.jobs import Jobs
from markets import LATER, FrozenClock, new_instrument
from unit.backtest.days import apple, apple_factors
from unit.backtest.independent import play, wishes
from working import EVERYTHING, HOUR

FIRST = date(2020, 1, 1)
DAY = timedelta(days=1)
D1 = TimeBar(Interval.D1.duration)
CROSS = StrategyChoice("sma_cross", {"fast": 3, "slow": 8})
RULES = AccountRules(direction=Direction.BOTH)


def closes(count: int, seed: int = 5) -> list[Decimal]:
    random = np.random.default_rng(seed)
    return [Decimal(int(each)) / 4 for each in 400 + np.cumsum(random.integers(-9, 10, count))]


async def put(
    database: Database, instrument: Instrument, prices: Sequence[Decimal], factors: Iterable[Factor] = ()
) -> None:
    days = [DayCandle(FIRST + number * DAY, price, price, price, price) for number, price in enumerate(prices)]
    await Days(database).put(DayDelivery(instrument, "test", DayLines(days, list(factors)), LATER))


def desk(database: Database, page: int = 50, **parts: Any) -> Backtesting:
    clock = FrozenClock()
    candles = parts.get("candles", Candles(database, clock))
    tapes = Tapes(candles, Days(database), StoredCommits(database), page)
    return Backtesting(Instruments(database), tapes, StoredBacktests(database), Jobs(database), clock)


def request(instrument: Instrument | InstrumentKey, start: int = 20, end: int = 220, **changes: Any) -> BacktestRequest:
    key = instrument.key if isinstance(instrument, Instrument) else instrument
    begin = datetime.combine(FIRST, datetime.min.time(), UTC)
    made = BacktestRequest([key], D1, Window(begin + start * DAY, begin + end * DAY), CROSS, RULES)
    return replace(made, **changes)


async def run(database: Database, asked: BacktestRequest, page: int = 50) -> tuple[Backtest, BacktestResult]:
    return await desk(database, page).run(asked, asked.instruments[0])


async def test_what_was_run_is_kept_to_the_last_digit(database: Database) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, closes(300))
    asked = request(instrument, rules=replace(RULES, at_end=AtEnd.HOLD, sizing=Sizing(SizingKind.CASH, Decimal(900))))
    kept, result = await run(database, asked)
    store = StoredBacktests(database)
    assert await store.by_ids([kept.id]) == {kept.id: kept}
    assert kept.request == asked
    assert (kept.engine, kept.revision, kept.job_id, kept.instrument_id) == (ENGINE, 1, None, instrument.id)
    for name in BacktestSummary.__dataclass_fields__:
        assert getattr(kept.summary, name) == getattr(result, name)
    assert (await store.curves([kept.id]))[kept.id] == result.equity
    trades = await store.trades(kept.id, 500, None)
    assert (list(trades.rows), trades.more) == (list(result.trades), False)
    assert trades.rows[-1].exit is None
    assert len(result.equity) == result.candles == 200


async def test_enough_is_read_before_the_range_that_its_first_candle_can_decide(database: Database) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, closes(100))
    whole, _ = await run(database, request(instrument, 20, 90))
    assert (whole.summary.warm_up, whole.summary.idle, whole.summary.candles) == (7, 0, 70)
    young, _ = await run(database, request(instrument, 4, 90))
    assert (young.summary.warm_up, young.summary.idle, young.summary.candles) == (4, 3, 86)


@pytest.mark.parametrize("page", [1, 3, 7, 200, 20_000])
async def test_pages_make_no_difference(database: Database, page: int) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, closes(60))
    _, expected = await run(database, request(instrument, 20, 60), 1000)
    _, found = await run(database, request(instrument, 20, 60), page)
    assert found == expected


async def test_run_again_on_the_same_revision_it_comes_to_the_same(database: Database) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, closes(120))
    first, one = await run(database, request(instrument, 20, 120))
    again, other = await run(database, request(instrument, 20, 120))
    assert (first.revision, one) == (again.revision, other)
    await put(database, instrument, [*closes(120)[:70], *closes(50, seed=6)])
    changed, third = await run(database, request(instrument, 20, 120))
    assert (changed.revision, changed.summary.digest == first.summary.digest) == (2, False)
    assert third.equity != one.equity


async def test_a_split_is_in_the_prices_that_are_decided_by_and_paid(database: Database) -> None:
    prices = closes(120)
    smooth, split = await new_instrument(database), await new_instrument(database)
    await put(database, smooth, prices)
    raw = [price * 4 if number < 60 else price for number, price in enumerate(prices)]
    factor = Factor(FIRST + 59 * DAY, Decimal(1), Decimal("0.25"))
    await put(database, split, raw, [factor])
    for strategy in (CROSS, StrategyChoice("buy_and_hold", {})):
        _, expected = await run(database, request(smooth, 20, 120, strategy=strategy))
        _, found = await run(database, request(split, 20, 120, strategy=strategy))
        assert (found.trades, found.equity, found.statistics) == (
            expected.trades, expected.equity, expected.statistics,
        )  # fmt: skip
        _, crashed = await run(database, request(split, 20, 120, strategy=strategy, adjustment=Adjustment.NONE))
        assert crashed.equity != expected.equity


async def test_any_width_will_do_where_there_are_no_splits(database: Database) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, closes(120))
    kept, result = await run(database, request(instrument, 0, 120, bar=TimeBar(Duration.parse("P3D"))))
    assert result.candles == 40
    assert kept.request.bar.every == Duration.parse("P3D")


async def test_candles_that_are_open_still_are_left_out(database: Database) -> None:
    instrument = await new_instrument(database)
    days = [DayCandle((LATER + number * DAY).date(), *[Decimal(5 + number % 3)] * 4) for number in range(-30, 1)]
    await Days(database).put(DayDelivery(instrument, "test", DayLines(days), LATER))
    window = Window(LATER - 30 * DAY, LATER + 30 * DAY)
    _, result = await run(database, request(instrument, window=window))
    assert (result.candles, result.last) == (29, LATER - DAY)  # a trade of the last day may still come in


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"strategy": StrategyChoice("moon", {})}, UnknownStrategy, "there is no strategy 'moon'"),
        ({"instruments": [InstrumentKey.parse("test:NO-USD")]}, UnknownInstrument, "no instrument 'test:NO-USD'"),
        ({"window": Window(LATER, LATER + DAY)}, InvalidRange, "is still to come"),
        ({"window": Window(LATER - 2 * DAY, LATER)}, InvalidBacktest, "range has no closed candle of"),
        ({"strategy": StrategyChoice("sma_cross", {"slow": 80})}, TooFewCandles, "takes 80 candles .* there are 40"),
    ],
)
async def test_what_cannot_be_run_says_why(
    database: Database, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, closes(40))
    with pytest.raises(error, match=message):
        await run(database, request(instrument, 20, 40, **changes))


class Restless:
    """Candles of which one changes whenever they are read, so many times."""

    def __init__(self, database: Database, instrument: Instrument, times: int) -> None:
        self.candles, self.database, self.instrument, self.left = (
            Candles(database, FrozenClock()), database, instrument, times,
        )  # fmt: skip

    async def ruler(self, bar: TimeBar) -> Any:
        return await self.candles.ruler(bar)

    async def read_columns(self, *arguments: Any) -> Any:
        found = await self.candles.read_columns(*arguments)
        if self.left:
            self.left -= 1
            await put(self.database, self.instrument, [*closes(59), Decimal(1000 + self.left)])
        return found


async def test_candles_that_change_while_they_are_read_are_read_again(database: Database) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, closes(60))
    asked, restless = request(instrument, 20, 60), Restless(database, instrument, 2)
    kept, result = await desk(database, 1000, candles=restless).run(asked, instrument.key)
    assert kept.revision == 3
    assert result == (await run(database, asked))[1]
    never = Restless(database, instrument, 10 * TRIES)
    with pytest.raises(CandlesChanging):
        await desk(database, 1000, candles=never).run(asked, instrument.key)


async def test_a_change_outside_the_range_does_not_matter(database: Database) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, closes(60))
    restless = Restless(database, instrument, 100)
    kept, _ = await desk(database, 1000, candles=restless).run(request(instrument, 20, 50), instrument.key)
    assert kept.revision == 1


async def test_a_job_has_a_step_and_a_result_for_each_instrument(database: Database) -> None:
    instruments = [await new_instrument(database) for _ in range(2)]
    for number, instrument in enumerate(instruments):
        await put(database, instrument, closes(60, seed=number))
    asked = request(instruments[0], 20, 60, instruments=[each.key for each in instruments])
    job = await desk(database).submit(asked, idempotency_key=None, requested_by="test")
    done: list[float] = []
    for ref in [ref for ref in await Jobs(database).due(WorkQueue.CPU, EVERYTHING) if ref.job_id == job.id]:
        step = await Jobs(database).claim(ref, "worker", HOUR)
        assert step is not None
        for _ in range(2):  # done twice it is kept once
            outcome = await desk(database).step(step, lambda _, part: done.append(part))
            assert outcome.stored == 1
        await Jobs(database).complete(step.lease, StepProgress(1.0, 1))
        with pytest.raises(LeaseLost):
            await desk(database).step(step, lambda *_: None)
    finished = await Jobs(database).job(job.id)
    assert finished is not None
    assert finished.status is JobStatus.SUCCEEDED
    results = (await StoredBacktests(database).of_jobs([job.id]))[job.id]
    assert [each.instrument_id for each in results] == [each.id for each in instruments]
    assert done[-1] == 1.0


async def test_lists_go_both_ways(database: Database) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, closes(60))
    made = [(await run(database, request(instrument, 20, 60)))[0].id for _ in range(3)]
    hold = request(instrument, 20, 60, strategy=StrategyChoice("buy_and_hold", {}))
    held = (await run(database, hold))[0].id
    store, where = StoredBacktests(database), BacktestFilter(instrument.key)
    assert [each.id for each in (await store.backtests(where, 10, None)).rows] == [held, *made[::-1]]
    newest = await store.backtests(replace(where, strategy="sma_cross"), 2, None)
    assert ([each.id for each in newest.rows], newest.more) == ([made[2], made[1]], True)
    rest = await store.backtests(where, 2, made[2])
    assert ([each.id for each in rest.rows], rest.more) == ([made[1], made[0]], False)
    oldest = await store.backtests(where, 2, None, held, backwards=True)
    assert [each.id for each in oldest.rows] == []
    last = await store.backtests(where, 2, None, backwards=True)
    assert ([each.id for each in last.rows], last.more) == ([made[1], made[0]], True)


async def test_trades_go_both_ways(database: Database) -> None:
    instrument = await new_instrument(database)
    await put(database, instrument, closes(200))
    kept, result = await run(database, request(instrument, 20, 200))
    store, count = StoredBacktests(database), len(result.trades)
    assert count > 4
    page = await store.trades(kept.id, 2, 1)
    assert ([each.number for each in page.rows], page.more) == ([2, 3], True)
    end = await store.trades(kept.id, 2, None, backwards=True)
    assert ([each.number for each in end.rows], end.more) == ([count - 1, count], True)
    before = await store.trades(kept.id, 5, None, 3)
    assert [each.number for each in before.rows] == [1, 2]


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["sma_cross", "donchian_breakout", "buy_and_hold"])
async def test_stored_days_of_apple_come_to_what_an_independent_computation_does(database: Database, name: str) -> None:
    """Raw days and factors go in; what is decided and paid is adjusted for its four splits, to the last digit."""
    instrument = await new_instrument(database)
    dates, raw = apple(adjusted=False)
    lines = [DayCandle(day, each.open, each.high, each.low, each.close) for day, each in zip(dates, raw, strict=True)]
    await Days(database).put(DayDelivery(instrument, "test", DayLines(lines, apple_factors()), LATER))
    window = Window(datetime(1998, 1, 1, tzinfo=UTC), datetime(2021, 4, 1, tzinfo=UTC))
    asked = request(instrument, window=window, strategy=StrategyChoice(name, {}))
    _, result = await run(database, asked, 2_000)
    _, days = apple()
    wish = wishes(days, result.idle)[name]
    book = play(
        days, 0, lambda at, before: wish(at, before) if at >= result.idle else 0,
        RULES.capital, RULES.fee, RULES.slippage, RULES.lot,
    )  # fmt: skip
    fills = [fill for each in result.trades for fill in (each.entry, each.exit) if fill]
    assert [(fill.candle, fill.quantity, fill.price, fill.fee) for fill in fills] == book.fills
    assert result.statistics.final_equity == book.equity[-1]
    assert result.statistics.max_drawdown == pytest.approx(float(book.drawdown(RULES.capital)), abs=1e-12)
