"""Looks at Redis: is it there, does it keep what it is given."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from candlewick.cli.doctor.findings import Finding, advice, failure, fine, warning
from candlewick.domain.errors import RedisUnavailable
from candlewick.wiring import open_redis


async def look_at_redis(url: str) -> AsyncIterator[Finding]:
    """What there is to say; only the first finding if nobody answers."""
    try:
        async with open_redis(url) as redis:
            facts = await _facts(redis)
    except RedisUnavailable as error:
        what_to_do = "Check redis.url (CANDLEWICK_REDIS__URL), that the server runs, and that it lets us in."
        yield failure("redis", f"{error.where} does not answer: {error.reason}", what_to_do)
        return
    name = "Valkey" if "valkey_version" in facts else "Redis"
    yield fine("redis", f"{name} {facts.get('valkey_version') or facts.get('redis_version', '')} answers")
    yield _durability(facts)
    if (policy := facts.get("maxmemory_policy", "noeviction")) != "noeviction" and facts.get("maxmemory"):
        what_to_do = "Set maxmemory-policy to noeviction."
        yield warning("redis memory", f"the policy {policy} throws jobs away when memory is short", what_to_do)


async def _facts(redis: Redis) -> dict[str, Any]:
    try:
        return dict(await redis.info())
    except RedisError:
        return {}


def _durability(facts: dict[str, Any]) -> Finding:
    if "aof_enabled" not in facts:
        what_to_do = "Make sure that append-only is on: snapshots alone lose the jobs since the last one."
        return advice("redis durability", "it does not say whether it keeps jobs through a crash", what_to_do)
    if facts["aof_enabled"]:
        return fine("redis durability", "append-only is on: jobs outlive a crash")
    what_to_do = "Set appendonly to yes (appendfsync everysec)."
    return warning("redis durability", "append-only is off: a crash loses queued jobs", what_to_do)
