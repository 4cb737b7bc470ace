"""Newest prices through Redis: read once for all servers and all who ask within a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from secrets import token_hex
from typing import Any, Final

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from candlewick.domain.market import InstrumentId
from candlewick.domain.quote import QuoteRow
from candlewick.domain.time import from_microseconds, microseconds
from candlewick.ports import LatestQuotes

log = structlog.get_logger(__name__)

KEPT: Final = timedelta(seconds=1)
"""How old an answer may be."""
_LOCK_MS: Final = 2_000
_LOOK_SECONDS: Final = 0.01
_LOOKS: Final = 30
"""Looks for what another process is reading just now, before we read it ourselves."""
_RELEASE: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class CachedLatest:
    """LatestQuotes behind a cache. Of all who miss the same instruments one reads; the others wait for its answer.

    Redis is a help, never a need: while it is away, everybody within one process shares a read of the database.
    """

    def __init__(self, redis: Redis, store: LatestQuotes, kept: timedelta = KEPT) -> None:
        self._redis = redis
        self._store = store
        self._kept_ms = kept // timedelta(milliseconds=1)
        self._release = redis.register_script(_RELEASE)
        self._reading: dict[InstrumentId, asyncio.Task[Mapping[InstrumentId, QuoteRow]]] = {}

    async def latest(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, QuoteRow]:
        """See `LatestQuotes.latest`; up to `KEPT` old."""
        missing = [key for key in dict.fromkeys(instrument_ids) if key not in self._reading]
        if missing:
            reading = asyncio.create_task(self._read(missing))
            for key in missing:
                self._reading[key] = reading
            reading.add_done_callback(lambda _: self._forget(missing))
        shared = {self._reading[key] for key in instrument_ids}
        # Shielded: who leaves while others wait for the same read does not end it.
        found = [await asyncio.shield(reading) for reading in shared]
        return {key: each[key] for each in found for key in instrument_ids if key in each}

    def _forget(self, keys: Sequence[InstrumentId]) -> None:
        for key in keys:
            del self._reading[key]

    async def _read(self, keys: Sequence[InstrumentId]) -> Mapping[InstrumentId, QuoteRow]:
        try:
            found, missing = await self._cached(keys)
            if not missing:
                return found
            return {**found, **await self._read_alone(missing)}
        except (RedisError, OSError) as error:
            log.warning("latest_not_cached", reason=str(error) or type(error).__name__)
            return await self._store.latest(keys)

    async def _read_alone(self, keys: Sequence[InstrumentId]) -> Mapping[InstrumentId, QuoteRow]:
        """Read what nobody else is reading; wait for what somebody is, but not for long."""
        token = token_hex(8)
        locks = [_lock(key) for key in keys]
        taken = await asyncio.gather(*(self._redis.set(lock, token, px=_LOCK_MS, nx=True) for lock in locks))
        ours = [key for key, got in zip(keys, taken, strict=True) if got]
        found = dict(await self._fill(ours, token)) if ours else {}
        others = [key for key in keys if key not in ours]
        for _ in range(_LOOKS if others else 0):
            await asyncio.sleep(_LOOK_SECONDS)
            more, others = await self._cached(others)
            found |= more
            if not others:
                break
        return {**found, **await self._store.latest(others)} if others else found

    async def _fill(self, keys: Sequence[InstrumentId], token: str) -> Mapping[InstrumentId, QuoteRow]:
        try:
            rows = await self._store.latest(keys)
            async with self._redis.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.set(_name(key), _dumped(rows.get(key)), px=self._kept_ms)
                await pipe.execute()
        finally:
            await asyncio.gather(*(self._release(keys=[_lock(key)], args=[token]) for key in keys))
        return rows

    async def _cached(self, keys: Sequence[InstrumentId]) -> tuple[dict[InstrumentId, QuoteRow], list[InstrumentId]]:
        """What is there, and what is not. That an instrument has no price is known too."""
        kept = dict(zip(keys, await self._redis.mget([_name(key) for key in keys]), strict=True))
        rows = {key: _loaded(text) for key, text in kept.items() if text is not None}
        return {key: row for key, row in rows.items() if row}, [key for key in keys if key not in rows]


def _name(key: InstrumentId) -> str:
    return f"candlewick:latest:{key}"


def _lock(key: InstrumentId) -> str:
    return f"candlewick:latest:{key}:reading"


def _dumped(row: QuoteRow | None) -> bytes:
    if row is None:
        return b"null"
    return orjson.dumps([microseconds(row.ts), *row[1:8], microseconds(row.received_at), row.version])


def _loaded(text: bytes) -> QuoteRow | None:
    fields: list[Any] | None = orjson.loads(text)
    if fields is None:
        return None
    row = QuoteRow._make(fields)
    return row._replace(ts=from_microseconds(fields[0]), received_at=from_microseconds(fields[8]))
