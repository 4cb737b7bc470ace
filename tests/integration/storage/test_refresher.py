"""The refresher beside writers: it ends, it waits for nobody, and it lets go of its lock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from candlewick.domain.market import Instrument, Side, Trade
from candlewick.storage import tree
from candlewick.storage.candles import Candles
from candlewick.storage.engine import Database
from candlewick.storage.trades import Trades
from markets import FrozenClock, delivery, new_instrument

pytestmark = pytest.mark.usefixtures("swept")

NOON = datetime(2024, 8, 8, 12, tzinfo=UTC)
_HANGS = 120.0
"""Seconds after which a refresher is held to wait for ever."""


def trade(sequence: int, after: timedelta = timedelta()) -> Trade:
    return Trade(sequence, Decimal(10), Decimal(1), Side.BUY, NOON + after)


@pytest.fixture
async def busy(database: Database) -> AsyncIterator[Instrument]:
    """An instrument that is written again as soon as it is settled."""
    instrument = await new_instrument(database)
    await Candles(database, FrozenClock()).settle()  # what other tests left
    async with database.driver() as driver:
        await driver.execute(f"""
            CREATE FUNCTION mark_again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO dirty_range VALUES (OLD.instrument_id, OLD.start_time, OLD.end_time, OLD.version + 1);
                RETURN NULL;
            END $$;
            CREATE TRIGGER busy AFTER DELETE ON dirty_range
            FOR EACH ROW WHEN (OLD.instrument_id = {instrument.id}) EXECUTE FUNCTION mark_again()
        """)
    yield instrument
    async with database.driver() as driver:
        await driver.execute("DROP FUNCTION mark_again CASCADE")
        await driver.execute("DELETE FROM dirty_range WHERE instrument_id = $1", instrument.id)


async def test_settling_ends_while_writers_go_on(database: Database, busy: Instrument) -> None:
    candles = Candles(database, FrozenClock())
    await Trades(database).insert(delivery(busy, [trade(1)]))
    async with asyncio.timeout(_HANGS):
        await candles.settle()
        assert await candles.dirty_minutes() == 1
        assert await candles.settle() == 1


async def test_a_row_of_the_ledger_that_a_writer_holds_is_left_for_later(database: Database) -> None:
    candles, instrument = Candles(database, FrozenClock()), await new_instrument(database)
    await candles.settle()
    for day in range(2):
        await Trades(database).insert(delivery(instrument, [trade(day, timedelta(days=day))]))
    async with database.transaction() as writer:
        await writer.execute(
            "UPDATE dirty_range SET version = version + 1 WHERE instrument_id = $1 AND start_time = $2",
            instrument.id,
            NOON,
        )
        async with asyncio.timeout(_HANGS):
            assert await candles.settle() == 1
    assert await candles.dirty_minutes() == 1
    assert await candles.settle() == 1


async def test_a_refresher_that_is_cancelled_lets_go_of_its_lock(database: Database) -> None:
    for turns in range(12):
        async with database.exclusive(tree._LOCK):
            waiting = asyncio.create_task(tree.refresh(database, older_than=timedelta()))
            await asyncio.sleep(0.01)
        for _ in range(turns):
            await asyncio.sleep(0)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
    async with asyncio.timeout(_HANGS), asyncio.TaskGroup() as group:
        for _ in range(12):
            group.create_task(tree.refresh(database, older_than=timedelta()))
