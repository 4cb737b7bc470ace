"""Commit notices through Redis: published once for all processes, heard by each. A notice may be lost, never wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from candlewick.domain.commit import CommitKind, CommitNotice
from candlewick.domain.errors import RedisUnavailable
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window, from_microseconds, microseconds

log = structlog.get_logger(__name__)

CHANNEL: Final = "candlewick:commits"
SILENCE: Final = 15.0
"""Seconds without a message after which the connection is tried."""
LONGEST_PAUSE: Final = 5.0


class RedisBus:
    """The Bus on Redis' publish and subscribe."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def publish(self, notices: Sequence[CommitNotice]) -> None:
        """See `Bus.publish`. One message, whatever the number of notices."""
        try:
            await self._redis.publish(CHANNEL, dump_notices(notices))
        except (RedisError, OSError) as error:
            raise RedisUnavailable("its address", str(error)) from error

    async def listen(self) -> AsyncIterator[CommitNotice | None]:
        """See `Bus.listen`. Never ends by itself; while Redis is away it tries again, more and more slowly."""
        failures = 0
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(CHANNEL)
                    async for notice in _messages(channel):
                        failures = 0
                        yield notice
            except (RedisError, OSError) as error:
                failures += 1
                log.warning("bus_unavailable", reason=str(error))
            await asyncio.sleep(min(0.1 * 2 ** min(failures, 10), LONGEST_PAUSE))


async def _messages(channel: Any) -> AsyncIterator[CommitNotice | None]:
    """What comes in, after a None: what was said before we listened is lost. Raises if the connection breaks."""
    while True:
        message = await channel.get_message(timeout=SILENCE)
        if message is None:
            await channel.ping()
        elif message["type"] == "subscribe":
            yield None
        elif message["type"] == "message":
            for notice in load_notices(message["data"]):
                yield notice


def dump_notices(notices: Sequence[CommitNotice]) -> bytes:
    """A JSON array of [instrument, version, kind, start, end], times in microseconds since 1970."""
    return orjson.dumps([_fields(notice) for notice in notices])


def _fields(notice: CommitNotice) -> list[object]:
    start, end = microseconds(notice.window.start), microseconds(notice.window.end)
    return [notice.instrument_id, notice.version, notice.kind, start, end]


def load_notices(message: bytes) -> list[CommitNotice]:
    """What `dump_notices` wrote."""
    return [
        CommitNotice(
            InstrumentId(instrument_id),
            version,
            CommitKind(kind),
            Window(from_microseconds(start), from_microseconds(end)),
        )
        for instrument_id, version, kind, start, end in orjson.loads(message)
    ]
