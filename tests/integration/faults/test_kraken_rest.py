"""Kraken's past is backfilled, with and without faults: by pages that overlap, each trade once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from candlewick.domain.job import JobStatus
from candlewick.domain.market import DataKind, InstrumentKey
from candlewick.domain.time import Window
from candlewick.providers.kraken.listing import VENUE, list_instrument
from candlewick.providers.market_model import MarketModel, Traded
from candlewick.providers.simulation.faults import Fault
from candlewick.storage.engine import Database
from integration.faults.backfilling import Backfilling
from integration.faults.kraken_venue import open_kraken
from integration.faults.venue import stored_trades
from markets import FrozenClock
from simulated import NOW

HOUR = timedelta(hours=1)
MIDDAY = NOW.replace(hour=12, minute=0, second=0, microsecond=0)
WINDOW = Window(MIDDAY, MIDDAY + HOUR)
_NUMBER = count(1)


def bursting_market() -> MarketModel:
    """Some thousand trades an hour, many of them of one moment, of an instrument that no other test has."""
    shape = Traded(
        list_instrument(InstrumentKey(VENUE, f"BURSTS{next(_NUMBER)}", "USD")), Decimal(61_000), Decimal("0.1"),
        Decimal("0.00001"), trades_a_day=70_000, daily_volatility=0.03, typical_lots=400,
    )  # fmt: skip
    return MarketModel(VENUE, [shape], seed=5)


@dataclass(frozen=True, slots=True)
class Scene:
    """An hour of trades to be fetched."""

    backfilling: Backfilling
    clock: FrozenClock

    async def is_whole(self) -> bool:
        """Whether every trade of the hour is stored as the market has it, and no other."""
        venue = self.backfilling.venue
        found = await stored_trades(self.backfilling.database, venue.key)
        return found == venue.market.trades(venue.key, WINDOW).trades() and len(found) > 2_000


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    clock = FrozenClock(NOW)
    async with open_kraken(bursting_market(), clock, HOUR) as venue:
        yield Scene(await Backfilling.of(venue, database, tmp_path), clock)


async def test_a_backfill_stores_every_trade_once(scene: Scene) -> None:
    job_id = await scene.backfilling.submit(WINDOW)

    assert await scene.backfilling.work(job_id) == ["done"]
    assert await scene.is_whole()
    assert (await scene.backfilling.job(job_id)).progress.dead == 0


@pytest.mark.parametrize(
    "fault", [Fault.SERVER_ERROR, Fault.HTML, Fault.MALFORMED, Fault.CUT, Fault.RATE_LIMITED, Fault.TIMEOUT]
)
async def test_what_passes_is_asked_again_and_the_step_ends_whole(scene: Scene, fault: Fault) -> None:
    job_id = await scene.backfilling.submit(WINDOW)
    await scene.backfilling.venue.order(fault, "Trades", probability=0.5, count=3)

    assert await scene.backfilling.work(job_id) == ["done"]
    assert await scene.is_whole()


async def test_a_lockout_puts_the_step_off_and_what_was_stored_is_not_stored_twice(scene: Scene) -> None:
    job_id = await scene.backfilling.submit(WINDOW)
    await scene.backfilling.venue.order(Fault.BANNED, "Trades")

    assert await scene.backfilling.work(job_id) == ["put off"]
    assert scene.backfilling.venue.budget.pauses == [900.0]
    assert await scene.backfilling.work(job_id) == ["done"]
    assert await scene.is_whole()


async def test_a_pair_that_kraken_does_not_know_fails_the_step_with_its_words(scene: Scene) -> None:
    venue = scene.backfilling.venue
    job_id = await scene.backfilling.submit(WINDOW)
    async with scene.backfilling.database.driver() as driver:
        await driver.execute("UPDATE instrument SET symbol = 'GONE/USD' WHERE key = $1", str(venue.key))

    assert await scene.backfilling.work(job_id) == ["failed"]
    assert "EQuery:Unknown asset pair" in ((await scene.backfilling.job(job_id)).error or "")


async def test_candles_of_the_last_hours_are_stored(scene: Scene) -> None:
    job_id = await scene.backfilling.submit(WINDOW, DataKind.CANDLES)

    assert await scene.backfilling.work(job_id) == ["done"]
    assert (await scene.backfilling.job(job_id)).progress.stored == 60


async def test_candles_that_kraken_has_no_more_fail_the_step_and_say_what_to_do(scene: Scene) -> None:
    old = replace(WINDOW, start=WINDOW.start - timedelta(days=1), end=WINDOW.end - timedelta(days=1))
    job_id = await scene.backfilling.submit(old, DataKind.CANDLES)

    assert await scene.backfilling.work(job_id) == ["failed"]
    job = await scene.backfilling.job(job_id)
    assert job.status is JobStatus.FAILED
    assert "from 2025-03-05T02:30Z on, and none of 2025-03-04T12:00Z. Backfill trades instead" in (job.error or "")
