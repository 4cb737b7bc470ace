"""Reading 1,000 candles of every interval, clean and dirty, against the same rows from a plain indexed table.

Twenty instruments over a year of minutes; both reads through the same pool, in turn, in one run; and what a refresh
costs after late trades of one instrument among the twenty.

    python bench/candles.py [--days 365] [--instruments 20] [--rounds 15] [--edition POSTGRESQL]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from candlewick.clock import SystemClock
from candlewick.domain.batch import TradeBatch
from candlewick.domain.candle import CandleOrigin
from candlewick.domain.interval import STORED, Interval
from candlewick.domain.market import AssetClass, Instrument, InstrumentKey, Side, Tape, Trade
from candlewick.domain.page import CandleQuery
from candlewick.domain.time import Window
from candlewick.ports import Delivery, Listing
from candlewick.storage.candles import Candles
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.trades import Trades
from candlewick.storage.tree import table_of
from servers import Offer, editions, fresh

END = datetime(2025, 7, 1, tzinfo=UTC)
PAGE = 1000

FILL = """
INSERT INTO candle_m1
SELECT $1, 0, t, p, p + 3, p - 2, p + 1, v, p * v, 40, v / 2, p * v / 2, n * 40, n * 40 + 39, 0, 1
FROM (
    SELECT t, n, 60000 + (n % 9973)::numeric / 100 AS p, (n % 977)::numeric / 1000 + 0.001 AS v
    FROM generate_series($2::timestamptz, $3::timestamptz - INTERVAL '1 minute', INTERVAL '1 minute')
        WITH ORDINALITY AS minute (t, n)
) AS made
"""
SPAN = "INSERT INTO candle_span VALUES ($1, 0, $2, $3::timestamptz - INTERVAL '1 minute')"
COVERED = "INSERT INTO covered (instrument_id, start_time, end_time) VALUES ($1, $2, $3)"
GAPS = """
INSERT INTO gap (instrument_id, source, evidence, state, start_time, end_time, detected_at)
SELECT $1, 'bench', 'SILENCE', 'UNREPAIRABLE', t, t + INTERVAL '1 second', t
FROM generate_series($2::timestamptz, $3::timestamptz - INTERVAL '1 day', INTERVAL '1 day') AS t
"""
DIRT = """
INSERT INTO dirty_range
SELECT $1, t, t + INTERVAL '1 day', 1
FROM generate_series($2::timestamptz, $3::timestamptz - INTERVAL '1 day', INTERVAL '1 day') AS t
"""
PLAIN_COLUMNS = """instrument_id, origin, open_time, open::text, high::text, low::text, close::text, volume::text,
    quote_volume::text, trade_count, taker_buy_volume::text, revision, version"""


async def fill(database: Database, start: datetime, count: int) -> list[Instrument]:
    """Minutes of `count` instruments, a clean tree over them, and plain copies of every level."""
    store, instruments = Instruments(database), []
    for number in range(count):
        key = InstrumentKey("bench", f"A{number}", "USD")
        listing = Listing(key, f"A{number}USD", Tape.TRADES, AssetClass.CRYPTO, AssetClass.FIAT, "Benchmark")
        instruments.append(await store.list_instrument(listing))
    async with database.driver() as driver:
        for instrument in instruments:
            for statement in (FILL, SPAN, DIRT, COVERED, GAPS):
                await driver.execute(statement, instrument.id, start, END)
        await driver.execute("ANALYZE candle_m1")
    started = time.perf_counter()
    await Candles(database, SystemClock()).settle()
    print(f"  the whole tree refreshed in {time.perf_counter() - started:.1f} s")
    async with database.driver() as driver:
        for interval in STORED:
            await driver.execute(f"CREATE TABLE plain_{interval} AS SELECT * FROM {table_of(interval)}")
            await driver.execute(f"CREATE UNIQUE INDEX ON plain_{interval} (instrument_id, origin, open_time)")
        await driver.execute("ANALYZE")
    return instruments


async def medians(rounds: int, *reads: Callable[[], Awaitable[object]]) -> list[float]:
    """Milliseconds of each read, taken in turn."""
    taken: list[list[float]] = [[] for _ in reads]
    for _ in range(rounds + 2):
        for read, times in zip(reads, taken, strict=True):
            started = time.perf_counter()
            await read()
            times.append((time.perf_counter() - started) * 1000)
    return [statistics.median(times[2:]) for times in taken]


async def compare(
    database: Database, instrument: Instrument, rounds: int, start: datetime, label: str
) -> tuple[float, float]:
    """Print the times and ratios of every interval; the worst ratios, without and with coverage."""
    store, worst, worst_judged = Candles(database, SystemClock()), 0.0, 0.0
    middle = start + (END - start) / 2
    print(f"  {label:<22} live edge: ours, plain, ratio, with coverage    past: the same (ms)")
    for interval in STORED:
        cells = []
        for window in (None, Window(datetime(2010, 1, 1, tzinfo=UTC), interval.duration.floor(middle))):
            query = CandleQuery(interval.duration, PAGE, CandleOrigin.TRADES, window)

            async def ours(query: CandleQuery = query) -> None:
                await store.read([instrument.id], query)

            async def judged(query: CandleQuery = query) -> None:
                await store.read([instrument.id], replace(query, coverage=True))

            async def plain(interval: Interval = interval, window: Window | None = window) -> None:
                async with database.driver() as driver:
                    await driver.fetch(
                        f"SELECT {PLAIN_COLUMNS} FROM plain_{interval} WHERE instrument_id = $1 AND origin = 0 "
                        f"AND open_time < $2 ORDER BY open_time DESC LIMIT {PAGE}",
                        instrument.id,
                        window.end if window else END,
                    )

            mine, theirs, whole = await medians(rounds, ours, plain, judged)
            worst, worst_judged = max(worst, mine / theirs), max(worst_judged, whole / theirs)
            cells.append(f"{mine:7.2f} {theirs:7.2f} {mine / theirs:6.2f} {whole / theirs:6.2f}")
        print(f"    {interval:<20} {cells[0]}            {cells[1]}")
    return worst, worst_judged


async def late(database: Database, instrument: Instrument, start: datetime) -> None:
    """One trade a day comes late for one instrument, over more than half of the time."""
    days = (END - start).days * 6 // 11
    price, size, offset = Decimal(60_000), Decimal(1), timedelta(minutes=7, seconds=1)
    trades = [Trade(-n, price, size, Side.BUY, start + timedelta(days=n) + offset) for n in range(1, days)]
    await Trades(database).insert(Delivery(instrument, Tape.TRADES, TradeBatch.of(trades), datetime.now(UTC), "bench"))


async def measure(offer: Offer, given: argparse.Namespace) -> None:
    start = END - timedelta(days=given.days)
    print(f"{offer.edition} ({offer.version}), {given.instruments} instruments × {given.days} days of minutes")
    async with fresh(offer) as (_, database):
        instruments = await fill(database, start, given.instruments)
        worst, judged = await compare(database, instruments[-1], given.rounds, start, "clean")
        print(f"  worst ratio, clean: {worst:.2f}, with coverage {judged:.2f}  (under 3 is promised)")
        await late(database, instruments[-1], start)
        dirty = await Candles(database, SystemClock()).dirty_minutes()
        await compare(database, instruments[-1], given.rounds, start, f"{dirty:,} min dirty")
        started = time.perf_counter()
        await Candles(database, SystemClock()).settle()
        print(f"  refresh after late trades on {dirty:,} days of one instrument: {time.perf_counter() - started:.2f} s")
        async with database.driver() as driver:
            await driver.execute(DIRT, instruments[-1].id, END - timedelta(days=32), END)
        await compare(database, instruments[-1], given.rounds, start, "the last 32 days dirty")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--instruments", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--edition", help="only this one, for example POSTGRESQL")
    given = parser.parse_args()
    async with editions() as offers:
        for offer in offers:
            if given.edition in (None, offer.edition):
                await measure(offer, given)


if __name__ == "__main__":
    asyncio.run(main())
