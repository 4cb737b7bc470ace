"""Daily sources from their simulators into the database, by the steps of a job, and out again as candles."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
from starlette.applications import Starlette

from candlewick.domain.candle import Candle, CandleOrigin, CandleStatus
from candlewick.domain.interval import Interval
from candlewick.domain.job import BackfillRequest, Job, JobKind, JobStatus, WorkQueue
from candlewick.domain.market import DataKind, InstrumentKey
from candlewick.domain.page import CandleQuery
from candlewick.domain.time import Window
from candlewick.jobs.steps import StepRunner
from candlewick.pipeline.backfill import Backfill
from candlewick.ports import MarketSource
from candlewick.providers import alphavantage, ecb
from candlewick.providers.alphavantage.market_source import alphavantage_source
from candlewick.providers.alphavantage.simulator import create_simulator as simulated_alphavantage
from candlewick.providers.ecb.market_source import ecb_source
from candlewick.providers.ecb.simulator import create_simulator as simulated_ecb
from candlewick.providers.provider import Access
from candlewick.storage.candles import Candles
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.jobs import Jobs
from candlewick.storage.leases import StoredLeases
from importers import stores_of
from markets import FrozenClock
from source_doubles import Budget
from working import EVERYTHING

NOW = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
KEY = "PAID0SESAME0"
DAY = timedelta(days=1)


@asynccontextmanager
async def sources() -> AsyncIterator[dict[str, MarketSource]]:
    """Both, asking their simulators."""

    def to(app: Starlette) -> httpx.ASGITransport:
        return httpx.ASGITransport(app)

    clock = FrozenClock(NOW)
    share = replace(alphavantage.PROVIDER.access or Access(""), api_key=KEY, plan="premium")
    euro = ecb.PROVIDER.access or Access("")
    async with (
        alphavantage_source(
            share, clock, lambda *_, **__: Budget(), transport=to(simulated_alphavantage(clock))
        ) as first,
        ecb_source(euro, clock, lambda *_, **__: Budget(), transport=to(simulated_ecb(7, clock))) as second,
    ):
        yield {first.source: first, second.source: second}


async def backfilled(database: Database, folder: Path, key: str, kind: DataKind, start: datetime) -> Job:
    """A job of it, done step by step as workers do it."""
    jobs = Jobs(database)
    async with sources() as found:
        backfill = Backfill(found, stores_of(database, folder), jobs, FrozenClock(NOW), folder)
        request = BackfillRequest([InstrumentKey.parse(key)], Window(start, NOW), kind, up_to_now=True)
        job = await backfill.submit(request, idempotency_key=None, requested_by="test")
        runner = StepRunner(jobs, StoredLeases(database), {JobKind.BACKFILL: backfill.run})
        for ref in await jobs.due(WorkQueue.IO, EVERYTHING):
            if ref.job_id == job.id:
                assert await runner.run(ref) == "done"
    done = await jobs.job(job.id)
    assert done is not None
    assert done.status is JobStatus.SUCCEEDED
    return done


async def candles(database: Database, key: str, interval: Interval, origin: CandleOrigin) -> list[Candle]:
    parsed = InstrumentKey.parse(key)
    instrument = (await Instruments(database).by_keys([parsed]))[parsed]
    query = CandleQuery(interval.duration, 6000, origin)
    page = (await Candles(database, FrozenClock(NOW)).read([instrument.id], query))[instrument.id]
    return list(page.rows)


async def test_all_days_of_a_share_are_one_step_and_become_candles(database: Database, tmp_path: Path) -> None:
    key = "alphavantage:IBM-USD"
    start = datetime(2016, 1, 1, tzinfo=UTC)
    for _ in range(2):
        job = await backfilled(database, tmp_path, key, DataKind.DAYS, start)
        assert job.progress.steps == 1
    days = await candles(database, key, Interval.D1, CandleOrigin.VENUE)
    months = await candles(database, key, Interval.MO1, CandleOrigin.VENUE)
    assert (days[0].open_time.date().isoformat(), days[-1].open_time.date().isoformat()) == ("2016-01-04", "2026-11-23")
    assert {each.status for each in days} == {CandleStatus.FINAL}
    assert len(months) == 131
    assert sum(Decimal(each.volume or 0) for each in months) == sum(Decimal(each.volume or 0) for each in days)
    async with database.driver() as driver:
        kept = await driver.fetch("SELECT endpoint FROM raw_payload WHERE source = 'alphavantage'")
    assert any("TIME_SERIES_DAILY" in row["endpoint"] for row in kept)
    assert not any(KEY in row["endpoint"] for row in kept)


async def test_all_rates_of_the_euro_are_one_step_and_become_candles(database: Database, tmp_path: Path) -> None:
    key = "ecb:EUR-GBP"
    job = await backfilled(database, tmp_path, key, DataKind.QUOTES, datetime(2020, 1, 1, tzinfo=UTC))
    assert job.progress.steps == 1
    days = await candles(database, key, Interval.D1, CandleOrigin.QUOTES)
    assert (days[0].open_time.date().isoformat(), days[-1].open_time.date().isoformat()) == ("2020-01-02", "2026-11-24")
    assert all(each.open == each.close for each in days)


async def test_a_commodity_is_known_when_its_day_is_over(database: Database, tmp_path: Path) -> None:
    key = "alphavantage:WTI-USD"
    await backfilled(database, tmp_path, key, DataKind.QUOTES, NOW - 20 * DAY)
    hours = await candles(database, key, Interval.H1, CandleOrigin.QUOTES)
    assert {each.open_time.hour for each in hours} == {22}
    assert hours[-1].open_time.date().isoformat() == "2026-11-23"
