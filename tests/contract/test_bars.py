"""The contract of event bars: the same whatever the batches, restarts, and the order in which trades come in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bar_series import SPECS, TICKS, VOLUME, build, building, carry_on, expected_bars, new_step, read, stored_bars
from candlewick.domain.bar import BarMeasure, EventBarSpec
from candlewick.domain.bar_series import BarPosition, BarQuery, BuildBarsRequest
from candlewick.domain.candle import CandleStatus
from candlewick.domain.coverage import Coverage
from candlewick.domain.errors import (
    BarsBeginElsewhere,
    LeaseLost,
    TooManyBarsInSeries,
    TooManySeries,
    TradesNotKept,
    TradesOutOfOrder,
)
from candlewick.domain.market import Instrument, Side, Trade
from candlewick.domain.time import Window
from candlewick.pipeline import bar_building
from candlewick.ports import Delivery, Outcome
from candlewick.storage import bar_series
from candlewick.storage.bars import Bars
from candlewick.storage.engine import Database
from candlewick.storage.leases import StoredLeases
from candlewick.storage.trades import Trades
from markets import delivery, new_instrument

NOON = datetime(2024, 8, 8, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SIDES = tuple(Side)


def some_trades(count: int, seed: int = 1, seconds: int = 7) -> list[Trade]:
    """Of all sides, at prices and of sizes of several scales, a few in each minute."""
    random = Random(seed)
    return [
        Trade(
            number,
            Decimal(random.randint(900, 1100)).scaleb(-random.randint(0, 2)),
            Decimal(random.randint(1, 400)).scaleb(-random.randint(0, 8)),
            random.choice(SIDES),
            NOON + timedelta(seconds=seconds * number, microseconds=random.randint(0, 999_999)),
        )
        for number in range(1, count + 1)
    ]


async def insert(database: Database, instrument: Instrument, trades: Sequence[Trade]) -> None:
    await Trades(database).insert(delivery(instrument, trades))


async def correct(database: Database, instrument: Instrument, window: Window, trades: Sequence[Trade]) -> None:
    async def deliveries() -> AsyncIterator[Delivery]:
        yield delivery(instrument, trades)

    await Trades(database).replace(window, deliveries())


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.words)
async def test_bars_are_those_of_the_pure_builder(database: Database, spec: EventBarSpec) -> None:
    instrument, trades = await new_instrument(database), some_trades(120)
    await insert(database, instrument, trades)

    stored = await build(database, instrument, spec, at_once=17)

    bars = await stored_bars(database, instrument, spec)
    assert bars == expected_bars(spec, trades)
    assert stored == sum(bar.complete for bar in bars)


async def test_batches_change_nothing(database: Database) -> None:
    instrument, trades = await new_instrument(database), some_trades(90)
    await insert(database, instrument, trades)
    found = []
    for job, at_once in enumerate((1, 10, 1_000)):
        await build(database, instrument, VOLUME, at_once=at_once, restart=True, job=job)
        found.append(await read(database, instrument, VOLUME))

    assert found[0] == found[1] == found[2]


async def test_building_again_changes_nothing(database: Database) -> None:
    instrument = await new_instrument(database)
    await insert(database, instrument, some_trades(40))
    await build(database, instrument, TICKS)
    before = await read(database, instrument, TICKS)

    assert await build(database, instrument, TICKS) == 0
    assert await read(database, instrument, TICKS) == before


async def test_a_series_is_carried_on_as_trades_come(database: Database) -> None:
    instrument, trades = await new_instrument(database), some_trades(60)
    await insert(database, instrument, trades[:20])
    await build(database, instrument, TICKS)
    for start in range(20, 60, 3):
        await insert(database, instrument, trades[start : start + 3])
        await carry_on(database, instrument)

    assert await stored_bars(database, instrument, TICKS) == expected_bars(TICKS, trades)


async def test_a_series_stays_behind_until_its_end(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar_building, "MOST_TURNS", 2)
    instrument, store, trades = await new_instrument(database), Bars(database), some_trades(60)
    await insert(database, instrument, trades[30:])
    await build(database, instrument, TICKS)
    [series] = (await store.series([instrument.id]))[instrument.id]
    await insert(database, instrument, trades[:30])

    await building(database, at_once=9).carry_on_one(series.id)
    assert series.id in await store.behind(1_000)

    await carry_on(database, instrument, at_once=9)
    assert await stored_bars(database, instrument, TICKS) == expected_bars(TICKS, trades)


async def test_who_waits_longest_is_carried_on_first(database: Database) -> None:
    instrument, store = await new_instrument(database), Bars(database)
    await insert(database, instrument, some_trades(10))
    await build(database, instrument, TICKS)
    [series] = (await store.series([instrument.id]))[instrument.id]
    assert series.id not in await store.behind(1_000)

    await insert(database, instrument, some_trades(12)[10:])

    assert series.id in await store.behind(1_000)
    await carry_on(database, instrument)
    assert series.id not in await store.behind(1_000)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.words)
async def test_a_late_trade_rewinds_to_before_it(database: Database, spec: EventBarSpec) -> None:
    instrument, trades = await new_instrument(database), some_trades(80)
    late = trades.pop(31)
    await insert(database, instrument, trades)
    await build(database, instrument, spec, at_once=9)

    await insert(database, instrument, [late])
    await carry_on(database, instrument, at_once=9)

    assert await stored_bars(database, instrument, spec) == expected_bars(spec, [*trades, late])


@pytest.mark.parametrize("at_once", [1, 5, 1_000])
async def test_bars_before_a_late_trade_stay_final_the_others_are_revised(database: Database, at_once: int) -> None:
    instrument, trades = await new_instrument(database), some_trades(30)
    late = trades.pop(13)
    await insert(database, instrument, trades)
    await build(database, instrument, TICKS, at_once=5)

    await insert(database, instrument, [late])
    await carry_on(database, instrument, at_once)

    statuses = [bar.status for bar in await read(database, instrument, TICKS)]
    assert statuses == [CandleStatus.FINAL] * 4 + [CandleStatus.REVISED] * 5 + [CandleStatus.FINAL]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.words)
async def test_a_second_late_trade_may_come_between_the_turns_of_a_rewind(
    database: Database, spec: EventBarSpec
) -> None:
    instrument, trades = await new_instrument(database), some_trades(60)
    late, earlier = trades.pop(39), trades.pop(19)
    await insert(database, instrument, trades)
    await build(database, instrument, spec)

    def interrupted(_: Outcome, __: float) -> None:
        raise InterruptedError

    await insert(database, instrument, [late])
    with pytest.raises(InterruptedError):
        await building(database, at_once=9).run(await new_step(database, instrument, spec), interrupted)
    await insert(database, instrument, [earlier])
    await carry_on(database, instrument, at_once=9)

    assert await stored_bars(database, instrument, spec) == expected_bars(spec, [*trades, late, earlier])


async def test_a_late_trade_before_the_first_builds_all_anew(database: Database) -> None:
    instrument, trades = await new_instrument(database), some_trades(30)
    await insert(database, instrument, trades[10:])
    await build(database, instrument, TICKS, at_once=5)

    await insert(database, instrument, trades[:10])
    await carry_on(database, instrument)

    assert await stored_bars(database, instrument, TICKS) == expected_bars(TICKS, trades)


async def test_a_correction_rebuilds_from_before_its_window(database: Database) -> None:
    instrument, trades = await new_instrument(database), some_trades(100)
    await insert(database, instrument, trades)
    await build(database, instrument, VOLUME, at_once=9)
    window = Window(NOON + 4 * MINUTE, NOON + 6 * MINUTE)
    kept = [trade for trade in trades if not window.start <= trade.ts < window.end]
    corrected = [trade for trade in trades if trade not in kept][::2]

    await correct(database, instrument, window, corrected)
    await carry_on(database, instrument, at_once=9)

    assert await stored_bars(database, instrument, VOLUME) == expected_bars(VOLUME, [*kept, *corrected])


async def test_a_correction_that_leaves_nothing_behind_the_last_checkpoint(database: Database) -> None:
    instrument, trades = await new_instrument(database), some_trades(40)
    await insert(database, instrument, trades)
    await build(database, instrument, TICKS, at_once=9)
    window = Window(NOON + 2 * MINUTE, NOON + 10 * MINUTE)
    kept = [trade for trade in trades if trade.ts < window.start]

    await correct(database, instrument, Window(window.start, window.end), [trades[-1]])
    await carry_on(database, instrument, at_once=9)

    assert await stored_bars(database, instrument, TICKS) == expected_bars(TICKS, [*kept, trades[-1]])


async def test_trades_are_taken_by_sequence_where_times_contradict(database: Database) -> None:
    instrument, trades = await new_instrument(database), some_trades(60)
    times = [trade.ts for trade in trades]
    times[20], times[29] = times[29], times[20]
    twisted = [
        Trade(each.sequence, each.price, each.size, each.side, ts) for each, ts in zip(trades, times, strict=True)
    ]
    await insert(database, instrument, twisted)

    await build(database, instrument, VOLUME, at_once=4)

    assert await stored_bars(database, instrument, VOLUME) == expected_bars(VOLUME, twisted)


async def test_a_late_trade_with_a_later_sequence_comes_next(database: Database) -> None:
    instrument, trades = await new_instrument(database), some_trades(31)
    belated = trades.pop()
    belated = Trade(belated.sequence, belated.price, belated.size, belated.side, NOON + MINUTE)
    await insert(database, instrument, trades)
    await build(database, instrument, VOLUME, at_once=4)

    await insert(database, instrument, [belated])
    await carry_on(database, instrument)

    assert await stored_bars(database, instrument, VOLUME) == expected_bars(VOLUME, [*trades, belated])


async def test_sequences_that_begin_again_are_refused(database: Database) -> None:
    instrument, trades = await new_instrument(database), some_trades(20)
    days_later = [
        Trade(each.sequence, each.price, each.size, each.side, each.ts + timedelta(days=9)) for each in trades
    ]
    await insert(database, instrument, trades)
    await insert(database, instrument, days_later)

    with pytest.raises(TradesOutOfOrder):
        await build(database, instrument, TICKS)


async def test_an_end_bounds_the_series_and_a_later_one_goes_on(database: Database) -> None:
    instrument, trades = await new_instrument(database), some_trades(60)
    await insert(database, instrument, trades)
    start, end = trades[5].ts, trades[30].ts

    await build(database, instrument, TICKS, start, end)
    assert await stored_bars(database, instrument, TICKS) == expected_bars(TICKS, trades[5:30])

    await build(database, instrument, TICKS, start, end - MINUTE)
    assert await stored_bars(database, instrument, TICKS) == expected_bars(TICKS, trades[5:30])

    await build(database, instrument, TICKS)
    assert await stored_bars(database, instrument, TICKS) == expected_bars(TICKS, trades[5:])


async def test_what_lies_outside_the_series_rewinds_nothing(database: Database) -> None:
    instrument, trades = await new_instrument(database), some_trades(60)
    await insert(database, instrument, trades[5:])
    await build(database, instrument, TICKS, trades[5].ts, trades[30].ts)

    await insert(database, instrument, trades[:5])
    await carry_on(database, instrument)

    assert await stored_bars(database, instrument, TICKS) == expected_bars(TICKS, trades[5:30])
    assert CandleStatus.REVISED not in [bar.status for bar in await read(database, instrument, TICKS)]


async def test_another_beginning_is_refused_unless_it_restarts(database: Database) -> None:
    instrument, trades = await new_instrument(database), some_trades(40)
    await insert(database, instrument, trades)
    await build(database, instrument, TICKS)

    with pytest.raises(BarsBeginElsewhere, match="leave out `from` to go on with them"):
        await build(database, instrument, TICKS, trades[10].ts)

    await build(database, instrument, TICKS, trades[10].ts, restart=True, job=2)
    assert await stored_bars(database, instrument, TICKS) == expected_bars(TICKS, trades[10:])


async def test_a_job_restarts_a_series_once(database: Database) -> None:
    instrument, store = await new_instrument(database), Bars(database)
    await insert(database, instrument, some_trades(40))
    await build(database, instrument, TICKS, restart=True, job=7)
    await store.begin(instrument.id, BuildBarsRequest([instrument.key], TICKS, restart=True), restarted_by="7")
    assert len(await read(database, instrument, TICKS)) == 14


async def test_a_killed_worker_loses_nothing_and_writes_nothing_twice(database: Database) -> None:
    instrument, trades = await new_instrument(database), some_trades(120)
    await insert(database, instrument, trades)
    step, told = await new_step(database, instrument, VOLUME), 0

    def killed(_: Outcome, __: float) -> None:
        nonlocal told
        told += 1
        if told % 3 == 0:
            raise InterruptedError

    for _ in range(20):
        try:
            await building(database, at_once=7).run(step, killed)
            break
        except InterruptedError:
            continue
    assert told > 3
    assert await stored_bars(database, instrument, VOLUME) == expected_bars(VOLUME, trades)


async def test_of_two_builders_one_gives_way(database: Database) -> None:
    instrument, trades, store = await new_instrument(database), some_trades(40), Bars(database)
    await insert(database, instrument, trades)
    series = await store.begin(instrument.id, BuildBarsRequest([instrument.key], TICKS))
    stale = await store.turn(series.id, 10)
    await build(database, instrument, TICKS)
    assert stale is not None

    assert not await store.put(stale, None)
    assert await stored_bars(database, instrument, TICKS) == expected_bars(TICKS, trades)


async def test_who_lost_its_lease_writes_nothing(database: Database) -> None:
    instrument = await new_instrument(database)
    await insert(database, instrument, some_trades(40))
    step = await new_step(database, instrument, TICKS)
    await StoredLeases(database).release(step.lease)

    with pytest.raises(LeaseLost):
        await building(database).run(step, lambda _, __: None)
    assert await read(database, instrument, TICKS) == []


async def test_few_checkpoints_are_kept(database: Database) -> None:
    instrument, trades = await new_instrument(database), some_trades(400, seconds=60)
    await insert(database, instrument, trades)
    await build(database, instrument, TICKS, at_once=1)
    async with database.driver() as driver:
        numbers = await driver.fetch(
            "SELECT number FROM bar_checkpoint JOIN bar_series AS series ON series.id = series_id "
            "WHERE instrument_id = $1 ORDER BY number",
            instrument.id,
        )
    kept = [row["number"] for row in numbers]
    assert kept[-8:] == list(range(393, 401))
    assert len(kept) < 60
    assert kept[0] <= 128


async def test_too_many_bars_are_refused(database: Database) -> None:
    instrument = await new_instrument(database)
    await insert(database, instrument, some_trades(40))
    step = await new_step(database, instrument, TICKS)

    with pytest.raises(TooManyBarsInSeries, match="more than 10 TICK bars of 3: give a larger threshold"):
        await building(database, most_bars=10).run(step, lambda _, __: None)


async def test_trades_that_are_not_kept_are_missed(database: Database) -> None:
    instrument = await new_instrument(database)
    await insert(database, instrument, some_trades(40))
    async with database.driver() as driver:
        await driver.execute("DELETE FROM trade WHERE instrument_id = $1 AND minute < $2", instrument.id, NOON + MINUTE)

    with pytest.raises(TradesNotKept, match="begin later"):
        await build(database, instrument, TICKS)


async def test_a_series_that_cannot_go_on_says_why(database: Database) -> None:
    instrument, store, trades = await new_instrument(database), Bars(database), some_trades(20)
    await insert(database, instrument, trades)
    await build(database, instrument, TICKS)
    again = [Trade(each.sequence, each.price, each.size, each.side, each.ts + timedelta(days=9)) for each in trades]
    await insert(database, instrument, again)

    await carry_on(database, instrument)

    [series] = (await store.series([instrument.id]))[instrument.id]
    assert not series.ready
    assert "order of the sequence" in str(series.error)
    assert series.id not in await store.behind(1_000)


async def test_an_instrument_has_so_many_series(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar_series, "MOST_SERIES", 1)
    instrument = await new_instrument(database)
    await build(database, instrument, TICKS)

    with pytest.raises(TooManySeries):
        await build(database, instrument, VOLUME)


async def test_numbers_beyond_64_bits_stay_exact(database: Database) -> None:
    instrument, fine = await new_instrument(database), Decimal("0.000000000000000000000000000123")
    trades = [Trade(n, Decimal(10**15) + n, fine * n, Side.BUY, NOON + n * MINUTE) for n in range(1, 9)]
    await insert(database, instrument, trades)
    await build(database, instrument, TICKS)

    assert await stored_bars(database, instrument, TICKS) == expected_bars(TICKS, trades)


async def test_pages_go_both_ways(database: Database) -> None:
    instrument, store = await new_instrument(database), Bars(database)
    await insert(database, instrument, some_trades(30))
    await build(database, instrument, TICKS)
    rows = await read(database, instrument, TICKS)
    third = BarPosition(rows[3].open_time, rows[3].number)

    async def numbers(query: BarQuery) -> tuple[list[int], bool]:
        page = (await store.read([instrument.id], query))[instrument.id]
        return [bar.number for bar in page.rows], page.more

    assert await numbers(BarQuery(TICKS, 3)) == ([7, 8, 9], True)
    assert await numbers(BarQuery(TICKS, 3, newest=False)) == ([0, 1, 2], True)
    assert await numbers(BarQuery(TICKS, 3, after=third, newest=False)) == ([4, 5, 6], True)
    assert await numbers(BarQuery(TICKS, 9, before=third)) == ([0, 1, 2], False)
    window = Window(rows[2].open_time, rows[5].open_time)
    assert await numbers(BarQuery(TICKS, 9, window)) == ([2, 3, 4], False)


async def test_many_instruments_are_read_at_once(database: Database) -> None:
    instruments = [await new_instrument(database) for _ in range(3)]
    for instrument in instruments[:2]:
        await insert(database, instrument, some_trades(10))
        await build(database, instrument, TICKS)

    pages = await Bars(database).read([each.id for each in instruments], BarQuery(TICKS, 2))
    assert [len(pages[each.id].rows) for each in instruments[:2]] == [2, 2]
    assert instruments[2].id not in pages


async def test_what_nobody_covers_is_partial(database: Database) -> None:
    instrument = await new_instrument(database)
    await insert(database, instrument, some_trades(10))
    await build(database, instrument, TICKS)

    pages = await Bars(database).read([instrument.id], BarQuery(TICKS, 2, coverage=True))
    assert [bar.coverage for bar in pages[instrument.id].rows] == [Coverage.PARTIAL, Coverage.PARTIAL]


async def test_vectors_by_value(database: Database) -> None:
    instrument = await new_instrument(database)
    spec = EventBarSpec(BarMeasure.VALUE, Decimal(500), split=True)
    trades = [Trade(n, Decimal(100 + n), Decimal(2), Side.BUY, NOON + n * MINUTE) for n in range(1, 30)]
    await insert(database, instrument, trades)
    await build(database, instrument, spec, at_once=2)

    assert await stored_bars(database, instrument, spec) == expected_bars(spec, trades)


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[Trade]]:
    """Trades in parts, some of them late, some repeated; sequences and times need not agree within a minute or so."""
    trades = some_trades(draw(st.integers(1, 40)), draw(st.integers(0, 9)), seconds=draw(st.sampled_from([1, 7, 50])))
    shifts = draw(st.lists(st.integers(-90, 90), min_size=len(trades), max_size=len(trades)))
    moved = [replace(each, ts=each.ts + timedelta(seconds=by)) for each, by in zip(trades, shifts, strict=True)]
    keys = draw(st.lists(st.integers(0, 5), min_size=len(moved), max_size=len(moved)))
    parts = [[each for each, key in zip(moved, keys, strict=True) if key == part] for part in range(6)]
    again = draw(st.sampled_from(parts))
    return [part for part in [*parts, again] if part]


@given(st.data())
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_neither_batches_nor_order_nor_replays_change_bars(database: Database, data: st.DataObject) -> None:
    instrument, spec = await new_instrument(database), data.draw(st.sampled_from(SPECS))
    parts = data.draw(deliveries())
    for place, part in enumerate(parts):
        await insert(database, instrument, part)
        if place == 0:
            await build(database, instrument, spec, at_once=data.draw(st.integers(1, 20)))
        elif data.draw(st.booleans()) or place == len(parts) - 1:
            await carry_on(database, instrument, at_once=data.draw(st.integers(1, 20)))

    distinct = {trade.sequence: trade for part in parts for trade in part}
    assert await stored_bars(database, instrument, spec) == expected_bars(spec, distinct.values())
