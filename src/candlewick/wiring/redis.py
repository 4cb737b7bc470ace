"""Redis, opened so that a restart of it is survived."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from candlewick.domain.errors import RedisUnavailable, SettingsError
from candlewick.redaction import redact_text

REDIS_TIMEOUT: Final = 5.0


@asynccontextmanager
async def open_redis(url: str) -> AsyncIterator[Redis]:
    """A client that outlives a restart of Redis.

    Raises:
        RedisUnavailable: nobody answers right now.
        SettingsError: the URL has an option of no use.
    """
    async with lazy_redis(url) as redis:
        await ping_redis(redis, url)
        yield redis


@asynccontextmanager
async def lazy_redis(url: str) -> AsyncIterator[Redis]:
    """The same, whether anybody answers or not.

    Raises:
        SettingsError: the URL has an option of no use.
    """
    redis = _redis_client(url)
    try:
        yield redis
    finally:
        await redis.aclose()


def _redis_client(url: str) -> Redis:
    try:
        client: Redis = Redis.from_url(
            url,
            socket_timeout=REDIS_TIMEOUT,
            socket_connect_timeout=REDIS_TIMEOUT,
            health_check_interval=30,
            retry=Retry(ExponentialBackoff(cap=1, base=0.05), 3),
            retry_on_error=[RedisConnectionError, RedisTimeoutError],
        )
    except ValueError as error:
        raise SettingsError(f"redis.url (CANDLEWICK_REDIS__URL) cannot be used: {error}") from error
    return client


async def ping_redis(redis: Redis, url: str = "") -> None:
    """Raises RedisUnavailable if Redis does not answer."""
    try:
        await redis.ping()
    except (RedisError, OSError) as error:
        raise RedisUnavailable(redact_text(url) or "its address", str(error)) from error
