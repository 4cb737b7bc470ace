"""The contract of settled spans: what is there will stay as it is, as far as that can be known, on every edition."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from candlewick.domain.gap import GapEvidence, NewGap
from candlewick.domain.market import Instrument, Side, Trade
from candlewick.domain.time import Window
from candlewick.storage import tree
from candlewick.storage.candles import Candles
from candlewick.storage.engine import Database
from candlewick.storage.gaps import StoredGaps
from candlewick.storage.trades import Trades
from markets import FrozenClock, delivery, new_instrument

pytestmark = pytest.mark.usefixtures("swept")

START = datetime(2024, 8, 8, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPAN = Window(START, START + HOUR)


def a_trade(minute: int) -> Trade:
    return Trade(minute, Decimal(7), Decimal(1), Side.SELL, START + timedelta(minutes=minute))


async def traded(database: Database) -> Instrument:
    """An instrument with trades in the span and after, all of them refreshed."""
    instrument = await new_instrument(database)
    await Trades(database).insert(delivery(instrument, map(a_trade, range(0, 120, 10))))
    await refreshed(database)
    return instrument


async def refreshed(database: Database) -> None:
    while await tree.refresh(database, older_than=timedelta()):
        pass


async def test_a_span_that_is_over_and_clean_is_settled(database: Database) -> None:
    instrument = await traded(database)
    assert await Candles(database, FrozenClock()).settled({instrument.id: SPAN})


@pytest.mark.parametrize(("after", "settled"), [(timedelta(seconds=5), True), (timedelta(seconds=4), False)])
async def test_a_span_is_over_when_nothing_may_come_late(database: Database, after: timedelta, settled: bool) -> None:
    instrument = await traded(database)
    candles = Candles(database, FrozenClock(SPAN.end + after), timedelta(seconds=5))
    assert await candles.settled({instrument.id: SPAN}) is settled


async def test_a_late_trade_unsettles_its_time_until_it_is_refreshed(database: Database) -> None:
    instrument, candles = await traded(database), Candles(database, FrozenClock())
    await Trades(database).insert(delivery(instrument, [a_trade(5)]))
    assert not await candles.settled({instrument.id: SPAN})
    assert await candles.settled({instrument.id: Window(SPAN.end, SPAN.end + HOUR)})
    await refreshed(database)
    assert await candles.settled({instrument.id: SPAN})


async def test_one_instrument_that_is_dirty_is_enough(database: Database) -> None:
    one, other, candles = await traded(database), await traded(database), Candles(database, FrozenClock())
    await Trades(database).insert(delivery(other, [a_trade(5)]))
    assert not await candles.settled({one.id: SPAN, other.id: SPAN})
    assert await candles.settled({one.id: SPAN})


async def test_a_gap_that_may_be_repaired_unsettles_its_time(database: Database) -> None:
    instrument, candles, gaps = await traded(database), Candles(database, FrozenClock()), StoredGaps(database)
    when = Window(START + timedelta(minutes=20), START + timedelta(minutes=25))
    (gap,) = await gaps.record(
        [NewGap(instrument.id, "test", GapEvidence.DISCONNECTED, when)], now=START + timedelta(days=1)
    )
    assert not await candles.settled({instrument.id: SPAN})
    assert await candles.settled({instrument.id: Window(SPAN.end, SPAN.end + HOUR)})
    await gaps.dismiss(gap.id, now=START + timedelta(days=2), lease=None, reason="nothing was missing")
    await refreshed(database)
    assert await candles.settled({instrument.id: SPAN})
