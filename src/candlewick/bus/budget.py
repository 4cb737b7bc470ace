"""A rate budget that all workers share through Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from math import ceil
from random import uniform
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from candlewick.domain.errors import RateLimited, RedisUnavailable, SettingsError
from candlewick.domain.source import BudgetStatus

log = structlog.get_logger(__name__)

MINUTE: Final = timedelta(minutes=1)
_SLICES: Final = 12
_LONGEST_SLEEP: Final = 5.0
"""Seconds, after which it is looked again: a pause may have come or gone."""
_WAITED_OUT: Final = 60.0
"""Seconds of pause that are waited for; a job should not hold its lease for a ban of hours."""
_LONG_SLICE_MS: Final = 3_600_000 // _SLICES
"""Of an hour's budget. One that is for longer has room again when it is too late to wait for."""
_FIRST_RETRY: Final = 0.05

# Weights lie in slices of a twelfth of the span (a minute) by Redis's own clock. What was spent in any minute, wherever
# the provider lets its minutes begin, never exceeds the limit: a slice counts until all of it is a minute old.
_SHARED: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local width = tonumber(ARGV[1])
local slice = math.floor(now / width)
local used, slices = 0, {}
local kept = redis.call('HGETALL', KEYS[1])
for at = 1, #kept, 2 do
  local number = tonumber(kept[at])
  if number + tonumber(ARGV[2]) < slice then
    redis.call('HDEL', KEYS[1], kept[at])
  else
    local weight = tonumber(kept[at + 1])
    used = used + weight
    slices[#slices + 1] = {number, weight}
  end
end
local function add(weight)
  redis.call('HINCRBY', KEYS[1], string.format('%d', slice), weight)
  redis.call('PEXPIRE', KEYS[1], width * (tonumber(ARGV[2]) + 2))
end
"""
_SPEND: Final = (
    """
local paused = redis.call('PTTL', KEYS[2])
if paused > 0 then return {'paused', paused} end
"""
    + _SHARED
    + """
local weight, limit = tonumber(ARGV[3]), tonumber(ARGV[4])
if used + weight <= limit then
  add(weight)
  return {'taken', 0}
end
table.sort(slices, function(a, b) return a[1] < b[1] end)
for _, each in ipairs(slices) do
  used = used - each[2]
  if used + weight <= limit then
    return {'full', (each[1] + tonumber(ARGV[2]) + 1) * width - now}
  end
end
return {'full', width}
"""
)
_LEARN: Final = (
    _SHARED
    + """
local missing = tonumber(ARGV[3]) - used
if missing > 0 then add(missing) end
return missing
"""
)
_PAUSE: Final = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) end
return 1
"""


class RedisBudgets:
    """Makes the budgets of this process (`providers.provider.Budgets`), and tells what is left of them."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._made: dict[str, tuple[int, timedelta]] = {}

    def __call__(self, name: str, limit: int, *, span: timedelta = MINUTE) -> RedisBudget:
        """The budget of that name."""
        self._made[name] = (limit, span)
        return RedisBudget(self._redis, name, limit, span=span)

    async def statuses(self) -> list[BudgetStatus]:
        """See `BudgetReads.statuses`: one round trip, whatever their number."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.time()
                for name in self._made:
                    pipe.hgetall(_used_key(name))
                    pipe.pttl(_pause_key(name))
                (seconds, microseconds), *answers = await pipe.execute()
        except (RedisError, OSError) as error:
            raise RedisUnavailable("its address", str(error)) from error
        now = seconds * 1000 + microseconds // 1000
        return [
            BudgetStatus(name, limit, span, _used(kept, now // _slice_ms(span) - _SLICES), _pause(paused))
            for (name, (limit, span)), kept, paused in zip(self._made.items(), answers[::2], answers[1::2], strict=True)
        ]


def _used(kept: Mapping[bytes, bytes], oldest: int) -> int:
    return sum(int(weight) for number, weight in kept.items() if int(number) >= oldest)


def _pause(milliseconds: int) -> timedelta | None:
    return timedelta(milliseconds=milliseconds) if milliseconds > 0 else None


def _slice_ms(span: timedelta) -> int:
    return ceil(span.total_seconds() * 1000 / _SLICES)


def _used_key(name: str) -> str:
    return f"candlewick:budget:{name}:used"


def _pause_key(name: str) -> str:
    return f"candlewick:budget:{name}:paused"


class RedisBudget:
    """A RateBudget of `limit` a minute for all who give it the same name. Nobody asks while Redis is away."""

    def __init__(
        self,
        redis: Redis,
        name: str,
        limit: int,
        *,
        span: timedelta = MINUTE,
        patience: timedelta = timedelta(seconds=10),
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`span`: what `limit` is for, if not a minute. `patience`: how long a Redis that is away is waited for."""
        self._name = name
        self._limit = limit
        self._slice_ms = _slice_ms(span)
        self._patience = patience
        self._sleep = pause
        self._used_key = _used_key(name)
        self._pause_key = _pause_key(name)
        self._spend = redis.register_script(_SPEND)
        self._learn = redis.register_script(_LEARN)
        self._paused = redis.register_script(_PAUSE)

    async def spend(self, weight: int) -> None:
        """See `RateBudget.spend`.

        Raises:
            SettingsError: it weighs more than a whole minute's budget.
            RateLimited: the provider's pause is longer than what is worth waiting for.
            RedisUnavailable: nobody can say what the others ask for.
        """
        if weight > self._limit:
            raise SettingsError(
                f"one request to {self._name} weighs {weight}, its budget is {self._limit} a minute: raise its "
                "weight_per_minute"
            )
        while True:
            answer, milliseconds = await self._patiently(lambda: self._take(weight))
            if answer == b"taken":
                return
            wait = milliseconds / 1000
            if answer == b"paused" and wait > _WAITED_OUT:
                raise RateLimited(self._name, "it told us to keep away", wait)
            if answer == b"full" and wait > _WAITED_OUT and self._slice_ms > _LONG_SLICE_MS:
                raise RateLimited(self._name, f"all {self._limit} of its requests are used for now", wait)
            log.debug("budget_waited_for", name=self._name, weight=weight, answer=answer.decode(), seconds=wait)
            await self._sleep(min(wait, _LONGEST_SLEEP) + uniform(0, 0.05))  # noqa: S311  (not all at once)

    async def learn(self, used: int) -> None:
        """See `RateBudget.learn`: the larger of the provider's count and ours holds."""
        try:
            await self._learn(keys=[self._used_key], args=[self._slice_ms, _SLICES, used])
        except (RedisError, OSError) as error:
            # The answer is here and counts; the next request waits for Redis anyway.
            log.warning("budget_not_learned", name=self._name, used=used, reason=str(error))

    async def pause(self, seconds: float) -> None:
        """See `RateBudget.pause`. A longer pause that is under way stays.

        Raises:
            RedisUnavailable: the others cannot be told.
        """
        if seconds > 0:
            milliseconds = ceil(seconds * 1000)
            await self._patiently(lambda: self._paused(keys=[self._pause_key], args=[milliseconds]))

    async def _take(self, weight: int) -> tuple[bytes, int]:
        answer, milliseconds = await self._spend(
            keys=[self._used_key, self._pause_key], args=[self._slice_ms, _SLICES, weight, self._limit]
        )
        return (answer if isinstance(answer, bytes) else str(answer).encode()), int(milliseconds)

    async def _patiently[Result](self, ask: Callable[[], Awaitable[Result]]) -> Result:
        """What Redis says; a Redis that is away for a moment is waited for."""
        reason, retry = "no answer", _FIRST_RETRY
        try:
            async with asyncio.timeout(self._patience.total_seconds()):
                while True:
                    try:
                        return await ask()
                    except (RedisError, OSError) as error:
                        reason = str(error) or type(error).__name__
                    await asyncio.sleep(retry)
                    retry = min(retry * 2, 1.0)
        except TimeoutError as exc:
            raise RedisUnavailable("its address", f"{reason}; {self._name} is not asked without its budget") from exc
