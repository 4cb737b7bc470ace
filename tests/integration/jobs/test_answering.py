"""Indicators through the API, computed by a worker's lanes over a real Redis and a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import numpy as np
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from candlewick.bus.indicators import RemoteIndicators
from candlewick.bus.questions import RedisQuestions
from candlewick.domain.candle import MinuteCandle
from candlewick.domain.market import Instrument
from candlewick.graphql.app import HttpOptions, create_app
from candlewick.indicators.catalogue import CATALOGUE
from candlewick.indicators.compute import compute
from candlewick.indicators.series import CandleSeries
from candlewick.jobs.answering import Answering, keep_answering, prepared
from candlewick.ports import ColumnReads
from candlewick.storage.candles import Candles
from candlewick.storage.commit_log import StoredCommits
from candlewick.storage.engine import Database
from graphql_client import Services, ask
from integration.jobs.conftest import Valkey
from markets import LATER, FrozenClock, new_instrument
from working import HANGS

START = datetime(2024, 8, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
COUNT = 1_500
QUERY = """query Q($key: String!, $of: [IndicatorInput!]!, $range: TimeRange, $last: Int, $spec: BarSpec!) {
  instrument(key: $key) {
    indicators(spec: $spec, of: $of, range: $range, last: $last) { name outputs points { openTime values stable } }
  }
}"""


def minute(number: int, close: str | None = None) -> MinuteCandle:
    price = 60_000 + Decimal((number * 7919) % 1_000) / 4 if close is None else Decimal(close)
    opened = 60_000 + Decimal(((number - 1) * 7919) % 1_000) / 4
    high, low = max(price, opened) + number % 5, min(price, opened) - number % 3
    volume = Decimal(number % 11 + 1) / 8
    return MinuteCandle(START + number * MINUTE, opened, high, low, price, volume, None, None, None, None)


def series(minutes: list[MinuteCandle]) -> CandleSeries:
    opens = np.array(
        [(each.open_time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) for each in minutes]
    )
    columns = (np.array([float(getattr(each, name)) for each in minutes]) for name in CandleSeries.__slots__[1:])
    return CandleSeries(opens, *columns)


class CountedReads:
    """The candles, counting how often they are read."""

    def __init__(self, candles: ColumnReads) -> None:
        self._candles = candles
        self.reads = 0

    async def read_columns(self, *arguments: Any) -> Mapping[Any, Any]:
        self.reads += 1
        return await self._candles.read_columns(*arguments)


@asynccontextmanager
async def worker(redis: Redis, candles: ColumnReads) -> AsyncIterator[None]:
    """One that answers, told to stop at the end."""
    stop = asyncio.Event()
    questions = RedisQuestions(redis, "indicators")
    answering = Answering(questions, prepared(candles, 50_000), 2, timedelta(minutes=1))
    working = asyncio.create_task(keep_answering(answering, stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(HANGS):
            await working


@asynccontextmanager
async def api(redis: Redis, database: Database, patience: float = HANGS) -> AsyncIterator[httpx.AsyncClient]:
    """A server of its own, which asks workers."""
    services = Services(database)
    questions = RedisQuestions(redis, "indicators", patience=timedelta(seconds=patience))
    services.indicators = RemoteIndicators(questions, StoredCommits(database))
    app = create_app(services, HttpOptions(anonymous=True))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client


@pytest.fixture
async def redis(valkey: Valkey) -> AsyncIterator[Redis]:
    client: Redis = Redis.from_url(valkey.url)
    yield client
    await client.aclose()


@pytest.fixture
async def instrument(database: Database) -> Instrument:
    made = await new_instrument(database)
    minutes = [minute(number) for number in range(COUNT)]
    await Candles(database, FrozenClock()).put_published(made, minutes, received_at=LATER)
    return made


async def indicators(client: httpx.AsyncClient, instrument: Instrument, *names: str, **variables: Any) -> Any:
    given = {"spec": {"interval": "M1"}, **variables}
    data = await ask(client, QUERY, key=str(instrument.key), of=[{"name": name} for name in names], **given)
    return data["instrument"]["indicators"]


async def until_it_answers(redis: Redis) -> None:
    async with asyncio.timeout(HANGS):
        while True:
            try:
                await redis.ping()
            except (RedisError, OSError):
                await asyncio.sleep(0.05)
            else:
                return


async def test_all_indicators_are_those_of_the_catalogue(
    redis: Redis, database: Database, instrument: Instrument
) -> None:
    whole = series([minute(number) for number in range(COUNT)])
    between = {"from": str(START + 1_400 * MINUTE).replace(" ", "T"), "to": "2024-08-09T00:00:00Z"}
    async with worker(redis, Candles(database, FrozenClock())), api(redis, database) as client:
        names = list(CATALOGUE)
        found = [
            *await indicators(client, instrument, *names[:20], range=between),
            *await indicators(client, instrument, *names[20:], range=between),
        ]

    assert [each["name"] for each in found] == names
    for each in found:
        wanted = compute(whole, CATALOGUE[each["name"]], {})
        assert len(each["points"]) == 40
        assert all(point["stable"] for point in each["points"])
        for position, output in enumerate(wanted.outputs):
            values = [point["values"][position] for point in each["points"]]
            np.testing.assert_allclose(values, output[1_400:1_440], rtol=1e-9, atol=1e-9)
    assert found[0]["points"][0]["openTime"] == "2024-08-08T23:20:00Z"


async def test_the_same_is_computed_once_and_a_correction_is_seen_at_once(
    redis: Redis, database: Database, instrument: Instrument
) -> None:
    candles = CountedReads(Candles(database, FrozenClock()))
    async with worker(redis, candles), api(redis, database) as one, api(redis, database) as other:
        questions = [indicators(client, instrument, "sma", last=10) for client in (one, other) * 5]
        answers = await asyncio.gather(*questions)
        assert candles.reads == 1
        assert all(answer == answers[0] for answer in answers)

        await Candles(database, FrozenClock()).put_published(instrument, [minute(1_495, "99000")], received_at=LATER)
        corrected = await indicators(other, instrument, "sma", last=10)
        assert candles.reads == 2

    before, after = ([point["values"][0] for point in answer[0]["points"]] for answer in (answers[0], corrected))
    change = (99_000 - float(minute(1_495).close)) / 20
    np.testing.assert_allclose(np.array(after) - np.array(before), [0] * 5 + [change] * 5, atol=1e-6)


async def test_too_little_history_is_told_by_the_worker_with_its_facts(
    redis: Redis, database: Database, instrument: Instrument
) -> None:
    async with worker(redis, Candles(database, FrozenClock())), api(redis, database) as client:
        variables = {"key": str(instrument.key), "of": [{"name": "rsi"}], "spec": {"interval": "D1"}}
        body = (await client.post("/graphql", json={"query": QUERY, "variables": variables})).json()

    [error] = body["errors"]
    assert error["message"].startswith("rsi takes 15 candles for its first value, there are 2")
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "indicator": "rsi", "needed": 15, "given": 2}


async def test_without_a_worker_the_wait_ends_and_one_that_comes_is_used(
    redis: Redis, database: Database, instrument: Instrument
) -> None:
    async with api(redis, database, patience=0.3) as hasty:
        variables = {"key": str(instrument.key), "of": [{"name": "rsi"}], "spec": {"interval": "M1"}}
        body = (await hasty.post("/graphql", json={"query": QUERY, "variables": variables})).json()
    assert body["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert "no worker with the duty `indicators` answered" in body["errors"][0]["message"]

    async with api(redis, database) as patient:
        asking = asyncio.create_task(indicators(patient, instrument, "rsi", last=3))
        async with worker(redis, Candles(database, FrozenClock())):
            assert len((await asking)[0]["points"]) == 3


async def test_a_fault_is_told_and_the_lane_goes_on(redis: Redis, database: Database, instrument: Instrument) -> None:
    class Faulty(CountedReads):
        async def read_columns(self, *arguments: Any) -> Mapping[Any, Any]:
            if not self.reads:
                self.reads += 1
                raise LookupError("a mistake of ours")
            return await super().read_columns(*arguments)

    candles = Faulty(Candles(database, FrozenClock()))
    async with worker(redis, candles), api(redis, database) as client:
        variables = {"key": str(instrument.key), "of": [{"name": "rsi"}], "spec": {"interval": "M1"}}
        body = (await client.post("/graphql", json={"query": QUERY, "variables": variables})).json()
        assert body["errors"][0]["message"] == "a worker could not compute this: its log says why"
        assert await indicators(client, instrument, "sma", last=3)


async def test_a_restart_of_redis_is_survived(
    valkey: Valkey, redis: Redis, database: Database, instrument: Instrument
) -> None:
    async with worker(redis, Candles(database, FrozenClock())), api(redis, database) as client:
        assert await indicators(client, instrument, "sma", last=3)
        valkey.stop()
        body = {"key": str(instrument.key), "of": [{"name": "rsi"}], "spec": {"interval": "M1"}}
        answer = (await client.post("/graphql", json={"query": QUERY, "variables": body})).json()
        assert answer["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
        valkey.start()
        await until_it_answers(redis)
        assert await indicators(client, instrument, "rsi", last=3)
