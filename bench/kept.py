"""From a candle's closing to its stored indicators: how long, while trades of all instruments come in.

Minutes of real time. A closed candle is one whose minute and allowed lateness are over; it is counted once for each
series, when its transaction has stored it, by the database's clock on the same machine.

    python bench/kept.py [--instruments 25] [--minutes 4] [--history 2000]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from candlewick.clock import SystemClock
from candlewick.domain.market import Instrument, InstrumentKey, Side, Trade
from candlewick.indicators.rules import parse_rules
from candlewick.jobs.keeping import Keeping, keep_indicators
from candlewick.storage.candles import Candles
from candlewick.storage.commit_log import StoredCommits
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.kept import KeptIndicators
from candlewick.storage.leases import StoredLeases
from candlewick.storage.trades import Trades
from servers import delivery, editions, fresh, new_instrument

RULES = """
sma ema rsi macd stochastic atr bollinger adx obv vwap supertrend psar on M1;
ema rsi atr bollinger supertrend on M5
"""
SERIES = 17
LATENESS = timedelta(seconds=5)
MINUTE = timedelta(minutes=1)
EVERY = 0.5
"""Seconds between two trades of an instrument."""
BEHIND = """
SELECT count(*), count(*) FILTER (WHERE redo_from IS NOT NULL OR until < now() - INTERVAL '6 min') FROM indicator_series
"""
LATE = f"""
SELECT s.bar, extract(epoch FROM c.stored_at - c.start_time - INTERVAL '{LATENESS.seconds} s')::float8
     - CASE s.bar WHEN 'PT1M' THEN 60 ELSE 300 END AS late
FROM indicator_change AS c JOIN indicator_series AS s ON s.id = c.series_id
WHERE c.start_time >= $1 AND c.end_time = c.start_time + INTERVAL '1 microsecond'
"""


async def trade(database: Database, instrument: Instrument, minutes: int, stop: asyncio.Event) -> None:
    """Some history, then a trade again and again."""
    trades, random, price, sequence = Trades(database, LATENESS), Random(instrument.id), Decimal(100), 0
    now = datetime.now(UTC)
    past = []
    for minute in range(minutes, 0, -1):
        price += Decimal(random.randint(-9, 9)) / 100
        sequence += 1
        past.append(Trade(sequence, price, Decimal(2), Side.BUY, now - minute * MINUTE))
    await trades.insert(delivery(instrument, past, now))
    while not stop.is_set():
        await asyncio.sleep(EVERY * random.uniform(0.5, 1.5))
        price += Decimal(random.randint(-9, 9)) / 100
        sequence += 1
        now = datetime.now(UTC)
        await trades.insert(delivery(instrument, [Trade(sequence, price, Decimal(2), Side.BUY, now)], now))


async def unfinished(database: Database, count: int) -> bool:
    """Whether some of the past is still to be computed."""
    async with database.driver() as driver:
        [row] = await driver.fetch(BEHIND)
    return bool(row[0] < count * SERIES or row[1])


async def measure(database: Database, count: int, minutes: int, history: int) -> None:
    instruments = [await new_instrument(database) for _ in range(count)]
    keys, rules, stop = [each.key for each in instruments], parse_rules(RULES), asyncio.Event()

    async def watched() -> Sequence[InstrumentKey]:
        return keys

    clock = SystemClock()
    keeping = Keeping(
        rules, watched, Instruments(database), KeptIndicators(database), Candles(database, clock, LATENESS),
        StoredCommits(database), StoredLeases(database), clock, LATENESS,
    )  # fmt: skip
    async with asyncio.TaskGroup() as group:
        for each in instruments:
            group.create_task(trade(database, each, history, stop))
        await asyncio.sleep(5)
        begun = time.monotonic()
        group.create_task(keep_indicators(keeping, stop))
        while await unfinished(database, count):  # noqa: ASYNC110  (the database has no event)
            await asyncio.sleep(1)
        print(f"  all of the past was stored after {time.monotonic() - begun:.1f} s")
        began = datetime.now(UTC).replace(second=0, microsecond=0)
        await asyncio.sleep((minutes + 1) * 60 + 15 - datetime.now(UTC).second)
        stop.set()
    async with database.driver() as driver:
        rows = await driver.fetch(LATE, began)
    for bar in ("PT1M", "PT5M"):
        late = sorted(row["late"] * 1e3 for row in rows if row["bar"] == bar)
        if len(late) > 1:
            cuts = statistics.quantiles(late, n=100, method="inclusive")
            print(f"  {bar}: {len(late):>6,} values, ms: p50 {cuts[49]:.0f}, p99 {cuts[98]:.0f}, most {late[-1]:.0f}")


async def follow(instruments: int, minutes: int, history: int) -> None:
    """On the first edition that this machine offers."""
    async with editions() as offers:
        offer = offers[0]
        print(f"{offer.version}: {instruments} instruments, 12 indicators of M1 and 5 of M5 each")
        async with fresh(offer) as (_, database):
            await measure(database, instruments, minutes, history)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instruments", type=int, default=25)
    parser.add_argument("--minutes", type=int, default=4)
    parser.add_argument("--history", type=int, default=2_000)
    given = parser.parse_args()
    asyncio.run(follow(given.instruments, given.minutes, given.history))


if __name__ == "__main__":
    main()
