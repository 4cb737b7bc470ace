"""A backtest from the mutation through the queue to its result, by a worker that computes."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from redis.asyncio import Redis

from candlewick.bus.status import RedisStatusBoard
from candlewick.domain.access import Role
from candlewick.domain.day import DayCandle, DayLines
from candlewick.jobs.worker import run_worker
from candlewick.ports import DayDelivery
from candlewick.settings import Settings, WorkerSettings
from candlewick.storage.days import Days
from candlewick.storage.engine import Database
from candlewick.storage.keys import ApiKeys
from candlewick.storage.leases import StoredLeases
from candlewick.wiring import Services
from graphql_client import Services as ApiServices
from graphql_client import ask, client
from integration.jobs.conftest import Valkey
from markets import LATER, FrozenClock, new_instrument
from working import HANGS

SUBMIT = """mutation B($input: BacktestInput!) { backtest(input: $input) {
  ... on Job { id } ... on Problem { message } } }"""
LOOK = """query J($id: ID!) { job(id: $id) { status error progress { stored }
  backtests { number strategy revision candles statistics { trades finalEquity } equity(points: 10) { equity }
              trades(first: 2) { nodes { number profit } } } } }"""


async def test_the_api_asks_a_worker_computes_and_the_result_is_there(database: Database, valkey: Valkey) -> None:
    instrument = await new_instrument(database)
    random = np.random.default_rng(2)
    prices = [Decimal(int(each)) / 4 for each in 400 + np.cumsum(random.integers(-9, 10, 200))]
    days = [DayCandle(date(2020, 1, 1) + timedelta(days=number), *[price] * 4) for number, price in enumerate(prices)]
    await Days(database).put(DayDelivery(instrument, "test", DayLines(days), LATER))
    asked: dict[str, Any] = {
        "instruments": [str(instrument.key)],
        "spec": {"interval": "D1"},
        "range": {"from": "2020-01-01T00:00:00Z", "to": "2020-07-01T00:00:00Z"},
        "strategy": {"name": "sma_cross", "parameters": [{"name": "fast", "value": 3}, {"name": "slow", "value": 8}]},
    }
    _, secret = await ApiKeys(database, FrozenClock()).create("test", Role.OPERATOR)
    async with client(database) as api:
        api.headers["x-api-key"] = secret
        good = (await ask(api, SUBMIT, input=asked))["backtest"]["id"]
        asked["strategy"]["parameters"][1]["value"] = 190
        short = (await ask(api, SUBMIT, input=asked))["backtest"]["id"]
        async with asyncio.timeout(HANGS):
            await _work_until_over(database, valkey, api, [good, short])
        found = (await ask(api, LOOK, id=good))["job"]
        failed = (await ask(api, LOOK, id=short))["job"]
    assert (found["status"], found["progress"]["stored"]) == ("SUCCEEDED", "1")
    [result] = found["backtests"]
    assert (result["candles"], result["revision"], len(result["equity"])) == (182, "1", 10)
    assert result["statistics"]["trades"] > 3
    assert [each["number"] for each in result["trades"]["nodes"]] == [1, 2]
    assert (failed["status"], failed["backtests"]) == ("FAILED", [])
    assert "sma_cross takes 190 candles for its first value, there are 182" in failed["error"]


async def _work_until_over(database: Database, valkey: Valkey, api: Any, jobs: list[str]) -> None:
    services = ApiServices(database)
    parts = SimpleNamespace(
        database=database, jobs=services.jobs, leases=StoredLeases(database), sources={},
        backtesting=services.backtesting, bar_building=services.bar_building,
    )  # fmt: skip
    stop = asyncio.Event()
    async with Redis.from_url(valkey.url) as redis:
        parts.redis, parts.status_board = redis, RedisStatusBoard(redis)
        settings = Settings(worker=WorkerSettings(duties="cpu", stop_timeout=timedelta(seconds=2)))
        working = asyncio.create_task(run_worker(cast("Services", parts), valkey.url, settings, stop))
        try:
            while True:
                states = [(await ask(api, LOOK, id=each))["job"]["status"] for each in jobs]
                if all(state in {"SUCCEEDED", "FAILED"} for state in states):
                    break
                assert not working.done()
                await asyncio.sleep(0.1)
        finally:
            stop.set()
            await working
