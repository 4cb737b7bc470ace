"""The only place where adapters are built: settings in, the services of this process out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Final

import structlog
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from candlewick.bus.budget import RedisBudget
from candlewick.bus.notices import RedisBus
from candlewick.clock import SystemClock
from candlewick.domain.errors import CandlewickError, RedisUnavailable, SchemaOutOfDate, SettingsError
from candlewick.domain.market import InstrumentKey
from candlewick.embedded import PostgresInstallation, private_services
from candlewick.pipeline import importing
from candlewick.pipeline.backfill import Backfill
from candlewick.pipeline.importing import ArchiveImport
from candlewick.pipeline.inbox import BatchBounds
from candlewick.pipeline.live import LiveFeed
from candlewick.ports import Clock, MarketSource
from candlewick.probe import Check, Probe
from candlewick.providers.provider import Access
from candlewick.providers.registry import archives_of, market_sources
from candlewick.redaction import redact_text
from candlewick.settings import LiveSettings, Settings
from candlewick.storage import schema
from candlewick.storage.candles import Candles
from candlewick.storage.commit_log import StoredCommits
from candlewick.storage.dead_letters import DeadLetters
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.jobs import Jobs
from candlewick.storage.keys import ApiKeys
from candlewick.storage.leases import StoredLeases
from candlewick.storage.live_positions import StoredPositions
from candlewick.storage.raw import RawFiles
from candlewick.storage.room import require_archive_room, require_database_room
from candlewick.storage.trades import Trades
from candlewick.waiting import paused

log = structlog.get_logger(__name__)

STARTING: Final = timedelta(minutes=1)
"""How long a process that stays waits for its services when it starts."""
RETRY: Final = timedelta(seconds=1)
REDIS_TIMEOUT: Final = 5.0
CONTROL_POOL: Final = 3
"""Connections for jobs and leases: a heartbeat must not wait behind those who wait for an instrument."""
DEMO_WEIGHT: Final = 1_000_000
"""A minute's budget for the demo market, which is ours to ask."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the services of this process are. The URLs hold passwords: never log them."""

    database: str = field(repr=False)
    redis: str | None = field(default=None, repr=False)
    private_postgres: PostgresInstallation | None = None
    """What runs the database, if it is our own; None for one that the settings name."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything that is kept in the database."""

    database: Database
    clock: Clock
    instruments: Instruments
    trades: Trades
    candles: Candles
    raw: RawFiles
    dead_letters: DeadLetters
    keys: ApiKeys
    jobs: Jobs
    leases: StoredLeases
    live_positions: StoredPositions
    commit_log: StoredCommits

    @property
    def import_stores(self) -> importing.Stores:
        """Where the use cases put what comes in."""
        return importing.Stores(self.instruments, self.raw, self.trades, self.candles, self.dead_letters)


@dataclass(frozen=True, slots=True)
class Services(Stores):
    """All that a server or a worker works with."""

    redis: Redis
    bus: RedisBus
    sources: Mapping[str, MarketSource]
    """By code, which is the venue's."""
    backfills: Backfill
    service: Probe
    live: LiveSettings
    raw_kept_for: timedelta

    @property
    def watched_venues(self) -> list[str]:
        """The venues that instruments are taken live from, as far as they can be asked."""
        venues = dict.fromkeys(key.venue for key in self.live.instruments)
        return [venue for venue in venues if venue in self.sources]

    def live_feed(self, source: MarketSource) -> LiveFeed | None:
        """What following the source's stream takes; None if it has none."""
        if source.stream is None:
            return None
        bounds = BatchBounds(self.live.batch_rows, self.live.batch_span)
        return LiveFeed(
            source.source, source.stream, source.trades, self.import_stores, self.live_positions, self.clock, bounds
        )


@contextmanager
def addresses(settings: Settings, *, redis: bool = True) -> Iterator[Addresses]:
    """Where the services are: the URLs given, else private services, which run at least until the block ends."""
    database_url, redis_url = _given(settings.database.url), _given(settings.redis.url)
    with private_services(
        settings.data_dir,
        postgres_bin=settings.database.postgres_bin,
        database=database_url is None,
        redis=redis and redis_url is None,
    ) as private:
        found = database_url or private.database
        assert found is not None  # noqa: S101  (what was asked for is there)
        yield Addresses(found, redis_url or private.redis, private.postgres)


def _given(url: SecretStr | None) -> str | None:
    return url.get_secret_value() if url else None


async def migrate(settings: Settings, where: Addresses, revision: str = "head") -> tuple[str | None, str | None]:
    """Bring the tables to `revision`; the revisions before and after."""
    return await schema.migrate(where.database, revision, timescaledb=settings.database.timescaledb)


@asynccontextmanager
async def open_stores(settings: Settings, where: Addresses, role: str = "candlewick") -> AsyncIterator[Stores]:
    """The stores of the database; `role` names the connections there. A private database is migrated on the way.

    Raises:
        DatabaseUnavailable, UnsupportedDatabase: as the database is.
        SchemaOutOfDate: a database that is not ours alone is migrated only when somebody asks for it.
    """
    database = await _open_at_head(settings, where, role)
    control = database.beside(where.database, pool_size=CONTROL_POOL, application_name=f"candlewick {role} control")
    try:
        yield _stores(settings, database, control)
    finally:
        await control.close()
        await database.close()


