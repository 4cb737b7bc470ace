"""The budget without its Redis: nobody asks unbudgeted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from candlewick.bus.budget import RedisBudget
from candlewick.domain.errors import RedisUnavailable, SettingsError

NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
def budget() -> RedisBudget:
    return RedisBudget(Redis.from_url(NOBODY), "binance", 100, patience=timedelta(milliseconds=80))


async def test_without_redis_nothing_is_spent(budget: RedisBudget) -> None:
    with pytest.raises(RedisUnavailable, match="binance is not asked without its budget") as caught:
        await budget.spend(1)

    assert caught.value.retryable


async def test_without_redis_a_pause_cannot_be_told(budget: RedisBudget) -> None:
    with pytest.raises(RedisUnavailable):
        await budget.pause(5)


async def test_without_redis_a_count_is_not_learned_and_that_is_said(budget: RedisBudget) -> None:
    with capture_logs() as logs:
        await budget.learn(50)

    assert [each["event"] for each in logs] == ["budget_not_learned"]


async def test_a_request_that_no_minute_has_room_for_is_a_wrong_setting(budget: RedisBudget) -> None:
    with pytest.raises(SettingsError, match="weighs 101, its budget is 100 a minute: raise its weight_per_minute"):
        await budget.spend(101)
