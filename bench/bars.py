"""Event bars of stored trades: the whole job, out of the database and back in, beside a plain read of these trades.

The plain read is COPY BINARY of the same columns, thrown away as it comes; "rows" is the same through the driver, as
Python objects. Jobs and reads take turns in one run, each job builds its series anew.

    python bench/bars.py [--trades 1000000] [--rounds 3] [--edition TIMESCALEDB_COMMUNITY]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from candlewick.clock import SystemClock
from candlewick.domain.bar import BarMeasure, BarRule, EventBarSpec, Expectation
from candlewick.domain.batch import DecimalColumn, TradeBatch
from candlewick.domain.job import JobId, JobKind, Lease, Step, StepRef, WorkQueue
from candlewick.domain.market import Instrument
from candlewick.pipeline.bar_building import BarBuilding
from candlewick.ports import Delivery
from candlewick.storage.bars import Bars
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.jobs import Jobs
from candlewick.storage.trades import Trades
from servers import editions, fresh, new_instrument

AT_ONCE = 100_000
SPECS = [
    EventBarSpec(BarMeasure.TICK, Decimal(100)),
    EventBarSpec(BarMeasure.VOLUME, Decimal(2)),
    EventBarSpec(BarMeasure.VALUE, Decimal(134_000)),
    EventBarSpec(BarMeasure.VOLUME, Decimal(2), split=True),
    EventBarSpec(BarMeasure.VOLUME, Decimal("0.5"), BarRule.IMBALANCE, expectation=Expectation(20, 10, 1_000)),
    EventBarSpec(BarMeasure.VOLUME, Decimal(1), BarRule.RUNS),
]
READ = "SELECT sequence, ts, price, size, side FROM trade WHERE instrument_id = $1 ORDER BY minute, sequence"


async def store(database: Database, instrument: Instrument, count: int) -> None:
    """A day's trades, as a busy market has them."""
    random, start = np.random.default_rng(1), int(datetime(2025, 3, 4, tzinfo=UTC).timestamp()) * 1_000_000
    ts = start + np.sort(random.integers(0, 86_400_000_000, count))
    price = 6_700_000 + np.cumsum(random.integers(-50, 51, count))
    size = (random.exponential(2e6, count) + 1).astype(np.int64)
    side = random.choice(np.array([-1, 1], dtype=np.int8), count)
    batch = TradeBatch(np.arange(1, count + 1), ts, DecimalColumn(price, 2), DecimalColumn(size, 8), side)
    for first in range(0, count, AT_ONCE):
        part = batch[first : first + AT_ONCE]
        await Trades(database).insert(Delivery(instrument, instrument.tape, part, datetime.now(UTC), "bench"))


async def took(work: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await work()
    return time.perf_counter() - begun


async def measure(database: Database, count: int, rounds: int) -> None:
    instrument = await new_instrument(database)
    print(f"{count:,} trades; stored in {await took(lambda: store(database, instrument, count)):.1f} s")
    reads: list[float] = []
    rows: list[float] = []
    jobs: dict[str, list[float]] = {spec.words: [] for spec in SPECS}
    bars: dict[str, int] = {}
    for number in range(rounds):
        reads.append(await took(lambda: plain_read(database, instrument)))
        rows.append(await took(lambda: plain_rows(database, instrument)))
        for place, spec in enumerate(SPECS):
            began = time.perf_counter()
            bars[spec.words] = await build(database, instrument, spec, job=number * len(SPECS) + place)
            jobs[spec.words].append(time.perf_counter() - began)
    read, as_rows = count / statistics.median(reads), count / statistics.median(rows)
    print(f"  {'plain read, COPY BINARY':<62}{read:>12,.0f} trades/s")
    print(f"  {'plain read, rows':<62}{as_rows:>12,.0f} trades/s")
    for words, times in jobs.items():
        rate = count / statistics.median(times)
        print(f"  {words:<50}{bars[words]:>7,} bars{rate:>12,.0f} trades/s {rate / read:>6.2f} of a plain read")


async def plain_read(database: Database, instrument: Instrument) -> None:
    async def forget(_: bytes) -> None: ...

    async with database.snapshot() as driver:
        await driver.copy_from_query(READ, instrument.id, output=forget, format="binary")


async def plain_rows(database: Database, instrument: Instrument) -> None:
    async with database.snapshot() as driver:
        async for _ in driver.cursor(READ, instrument.id, prefetch=10_000):
            pass


async def build(database: Database, instrument: Instrument, spec: EventBarSpec, job: int) -> int:
    """As a worker does the step; how many bars there are."""
    arguments = {"instrument": str(instrument.key), "spec": str(spec), "from": None, "to": None, "restart": True}
    building = BarBuilding(Instruments(database), Bars(database), Jobs(database), SystemClock())
    lease = Lease("bench", 1)
    async with database.driver() as driver:
        await driver.execute(
            "INSERT INTO lease (name, token, holder, expires_at) VALUES ('bench', 1, 'bench', 'infinity') "
            "ON CONFLICT DO NOTHING"
        )
    step = Step(StepRef(JobId(job), 1, 1, WorkQueue.CPU), JobKind.BUILD_BARS, "bench", arguments, lease)
    return (await building.run(step, lambda _, __: None)).stored


async def main(count: int, rounds: int, only: str | None) -> None:
    async with editions() as offers:
        for offer in offers:
            if only in {None, str(offer.edition)}:
                async with fresh(offer) as (_, database):
                    print(f"{offer.edition}, {offer.version}")
                    await measure(database, count, rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trades", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--edition", default=None)
    given = parser.parse_args()
    asyncio.run(main(given.trades, given.rounds, given.edition))
