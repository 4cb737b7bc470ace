"""Reports and budgets through a Redis that may be away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from redis.asyncio import Redis

from candlewick.bus.budget import RedisBudgets
from candlewick.bus.status import KEYS, RedisStatusBoard
from candlewick.domain.errors import RedisUnavailable
from candlewick.domain.source import CircuitStatus, ProcessReport
from candlewick.jobs import reporting
from candlewick.jobs.reporting import keep_reporting
from candlewick.jobs.rounds import Pace
from integration.jobs.conftest import Valkey, valkey
from unit.bus.test_status import REPORT
from working import HANGS

__all__ = ["valkey"]


async def test_processes_hear_of_each_other(valkey: Valkey) -> None:
    async with Redis.from_url(valkey.url) as redis:
        first, second = RedisStatusBoard(redis), RedisStatusBoard(redis)
        await first.publish(REPORT)
        await second.publish(ProcessReport())
        await first.publish(REPORT)
        await redis.set(f"{KEYS}older", b"not JSON")

        found = await second.reports()
        remaining = await redis.ttl(next(iter(await redis.keys(f"{KEYS}*:*"))))

    assert sorted(len(report.circuits) for report in found) == [0, 1]
    assert 0 < remaining <= 20


async def test_what_is_left_of_budgets_is_told_with_their_pauses(valkey: Valkey) -> None:
    async with Redis.from_url(valkey.url) as redis:
        budgets = RedisBudgets(redis)
        await budgets("binance", 100).spend(30)
        await budgets("binance", 100).learn(45)
        await budgets("kraken", 1, span=timedelta(seconds=2)).pause(60)

        binance, kraken = await budgets.statuses()

    assert (binance.name, binance.limit, binance.used, binance.left, binance.paused_for) == (
        "binance", 100, 45, 55, None,
    )  # fmt: skip
    assert (kraken.span, kraken.used) == (timedelta(seconds=2), 0)
    assert kraken.paused_for is not None
    assert timedelta(seconds=50) < kraken.paused_for <= timedelta(minutes=1)


async def test_what_was_spent_long_ago_does_not_count(valkey: Valkey) -> None:
    async with Redis.from_url(valkey.url) as redis:
        budgets = RedisBudgets(redis)
        await budgets("binance", 100).spend(30)
        [(slice_, weight)] = (await redis.hgetall("candlewick:budget:binance:used")).items()
        await redis.hset("candlewick:budget:binance:used", str(int(slice_) - 20), weight)

        [binance] = await budgets.statuses()

    assert binance.used == 30


async def test_a_redis_that_is_away_is_said_to_be(valkey: Valkey) -> None:
    valkey.stop()
    async with Redis.from_url(valkey.url) as redis:
        with pytest.raises(RedisUnavailable):
            await RedisStatusBoard(redis).reports()
        with pytest.raises(RedisUnavailable):
            await RedisStatusBoard(redis).publish(REPORT)
        with pytest.raises(RedisUnavailable):
            await RedisBudgets(redis).statuses()


async def test_a_process_goes_on_reporting_after_redis_was_away_and_takes_its_word_back_in_the_end(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "Pace", lambda _: Pace(timedelta(milliseconds=20), timedelta(milliseconds=40)))
    circuits: Sequence[CircuitStatus] = REPORT.circuits
    sources: Any = {"binance": SimpleNamespace(circuits=lambda: circuits)}
    async with Redis.from_url(valkey.url) as redis:
        board, stop = RedisStatusBoard(redis), asyncio.Event()
        valkey.stop()
        task = asyncio.create_task(keep_reporting(board, sources, stop))
        await asyncio.sleep(0.1)
        valkey.start()
        async with asyncio.timeout(HANGS):
            while not await heard(board):  # noqa: ASYNC110  (another process has no event to wait for)
                await asyncio.sleep(0.05)
        stop.set()
        await task

        assert [report.circuits for report in await board.reports()] == [[]]


async def heard(board: RedisStatusBoard) -> bool:
    """Whether some process says something of its circuits."""
    try:
        return any(report.circuits for report in await board.reports())
    except RedisUnavailable:
        return False
