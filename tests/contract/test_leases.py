"""The contract of leases: one holder at a time, and nobody writes with a lease that is not his any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from candlewick.domain.candle import MinuteCandle
from candlewick.domain.errors import LeaseLost
from candlewick.domain.feed import FeedPosition
from candlewick.domain.interval import Interval
from candlewick.domain.job import Lease
from candlewick.domain.market import Side, Trade
from candlewick.domain.page import TradeQuery
from candlewick.domain.time import Window
from candlewick.ports import Delivery, Outcome
from candlewick.storage import leases
from candlewick.storage.candles import Candles
from candlewick.storage.engine import Database
from candlewick.storage.leases import StoredLeases
from candlewick.storage.live_positions import StoredPositions
from candlewick.storage.trades import Trades
from markets import LATER, FrozenClock, delivery, new_instrument, read_all
from working import HANGS, HOUR, RUN_OUT, blocked, unique

NOON = datetime(2024, 8, 8, 12, tzinfo=UTC)
TRADE = Trade(1, Decimal(10), Decimal(1), Side.BUY, NOON)
ONE = Decimal(1)
CANDLE = MinuteCandle(NOON, ONE, ONE, ONE, ONE, ONE, ONE, 1, ONE, ONE)


def at(sequence: int) -> FeedPosition:
    return FeedPosition(sequence, NOON + timedelta(seconds=sequence))


async def acquired(database: Database, name: str, duration: timedelta = HOUR) -> Lease:
    lease = await StoredLeases(database).acquire(name, "somebody", duration)
    assert lease is not None
    return lease


async def stale(database: Database) -> Lease:
    """A lease that somebody else took over."""
    name = unique("stale")
    former = await acquired(database, name, RUN_OUT)
    await acquired(database, name)
    return former


async def test_a_lease_has_one_holder_until_it_runs_out(database: Database) -> None:
    name = unique("feed")
    first = await acquired(database, name)
    assert await StoredLeases(database).acquire(name, "another", HOUR) is None
    await StoredLeases(database).renew(first, RUN_OUT)
    second = await acquired(database, name)
    assert second.token > first.token


async def test_of_many_at_once_one_gets_it(database: Database) -> None:
    name = unique("feed")
    for _ in range(2):  # a lease that nobody has; one that ran out
        asked = [StoredLeases(database).acquire(name, f"worker {n}", HOUR) for n in range(8)]
        [winner] = [lease for lease in await asyncio.gather(*asked) if lease is not None]
        assert await StoredLeases(database).renew(winner, RUN_OUT)


async def test_a_released_lease_is_free_and_the_former_holder_cannot_release_it_again(database: Database) -> None:
    name = unique("feed")
    first = await acquired(database, name)
    await StoredLeases(database).release(first)
    second = await acquired(database, name)
    await StoredLeases(database).release(first)
    assert not await StoredLeases(database).renew(first, HOUR)
    assert await StoredLeases(database).renew(second, HOUR)


async def test_a_lease_that_ran_out_is_still_good_while_nobody_took_it(database: Database) -> None:
    instrument = await new_instrument(database)
    lease = await acquired(database, unique("feed"), RUN_OUT)
    stored = await Trades(database).insert(replace(delivery(instrument, [TRADE]), lease=lease))
    assert stored == Outcome(stored=1)
    assert await StoredLeases(database).renew(lease, HOUR)


async def test_trades_of_a_stale_lease_are_not_stored(database: Database) -> None:
    instrument = await new_instrument(database)
    late = replace(delivery(instrument, [TRADE]), lease=await stale(database), position=at(1))
    with pytest.raises(LeaseLost):
        await Trades(database).insert(late)
    page = await Trades(database).read([instrument.id], TradeQuery(limit=1))
    assert page[instrument.id].rows == []
    assert await StoredPositions(database).read([instrument.id]) == {}


async def test_a_correction_of_a_stale_lease_leaves_everything_as_it_is(database: Database) -> None:
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, [TRADE]))
    late = replace(delivery(instrument, [replace(TRADE, price=Decimal(11))]), lease=await stale(database))

    async def corrected() -> AsyncIterator[Delivery]:
        yield late

    with pytest.raises(LeaseLost):
        await Trades(database).replace(Window(NOON, NOON + HOUR), corrected())
    page = await Trades(database).read([instrument.id], TradeQuery(limit=1))
    assert [row.price for row in page[instrument.id].rows] == ["10"]


async def test_candles_of_a_stale_lease_are_not_stored(database: Database) -> None:
    instrument = await new_instrument(database)
    lease = await stale(database)
    with pytest.raises(LeaseLost):
        await Candles(database, FrozenClock()).put_published(instrument, [CANDLE], received_at=LATER, lease=lease)
    assert await read_all(database, instrument, Interval.M1.duration, None) == []


async def test_candles_of_a_holder_are_stored(database: Database) -> None:
    instrument = await new_instrument(database)
    lease = await acquired(database, unique("feed"))
    store = Candles(database, FrozenClock())
    assert (await store.put_published(instrument, [CANDLE], received_at=LATER, lease=lease)).stored == 1


async def test_a_take_over_waits_for_what_the_holder_is_committing(database: Database) -> None:
    name = unique("feed")
    former = await acquired(database, name, RUN_OUT)
    async with database.transaction() as driver:
        await leases.hold(driver, former)
        taking = await blocked(database, StoredLeases(database).acquire(name, "another", HOUR))
    assert await taking is not None
    async with database.transaction() as driver:
        with pytest.raises(LeaseLost, match=f"{name} is no longer held"):
            await leases.hold(driver, former)


async def test_a_take_over_that_is_rolled_back_costs_the_holder_nothing(database: Database) -> None:
    name = unique("feed")
    former = await acquired(database, name, RUN_OUT)
    async with database.driver() as driver:
        taking = driver.transaction()
        await taking.start()
        await leases.take(driver, name, "another", HOUR)
        waiting = await blocked(
            database, StoredPositions(database).advance((await new_instrument(database)).id, at(1), former)
        )
        await taking.rollback()
    await waiting


async def test_a_renewal_does_not_wait_for_a_long_writer(database: Database) -> None:
    lease = await acquired(database, unique("feed"))
    async with database.transaction() as driver:
        await leases.hold(driver, lease)
        assert await asyncio.wait_for(StoredLeases(database).renew(lease, HOUR), HANGS)


async def test_whoever_asks_for_a_lease_that_is_held_does_not_wait_for_the_holders_writers(database: Database) -> None:
    lease = await acquired(database, unique("feed"))
    async with database.transaction() as driver:
        await leases.hold(driver, lease)
        assert await asyncio.wait_for(StoredLeases(database).acquire(lease.name, "another", HOUR), HANGS) is None


async def test_a_position_comes_with_its_trades_and_never_goes_back(database: Database) -> None:
    instrument = await new_instrument(database)
    positions, lease = StoredPositions(database), await acquired(database, unique("feed"))
    await Trades(database).insert(replace(delivery(instrument, [TRADE]), lease=lease, position=at(7)))
    assert await positions.read([instrument.id]) == {instrument.id: at(7)}
    await positions.advance(instrument.id, at(9), lease)
    await positions.advance(instrument.id, at(8), lease)
    await Trades(database).insert(replace(delivery(instrument, []), lease=lease, position=at(3)))
    assert await positions.read([instrument.id]) == {instrument.id: at(9)}


async def test_the_position_of_a_stale_lease_is_not_kept(database: Database) -> None:
    instrument = await new_instrument(database)
    with pytest.raises(LeaseLost):
        await StoredPositions(database).advance(instrument.id, at(1), await stale(database))
    assert await StoredPositions(database).read([instrument.id]) == {}
