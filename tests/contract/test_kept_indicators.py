"""Indicators kept ready, on every edition: what is stored is what all candles at once would give."""

from __future__ import annotations

from datetime import timedelta

import pytest

from candlewick.domain.errors import LeaseLost
from candlewick.domain.interval import Interval
from candlewick.domain.kept import KeptKey, KeptWrite
from candlewick.domain.time import Window
from candlewick.pipeline import kept, kept_series
from candlewick.storage.engine import Database
from candlewick.storage.leases import StoredLeases
from keeping import ALL_KINDS, BEGINNING, EVERYTHING, MINUTE, desk_of
from working import HOUR

LONG_AGO = "UPDATE indicator_series SET touched_at = now() - INTERVAL '4 hours' WHERE id = $1"


async def test_candle_by_candle_is_all_at_once(database: Database) -> None:
    desk = await desk_of(database)
    for minute in range(12):
        await desk.walk(range(minute, minute + 1), seed=minute)
        await desk.look(minute)
    await desk.check()


async def test_what_was_here_before_is_computed_in_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "BATCH", 1)
    monkeypatch.setattr(kept, "LEAST", 7)
    desk = await desk_of(database)
    await desk.walk(range(40))
    await desk.look(39)
    await desk.check()


async def test_late_trade_changes_all_that_it_has_a_say_in(database: Database) -> None:
    desk = await desk_of(database)
    await desk.walk(range(40))
    await desk.look(39)
    await desk.trade(20, "250", "30")
    await desk.look(39)
    await desk.check()


async def test_late_candle_where_there_was_none_changes_what_comes_after(database: Database) -> None:
    desk = await desk_of(database)
    await desk.walk(range(10, 20))
    await desk.walk(range(25, 40))
    await desk.look(39)
    await desk.trade(22, "70", "5")
    await desk.look(39)
    await desk.check()


async def test_older_history_changes_what_remembers_everything(database: Database) -> None:
    desk = await desk_of(database)
    await desk.walk(range(30, 60))
    await desk.look(59)
    await desk.walk(range(10), seed=3)
    await desk.look(59)
    await desk.check()


async def test_revision_goes_on_from_the_last_checkpoint(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_series, "A_CHECKPOINT", 5)
    desk = await desk_of(database, "obv", "psar")
    for minute in range(30):
        await desk.walk(range(minute, minute + 1), seed=minute)
        await desk.look(minute)
    before = await desk.store.of_instrument(desk.instrument.id, "PT1M")
    found = await desk.store.checkpoint(before["obv"].id, BEGINNING + 22 * MINUTE)
    await desk.trade(22, "300", "4")
    await desk.look(29)
    await desk.check()
    assert found is not None
    assert found.candles == 20


async def test_worker_that_begins_anew_goes_on_from_what_is_stored(database: Database) -> None:
    desk = await desk_of(database)
    await desk.walk(range(20))
    await desk.look(19)
    await desk.trade(12, "180")
    await desk.walk(range(20, 30), seed=2)
    desk.restart()
    await desk.look(29)
    await desk.check()


async def test_wider_candles_are_kept_too(database: Database) -> None:
    desk = await desk_of(database, *ALL_KINDS, interval=Interval.M5)
    await desk.walk(range(60))
    await desk.look(59)
    await desk.walk(range(60, 90), seed=2)
    await desk.trade(31, "140")
    await desk.look(89)
    await desk.check(Interval.M5)


async def test_value_that_is_the_same_again_is_no_news(database: Database) -> None:
    desk = await desk_of(database, "sma(length=3)")
    await desk.walk(range(20))
    await desk.look(19)
    [series] = (await desk.store.of_instrument(desk.instrument.id, "PT1M")).values()
    await desk.trade(10, "500", "1")
    await desk.look(19)
    changes = await desk.store.changes({series.id: series.standing.revision}, 10)
    assert [change.window.start for change in changes] == [BEGINNING + 10 * MINUTE]
    assert changes[-1].window.end <= BEGINNING + 14 * MINUTE
    since = {series.id: (series.standing.revision, changes[-1].revision)}
    page = (await desk.store.read_changed(since, EVERYTHING, 100))[series.id]
    assert 1 <= len(page.points) <= 3


async def test_range_is_clean_until_something_changes_in_it(database: Database) -> None:
    desk = await desk_of(database, "sma(length=3)")
    await desk.walk(range(20))
    await desk.look(19)
    key = KeptKey(desk.instrument.id, "PT1M", "sma(length=3)")
    window = Window(BEGINNING + 5 * MINUTE, BEGINNING + 15 * MINUTE)
    clean = await desk.store.read_clean([key], window, 100)
    await desk.trade(18, "90")
    still_clean = await desk.store.read_clean([key], window, 100)
    await desk.trade(9, "90")
    changed = await desk.store.read_clean([key], window, 100)
    beyond = await desk.store.read_clean([key], Window(window.start, window.end + HOUR), 100)
    assert len(clean[key].points) == len(still_clean[key].points) == 10
    assert changed == beyond == {}


async def test_who_lost_the_lease_stores_nothing(database: Database) -> None:
    desk = await desk_of(database, "sma(length=3)")
    await desk.walk(range(5))
    await desk.look(4)
    await StoredLeases(database).release(desk.lease)
    await desk.walk(range(5, 9), seed=2)
    with pytest.raises(LeaseLost):
        await desk.look(8)
    assert len((await desk.stored())["sma(length=3)"]) == 5


async def test_who_knows_an_older_standing_stores_nothing(database: Database) -> None:
    desk = await desk_of(database, "sma(length=3)")
    await desk.walk(range(5))
    await desk.look(4)
    [before] = (await desk.store.of_instrument(desk.instrument.id, "PT1M")).values()
    await desk.walk(range(5, 9), seed=2)
    await desk.look(8)
    with pytest.raises(LeaseLost):
        await desk.store.store([KeptWrite(before, before.standing)], desk.lease)


async def test_what_nobody_keeps_any_more_is_deleted_in_time(database: Database) -> None:
    desk = await desk_of(database, "sma(length=3)")
    await desk.walk(range(5))
    await desk.look(4)
    while await desk.store.prune(HOUR, timedelta(0)):
        pass
    assert await desk.stored() == {}


async def test_series_that_no_worker_has_looked_at_for_hours_is_not_alive(database: Database) -> None:
    desk = await desk_of(database, "sma(length=3)")
    await desk.walk(range(5))
    await desk.look(4)
    [before] = (await desk.store.of_instrument(desk.instrument.id, "PT1M")).values()
    async with database.driver() as driver:
        await driver.execute(
            "UPDATE indicator_series SET touched_at = now() - INTERVAL '4 hours' WHERE id = $1", before.id
        )
    [after] = (await desk.store.of_instrument(desk.instrument.id, "PT1M")).values()
    assert (before.alive, after.alive) == (True, False)
