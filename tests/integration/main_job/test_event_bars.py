"""Event bars on real input: archives in, a job through the API and a worker, exact bars out, whatever stops midway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from redis.asyncio import Redis

from bar_series import BuiltBar, build, expected_bars, stored_bars
from candlewick.bus.status import RedisStatusBoard
from candlewick.domain.access import Role
from candlewick.domain.bar import BarMeasure, BarRule, EventBarSpec, Expectation
from candlewick.domain.job import JobId, JobStatus
from candlewick.domain.market import Instrument, Trade
from candlewick.jobs.worker import run_worker
from candlewick.pipeline.bar_building import BarBuilding
from candlewick.settings import Settings, WorkerSettings
from candlewick.storage.bars import Bars
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.jobs import Jobs
from candlewick.storage.keys import ApiKeys
from candlewick.storage.leases import StoredLeases
from candlewick.storage.schema import migrate
from candlewick.storage.trades import Trades
from candlewick.wiring import Services
from databases import Offer, create_database, drop_database
from graphql_client import ask, client
from importers import BTC, importer
from integration.jobs.conftest import Valkey
from integration.main_job.test_real_files import DAYS, archive, trades_of
from markets import FrozenClock, delivery, new_instrument
from working import HANGS

pytestmark = pytest.mark.shared_data

SPECS = [
    EventBarSpec(BarMeasure.TICK, Decimal(250)),
    EventBarSpec(BarMeasure.VOLUME, Decimal("7.5")),
    EventBarSpec(BarMeasure.VALUE, Decimal(100_000), split=True),
    EventBarSpec(BarMeasure.VOLUME, Decimal(2), BarRule.IMBALANCE, expectation=Expectation(20, 10, 2_000)),
]
BUILD = """mutation ($input: BuildBarsInput!) {
  buildBars(input: $input) { __typename ... on Job { number } ... on Problem { message } }
}"""
BARS = """query ($spec: BarSpec!, $after: String) {
  instrument(key: "binance:BTC-USDT") {
    eventBars { bars ready error }
    candles(spec: $spec, first: 300, after: $after) {
      nodes { openTime closeTime open high low close volume quoteVolume tradeCount takerBuyVolume status origin }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""


@pytest.fixture
async def own(offer: Offer) -> AsyncIterator[Database]:
    """A database of the test's own: what others store of the same instrument would be in its bars."""
    url = await create_database(offer)
    await migrate(url, timescaledb=offer.timescaledb)
    database = await Database.open(url)
    yield database
    await database.close()
    await drop_database(offer, url)


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    folder = tmp_path / "valkey"
    folder.mkdir()
    server = Valkey(folder)
    server.start()
    yield server
    server.stop()


@asynccontextmanager
async def working(database: Database, valkey: Valkey, at_once: int, grace: int = 5) -> AsyncIterator[None]:
    """A worker that computes, and carries bars on; in the end it has `grace` seconds."""
    jobs, leases, stop = Jobs(database), StoredLeases(database), asyncio.Event()
    building = BarBuilding(Instruments(database), Bars(database), jobs, FrozenClock(), at_once=at_once)
    settings = Settings(worker=WorkerSettings(duties="cpu", stop_timeout=timedelta(seconds=grace)))
    async with Redis.from_url(valkey.url) as redis:
        parts = SimpleNamespace(
            database=database, jobs=jobs, leases=leases, bar_building=building, sources={}, redis=redis,
            status_board=RedisStatusBoard(redis),
        )  # fmt: skip
        worker = asyncio.create_task(run_worker(cast("Services", parts), valkey.url, settings, stop))
        try:
            yield
        finally:
            stop.set()
            await worker


def wire(spec: EventBarSpec) -> dict[str, Any]:
    """The spec as the API takes it."""
    bounds = spec.expectation
    return {
        "measure": spec.measure.value,
        "rule": spec.rule.value,
        "threshold": str(spec.threshold),
        "split": spec.split,
        "expectation": bounds and {"span": bounds.span, "fewest": bounds.fewest, "most": bounds.most},
    }


async def submit(database: Database, spec: EventBarSpec) -> JobId:
    _, secret = await ApiKeys(database, FrozenClock()).create("bars", Role.OPERATOR)
    async with client(database, anonymous=False) as api:
        api.headers["x-api-key"] = secret
        made = await ask(api, BUILD, input={"instruments": [str(BTC)], "spec": wire(spec)})
    return JobId(int(made["buildBars"]["number"]))


async def ended(database: Database, job_id: JobId) -> JobStatus:
    async with asyncio.timeout(HANGS):
        while True:
            job = await Jobs(database).job(job_id)
            assert job is not None
            if job.status.finished:
                return job.status
            await asyncio.sleep(0.05)


async def served(api: httpx.AsyncClient, spec: EventBarSpec) -> list[tuple[Any, ...]]:
    """Page by page."""
    rows: list[tuple[Any, ...]] = []
    after = None
    while True:
        data = await ask(api, BARS, spec={"event": wire(spec)}, after=after)
        page = data["instrument"]["candles"]
        rows += [tuple(node.values()) for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return rows


def as_served(row: tuple[Any, ...]) -> BuiltBar:
    opened, closed, *numbers, count, bought, status, origin = row
    assert origin == "TRADES"
    o, h, low, c, volume, value = map(Decimal, numbers)
    times = (datetime.fromisoformat(opened), datetime.fromisoformat(closed))
    return BuiltBar(times, (o, h, low, c), (volume, value, Decimal(bought)), (count, 0, 0), status != "PROVISIONAL")


def without_sequences(bars: Sequence[BuiltBar]) -> list[BuiltBar]:
    return [BuiltBar(bar.times, bar.prices, bar.sums, (bar.counts[0], 0, 0), bar.complete) for bar in bars]


async def test_real_days_give_the_bars_of_one_pass(own: Database, valkey: Valkey, tmp_path: Path) -> None:
    for day in DAYS:
        await importer(own, tmp_path).run(archive(day), BTC)
    tape = [trade for day in DAYS for trade in trades_of(day)]
    async with working(own, valkey, at_once=1_700):
        jobs = [await submit(own, spec) for spec in SPECS]
        assert [await ended(own, job) for job in jobs] == [JobStatus.SUCCEEDED] * len(SPECS)

    async with client(own) as api:
        for spec in SPECS:
            found = [as_served(row) for row in await served(api, spec)]
            assert found == without_sequences(expected_bars(spec, tape)), spec.words
        listed = (await ask(api, BARS, spec={"event": wire(SPECS[0])}))["instrument"]["eventBars"]
    assert [(series["ready"], series["error"]) for series in listed] == [(True, None)] * len(SPECS)


async def test_a_worker_that_ends_midway_is_gone_on_from(own: Database, valkey: Valkey, tmp_path: Path) -> None:
    spec, day = SPECS[1], "2024-08-08"
    await importer(own, tmp_path).run(archive(day), BTC)
    job = await submit(own, spec)
    async with working(own, valkey, at_once=50, grace=0), asyncio.timeout(HANGS):
        while not await count_of_bars(own):  # noqa: ASYNC110  (a database has no event to wait for)
            await asyncio.sleep(0.01)
    before = await count_of_bars(own)
    async with working(own, valkey, at_once=900):
        assert await ended(own, job) is JobStatus.SUCCEEDED

    [instrument] = (await Instruments(own).by_keys([BTC])).values()
    bars = await stored_bars(own, instrument, spec)
    assert bars == expected_bars(spec, trades_of(day))
    assert 0 < before < len(bars)


async def count_of_bars(database: Database) -> int:
    async with database.driver() as driver:
        return int(await driver.fetchval("SELECT count(*) FROM bar"))


async def test_workers_carry_bars_on_and_late_trades_rewind_them(own: Database, valkey: Valkey) -> None:
    spec, tape = SPECS[1], trades_of("2024-08-08")
    instrument = await new_instrument(own)
    early, late, live = tape[:4_000], tape[1_500:1_600], tape[4_000:6_000]
    await insert(own, instrument, [trade for trade in early if trade not in late])
    await build(own, instrument, spec)
    async with working(own, valkey, at_once=700):
        for start in range(0, len(live), 400):
            await insert(own, instrument, live[start : start + 400])
            if start == 800:
                await insert(own, instrument, late)
        async with asyncio.timeout(HANGS):
            while await Bars(own).behind(10):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    assert await stored_bars(own, instrument, spec) == expected_bars(spec, tape[:6_000])


async def insert(database: Database, instrument: Instrument, trades: Sequence[Trade]) -> None:
    await Trades(database).insert(delivery(instrument, trades))