async def _open_at_head(settings: Settings, where: Addresses, role: str) -> Database:
    database = await open_database(settings, where, role)
    try:
        await schema.require_head(database)
    except SchemaOutOfDate:
        await database.close()
        if where.private_postgres is None:
            raise
        await migrate(settings, where)
        return await open_database(settings, where, role)  # anew: now it may have TimescaleDB
    except BaseException:
        await database.close()
        raise
    return database


async def open_database(settings: Settings, where: Addresses, role: str = "candlewick") -> Database:
    """The pool, whatever the tables look like."""
    return await Database.open(
        where.database, pool_size=settings.database.pool_size, application_name=f"candlewick {role}"
    )


def archive_import(stores: Stores, key: InstrumentKey) -> ArchiveImport:
    """The import of archive files of the instrument's venue.

    Raises:
        UnknownVenue: no provider has archives of it.
    """
    return ArchiveImport(archives_of(key, stores.clock), stores.import_stores, stores.clock)


def _stores(settings: Settings, database: Database, control: Database) -> Stores:
    clock = SystemClock()
    return Stores(
        database=database,
        clock=clock,
        instruments=Instruments(database),
        trades=Trades(database, settings.storage.allowed_lateness),
        candles=Candles(database, clock, settings.storage.allowed_lateness),
        raw=RawFiles(database, settings.archive_dir),
        dead_letters=DeadLetters(database),
        keys=ApiKeys(database, clock),
        jobs=Jobs(control),
        leases=StoredLeases(control),
        live_positions=StoredPositions(database),
        commit_log=StoredCommits(database),
    )


@asynccontextmanager
async def open_services(settings: Settings, where: Addresses, role: str = "candlewick") -> AsyncIterator[Services]:
    """The stores and Redis. See `open_stores` for the errors; RedisUnavailable comes on top."""
    assert where.redis is not None  # noqa: S101  (asked for with `addresses`)
    async with (
        open_stores(settings, where, role) as stores,
        open_redis(where.redis) as redis,
        market_sources(_access(settings), stores.clock, partial(RedisBudget, redis)) as sources,
    ):
        downloads = settings.data_dir / "downloads"
        yield Services(
            **{name: getattr(stores, name) for name in Stores.__dataclass_fields__},
            redis=redis,
            bus=RedisBus(redis),
            sources=sources,
            backfills=Backfill(sources, stores.import_stores, stores.jobs, stores.clock, downloads),
            service=_probe(stores.database, redis, settings.archive_dir, await asyncio.to_thread(schema.head_revision)),
            live=settings.live,
            raw_kept_for=settings.storage.raw_kept_for,
        )


@asynccontextmanager
async def await_services(
    settings: Settings, where: Addresses, role: str, stop: asyncio.Event
) -> AsyncIterator[Services]:
    """`open_services` for a process that stays: a database or a Redis that is just away is waited for, a minute long.

    Raises:
        CandlewickError: it stayed away, `stop` came first, or waiting makes no sense.
    """
    deadline = monotonic() + STARTING.total_seconds()
    async with AsyncExitStack() as stack:
        while True:
            try:
                services = await stack.enter_async_context(open_services(settings, where, role))
                break
            except CandlewickError as error:
                if not error.retryable or stop.is_set() or monotonic() > deadline:
                    raise
                log.warning("services_waited_for", reason=str(error))
            await paused(stop, RETRY)
        yield services


def _probe(database: Database, redis: Redis, archives: Path, head: str) -> Probe:
    async def require_head() -> None:
        if (found := await schema.current_revision(database)) != head:
            raise SchemaOutOfDate(found, head)

    checks: dict[str, Check] = {
        "database": partial(require_database_room, database),
        "migrations": require_head,
        "redis": partial(ping_redis, redis),
        "archive": partial(require_archive_room, archives),
    }
    return Probe(database.capabilities, checks)


def _access(settings: Settings) -> dict[str, Access]:
    """Where each provider is asked. The demo market is only there while somebody serves it."""
    binance = settings.binance
    seconds = binance.timeout.total_seconds()
    access = {
        "binance": Access(binance.rest_url, binance.archive_url, binance.stream_url, binance.weight_per_minute, seconds)
    }
    if settings.demo.url is not None:
        stream_url = settings.demo.url.replace("http", "ws", 1)
        access["demo"] = Access(settings.demo.url, settings.demo.url, stream_url, DEMO_WEIGHT, seconds)
    return access


@asynccontextmanager
async def open_redis(url: str) -> AsyncIterator[Redis]:
    """A client that outlives a restart of Redis.

    Raises:
        RedisUnavailable: nobody answers right now.
        SettingsError: the URL has an option of no use.
    """
    redis = _redis_client(url)
    try:
        await ping_redis(redis, url)
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
