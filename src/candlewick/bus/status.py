"""What processes say of the sources that they ask, through Redis: each under a key of its own, forgotten soon."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from candlewick.domain.errors import RedisUnavailable
from candlewick.domain.source import CircuitState, CircuitStatus, ProcessReport, StreamStatus

log = structlog.get_logger(__name__)

KEYS: Final = "candlewick:status:"
FORGOTTEN: Final = timedelta(seconds=20)
"""After which a process that says no more is taken for gone."""


class RedisStatusBoard:
    """The StatusBoard on Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._key = f"{KEYS}{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    async def publish(self, report: ProcessReport) -> None:
        """See `StatusBoard.publish`."""
        try:
            await self._redis.set(self._key, dump_report(report), ex=FORGOTTEN)
        except (RedisError, OSError) as error:
            raise RedisUnavailable("its address", str(error)) from error

    async def reports(self) -> Sequence[ProcessReport]:
        """See `StatusBoard.reports`. What another version says that we do not understand is left out."""
        try:
            keys = [key async for key in self._redis.scan_iter(match=f"{KEYS}*", count=1000)]
            found = await self._redis.mget(keys) if keys else []
        except (RedisError, OSError) as error:
            raise RedisUnavailable("its address", str(error)) from error
        return [report for said in found if said is not None and (report := _understood(said)) is not None]


def dump_report(report: ProcessReport) -> bytes:
    """As JSON."""
    return orjson.dumps(asdict(report))


def load_report(said: bytes) -> ProcessReport:
    """What `dump_report` wrote, also by a version whose statuses have more fields."""
    found = orjson.loads(said)
    return ProcessReport(
        [
            CircuitStatus(**_fields(CircuitStatus, each) | {"state": CircuitState(each["state"])})
            for each in found["circuits"]
        ],
        [StreamStatus(**_fields(StreamStatus, each)) for each in found["streams"]],
    )


def _fields(kind: type[CircuitStatus | StreamStatus], found: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)} & found.keys()
    return {name: _moment(found[name]) if name.endswith("_at") else found[name] for name in names}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _understood(said: bytes) -> ProcessReport | None:
    try:
        return load_report(said)
    except (ValueError, TypeError, KeyError) as error:
        log.warning("status_not_understood", reason=str(error))
        return None
