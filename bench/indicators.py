"""Indicators on request: from the question to the answer, against reading and computing the same in this process.

A worker of its own process answers over Redis; nothing is taken from the cache, since no two questions are the same.
Each question is also read and computed here, in turn; `beyond` is how much longer the way over the worker took.

    python bench/indicators.py [--candles 100000] [--questions 50]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
from redis.asyncio import Redis

from candlewick.bus.indicators import SUBJECT, RemoteIndicators
from candlewick.bus.questions import RedisQuestions
from candlewick.clock import SystemClock
from candlewick.domain.candle import MinuteCandle
from candlewick.domain.hours import TimeBar
from candlewick.domain.indicator_query import IndicatorChoice, IndicatorPage, IndicatorQuery
from candlewick.domain.interval import Interval
from candlewick.domain.market import Instrument
from candlewick.embedded import private_services
from candlewick.graphql.app import HttpOptions, create_app
from candlewick.indicators.catalogue import CATALOGUE
from candlewick.indicators.compute import compute, warm_up
from candlewick.pipeline.indicating import Indicating
from candlewick.storage.candles import Candles
from candlewick.storage.commit_log import StoredCommits
from candlewick.storage.engine import Database
from servers import editions, fresh, new_instrument

START = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SHAPES = {
    "rsi of 100 minutes": (("rsi",), 100),
    "macd, rsi, bollinger of 500": (("macd", "rsi", "bollinger"), 500),
    "twenty of 1,000": (tuple(name for name in CATALOGUE if name not in {"obv", "ad"})[:20], 1_000),
    "supertrend of 5,000": (("supertrend",), 5_000),
}
QUERY = """query Q($key: String!, $of: [IndicatorInput!]!, $last: Int!) {
  instrument(key: $key) {
    indicators(spec: {interval: M1}, of: $of, last: $last) { name points { openTime values stable } }
  }
}"""


async def fill(database: Database, count: int) -> Instrument:
    """An instrument with so many minutes."""
    instrument, candles = await new_instrument(database), Candles(database, SystemClock())
    prices = [60_000 + Decimal((number * 7919) % 1_000) / 4 for number in range(count)]
    minutes = [
        MinuteCandle(
            START + number * MINUTE, prices[number - 1], max(prices[number - 1 : number + 1] or [price, prices[-1]]),
            min(prices[number - 1 : number + 1] or [price, prices[-1]]), price, Decimal(number % 11 + 1) / 8,
            None, None, None, None,
        )
        for number, price in enumerate(prices)
    ]  # fmt: skip
    for begin in range(0, count, 20_000):
        await candles.put_published(instrument, minutes[begin : begin + 20_000], received_at=datetime.now(UTC))
    return instrument


@asynccontextmanager
async def worker(database_url: str, redis_url: str, redis: Redis) -> AsyncIterator[None]:
    """A process that answers; it is asked for nothing until it is ready."""
    environment = {**os.environ, "CANDLEWICK_DATABASE__URL": database_url, "CANDLEWICK_REDIS__URL": redis_url}
    command = [sys.executable, "-m", "candlewick", "worker", "--only", "indicators"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)  # noqa: ASYNC220
    try:
        while not await _blocked(redis):  # noqa: ASYNC110  (another process has no event to wait for)
            await asyncio.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(60)


async def _blocked(redis: Redis) -> bool:
    """Whether somebody waits for a question."""
    return any(client["cmd"] == "blpop" for client in await redis.client_list())


async def took[Result](run: Callable[[], Awaitable[Result]]) -> tuple[float, Result]:
    begun = time.perf_counter()
    found = await run()
    return (time.perf_counter() - begun) * 1e3, found


def figures(milliseconds: Sequence[float]) -> str:
    ordered = sorted(milliseconds)
    return f"{statistics.median(ordered):8.1f} {ordered[int(len(ordered) * 0.99)]:8.1f}"


async def measure(
    instrument: Instrument, names: Sequence[str], limit: int, questions: int, here: Indicating, desk: RemoteIndicators,
    api: httpx.AsyncClient,
) -> str:  # fmt: skip
    alone, asked, whole = [], [], []
    for number in range(questions):
        choices = tuple(IndicatorChoice.of(CATALOGUE[name], {}) for name in names)
        query = IndicatorQuery(instrument.id, TimeBar(Interval.M1.duration), choices, limit + number)
        mine, ours = await took(lambda query=query: here.page(query))  # type: ignore[misc]
        theirs, page = await took(lambda query=query: desk.page(query))  # type: ignore[misc]
        assert same(ours, page)
        variables = {"key": str(instrument.key), "of": [{"name": name} for name in names], "last": limit - 1 - number}
        body = {"query": QUERY, "variables": variables}
        through, answer = await took(lambda body=body: api.post("/graphql", json=body))  # type: ignore[misc]
        assert "errors" not in answer.json(), answer.text
        alone.append(mine)
        asked.append(theirs)
        whole.append(through)
    beyond = [theirs - mine for theirs, mine in zip(asked, alone, strict=True)]
    return f"{figures(alone)}  {figures(asked)}  {figures(beyond)}  {figures(whole)}"


def same(ours: IndicatorPage, theirs: IndicatorPage) -> bool:
    return list(ours.open_times) == list(theirs.open_times) and all(
        one.stable_from == other.stable_from for one, other in zip(ours.lines, theirs.lines, strict=True)
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candles", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=50)
    given = parser.parse_args()
    warm_up()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="candlewick-indicators-")))
        address = stack.enter_context(private_services(folder, database=False)).redis
        assert address is not None
        executor = stack.enter_context(ThreadPoolExecutor(1))
        async with editions() as offers, Redis.from_url(address) as redis:
            for offer in offers[:1]:
                async with fresh(offer) as (url, database):
                    instrument = await fill(database, given.candles)
                    await run(instrument, database, url, address, redis, executor, given.questions)


async def run(
    instrument: Instrument, database: Database, url: str, address: str, redis: Redis, executor: ThreadPoolExecutor,
    questions: int,
) -> None:  # fmt: skip
    from graphql_client import Services

    candles = Candles(database, SystemClock())
    desk = RemoteIndicators(RedisQuestions(redis, SUBJECT), StoredCommits(database))
    services = Services(database)
    services.indicators = desk
    app = create_app(services, HttpOptions(anonymous=True))
    async with (
        worker(url, address, redis),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as api,
    ):
        print(f"ms, median and p99{'here':>24}{'over a worker':>20}{'beyond':>16}{'through GraphQL':>22}")
        for title, (names, limit) in SHAPES.items():
            count = min(questions, limit - 1)
            here = Indicating(candles, compute, executor)
            print(f"  {title:<30}{await measure(instrument, names, limit, count, here, desk, api)}")


if __name__ == "__main__":
    asyncio.run(main())
