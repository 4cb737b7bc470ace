"""The newest price of many instruments: read from the database each time, or through the cache in Redis.

Both are asked in turn by the same readers in one process; the ratio is of the medians of the rounds.

    python bench/latest.py [--instruments 200] [--readers 32] [--seconds 4]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from redis.asyncio import Redis

from candlewick.bus.latest import CachedLatest
from candlewick.domain.market import InstrumentId, Side, Trade
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.embedded import private_services
from candlewick.ports import LatestQuotes, QuoteDelivery
from candlewick.storage.engine import Database
from candlewick.storage.quotes import Quotes
from candlewick.storage.trades import Trades
from servers import delivery, editions, fresh, new_instrument

ROUNDS = 3


async def fill(database: Database, instruments: int) -> list[InstrumentId]:
    """Instruments with a day of quotes, every other one with trades as well."""
    now, keys = datetime.now(UTC), []
    for number in range(instruments):
        instrument = await new_instrument(database)
        moments = [now - timedelta(minutes=10 * n) for n in range(144)]
        lines = QuoteLines([Quote(moment, Decimal(100 + n)) for n, moment in enumerate(moments)])
        await Quotes(database).put(QuoteDelivery(instrument, "bench", lines, now))
        if number % 2:
            trades = [Trade(n, Decimal(7), Decimal(1), Side.BUY, moment) for n, moment in enumerate(moments)]
            await Trades(database).insert(delivery(instrument, trades, now))
        keys.append(instrument.id)
    return keys


async def asked(store: LatestQuotes, keys: list[InstrumentId], readers: int, seconds: float) -> float:
    """Answers a second, each of all the keys."""
    until, answers = time.monotonic() + seconds, 0

    async def read() -> None:
        nonlocal answers
        while time.monotonic() < until:
            assert len(await store.latest(keys)) == len(keys)
            answers += 1

    await asyncio.gather(*(read() for _ in range(readers)))
    return answers / seconds


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instruments", type=int, default=200)
    parser.add_argument("--readers", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=4)
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="candlewick-latest-")))
        address = stack.enter_context(private_services(folder, database=False)).redis
        assert address is not None
        async with editions() as offers, Redis.from_url(address) as redis:
            print(f"{given.readers} readers of the newest price of {given.instruments} instruments, answers a second")
            for offer in offers:
                async with fresh(offer) as (_, database):
                    keys = await fill(database, given.instruments)
                    bare, cached = Quotes(database), CachedLatest(redis, Quotes(database))
                    await redis.flushall()
                    rounds = [
                        [await asked(store, keys, given.readers, given.seconds) for store in (bare, cached)]
                        for _ in range(ROUNDS)
                    ]
                    slow, fast = (statistics.median(column) for column in zip(*rounds, strict=True))
                    print(f"  {offer.edition:<22} database {slow:8.0f}   cache {fast:8.0f}   ratio {fast / slow:.1f}")


if __name__ == "__main__":
    asyncio.run(main())
