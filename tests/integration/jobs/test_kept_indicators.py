"""Workers that keep indicators ready, over a real database: what is stored is what all candles at once would give."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from binance_files import read_trades
from candlewick.domain.interval import Interval
from candlewick.domain.market import InstrumentKey, Trade
from candlewick.indicators.rules import KeptRule, parse_indicator
from candlewick.jobs.keeping import Keeping, keep_indicators
from candlewick.storage.commit_log import StoredCommits
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.leases import StoredLeases
from keeping import LATENESS, Desk, desk_of
from recordings import recording
from working import HANGS

RECORDED = "binance/archive_derived/data/spot/daily/trades/BTCUSDT/BTCUSDT-trades-2024-08-08.zip"
KINDS = ("sma(length=3)", "ema(length=2)", "macd(fast=2,slow=3,signal=2)", "obv", "vwap", "kama(length=2)", "psar")


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await desk_of(database, *KINDS)


def keeping_of(desk: Desk) -> Keeping:
    async def watched() -> Sequence[InstrumentKey]:
        return [desk.instrument.key]

    database = desk.database
    return Keeping(
        [KeptRule([parse_indicator(each) for each in KINDS], [Interval.M1])],
        watched, Instruments(database), desk.store, desk.candles, StoredCommits(database), StoredLeases(database),
        desk.clock, LATENESS,
    )  # fmt: skip


@asynccontextmanager
async def worker(desk: Desk) -> AsyncIterator[None]:
    """A worker that keeps nothing else, told to stop at the end."""
    stop = asyncio.Event()
    working = asyncio.create_task(keep_indicators(keeping_of(desk), stop))
    try:
        yield
    finally:
        stop.set()
        await working


async def is_kept_up_to_now(desk: Desk) -> None:
    """Wait until nothing is left to do, and see that all of it is right."""
    versions = await StoredCommits(desk.database).versions([desk.instrument.id])
    closed = Interval.M1.duration.floor(desk.clock.now() - LATENESS)
    async with asyncio.timeout(HANGS):
        while True:
            found = (await desk.store.of_instrument(desk.instrument.id, "PT1M")).values()
            standings = [each.standing for each in found]
            if len(standings) == len(KINDS) and all(
                each.redo is None and each.until >= closed and each.version >= versions[desk.instrument.id]
                for each in standings
            ):
                break
            await asyncio.sleep(0.05)
    await desk.check()


async def test_what_is_traded_while_workers_come_and_go_is_kept(desk: Desk) -> None:
    for start, seed in ((0, 1), (20, 2), (40, 3)):
        async with worker(desk):
            await desk.walk(range(start, start + 15), seed)
            desk.close(start + 14)
            await is_kept_up_to_now(desk)
        await desk.walk(range(start + 15, start + 20), seed)
        await desk.trade(start + 7, "130")
        desk.close(start + 19)
    async with worker(desk):
        await is_kept_up_to_now(desk)


async def test_two_workers_share_what_one_could_do(desk: Desk) -> None:
    async with worker(desk), worker(desk):
        await desk.walk(range(30))
        desk.close(29)
        await is_kept_up_to_now(desk)
        await desk.trade(11, "60")
        desk.close(30)
        await is_kept_up_to_now(desk)


async def test_recorded_trades_out_of_order_are_kept_as_if_in_order(desk: Desk) -> None:
    trades = read_trades(recording(RECORDED))
    late = trades[3_000:3_050]
    async with worker(desk):
        for part in (trades[:3_000], trades[3_050:6_000], late, trades[6_000:], trades[2_000:4_000]):
            await desk.take(part)
            desk.clock.moment = max(desk.clock.moment, end_of(part))
            await is_kept_up_to_now(desk)


def end_of(trades: Sequence[Trade]) -> datetime:
    return max(trade.ts for trade in trades) + timedelta(minutes=1) + LATENESS
