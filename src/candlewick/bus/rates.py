"""How often each key and each address may ask, counted by all servers together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from candlewick.domain.rate import Allowance, Bucket, allowances

log = structlog.get_logger(__name__)

_PATIENCE: Final = 0.25
"""Seconds that a request waits for Redis."""
_AWAY: Final = 2.0
"""Seconds for which a Redis that did not answer is not asked."""
_MOST_COUNTED: Final = 20_000
"""Subjects that a server counts by itself."""

# The generic cell rate algorithm, by Redis's own clock. A bucket is the time up to which its requests are spoken for:
# each moves it on by the rate's pace, and it may be ahead of now by the rate's span. A request is counted in all its
# buckets or in none of them; a bucket that is full again is forgotten. All of it is in microseconds.
_SPEND: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local ahead, free = {}, true
for at, key in ipairs(KEYS) do
  local pace, span = tonumber(ARGV[2 * at - 1]), tonumber(ARGV[2 * at])
  local before = tonumber(redis.call('GET', key) or '0')
  ahead[at] = math.max(before - now, 0) + pace
  free = free and ahead[at] <= span
end
if free then
  for at, key in ipairs(KEYS) do
    redis.call('SET', key, string.format('%.0f', now + ahead[at]), 'PX', math.ceil(ahead[at] / 1000))
  end
end
return ahead
"""


class LocalRates:
    """Counts by itself: for one process, and for each server while Redis is away."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._until: dict[tuple[str, str], int] = {}
        """For each bucket the time up to which its requests are spoken for, in microseconds."""

    async def spend(self, buckets: Sequence[Bucket]) -> Sequence[Allowance]:
        """See `graphql.services.Rates.spend`."""
        return self.spend_now(buckets)

    def spend_now(self, buckets: Sequence[Bucket]) -> Sequence[Allowance]:
        now = int(self._clock() * 1e6)
        names = [(bucket.policy, bucket.subject) for bucket in buckets]
        ahead = [
            max(self._until.get(name, 0) - now, 0) + bucket.rate.pace
            for name, bucket in zip(names, buckets, strict=True)
        ]
        found = allowances(buckets, ahead)
        if not any(each.wait for each in found):
            for name, microseconds in zip(names, ahead, strict=True):
                self._until[name] = now + microseconds
            self._forget(now)
        return found

    def _forget(self, now: int) -> None:
        """Keep the number of buckets bounded: full ones tell nothing, then go those that are full soonest."""
        if len(self._until) <= _MOST_COUNTED:
            return
        self._until = {name: until for name, until in self._until.items() if until > now}
        excess = len(self._until) - _MOST_COUNTED // 2
        for name in sorted(self._until, key=self._until.__getitem__)[: max(excess, 0)]:
            del self._until[name]


class RedisRates:
    """Counts through Redis. While that is away each server counts for itself, and nobody is refused for it."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = monotonic) -> None:
        self._spend = redis.register_script(_SPEND)
        self._clock = clock
        self._local = LocalRates(clock)
        self._away_until = 0.0

    async def spend(self, buckets: Sequence[Bucket]) -> Sequence[Allowance]:
        """See `graphql.services.Rates.spend`."""
        if not buckets or self._clock() < self._away_until:
            return self._local.spend_now(buckets)
        try:
            async with asyncio.timeout(_PATIENCE):
                ahead = await self._spend(keys=[_key(bucket) for bucket in buckets], args=_arguments(buckets))
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = self._clock() + _AWAY
            log.warning("rates_counted_alone", seconds=_AWAY, reason=str(error) or type(error).__name__)
            return self._local.spend_now(buckets)
        return allowances(buckets, [int(each) for each in ahead])


def _key(bucket: Bucket) -> str:
    return f"candlewick:rate:{bucket.policy}:{bucket.subject}"


def _arguments(buckets: Sequence[Bucket]) -> list[int]:
    return [number for bucket in buckets for number in (bucket.rate.pace, bucket.rate.microseconds)]
