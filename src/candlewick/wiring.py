"""The only place where adapters are built: settings in, the services of this process out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final

from pydantic import SecretStr
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from candlewick.clock import SystemClock
from candlewick.domain.errors import CandlewickError, RedisUnavailable, SchemaOutOfDate, SettingsError
from candlewick.domain.market import InstrumentKey
from candlewick.domain.service import DatabaseEdition
from candlewick.embedded import PostgresInstallation, private_services
from candlewick.pipeline import importing
from candlewick.pipeline.feed import Feed
from candlewick.pipeline.importing import ArchiveImport
from candlewick.ports import Clock
from candlewick.providers.demo.market import demo_market
from candlewick.providers.registry import archives_of
from candlewick.redaction import redact_text
from candlewick.settings import Settings
from candlewick.storage import schema
from candlewick.storage.candles import Candles
from candlewick.storage.dead_letters import DeadLetters
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.keys import ApiKeys
from candlewick.storage.raw import RawFiles
from candlewick.storage.trades import Trades

PROBE_TIMEOUT: Final = 3.0
REDIS_TIMEOUT: Final = 5.0


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


@dataclass(frozen=True, slots=True)
class Services(Stores):
    """All that a server or a worker works with."""

    redis: Redis
    service: Probe


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
    try:
        yield _stores(settings, database)
    finally:
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
    parts = importing.Stores(stores.instruments, stores.raw, stores.trades, stores.candles, stores.dead_letters)
    return ArchiveImport(archives_of(key, stores.clock), parts, stores.clock)


def demo_feed(stores: Stores, seed: int) -> Feed:
    """The feed of the demo market of that seed."""
    return Feed(demo_market(seed), stores.instruments, stores.trades, stores.candles, stores.clock)


def _stores(settings: Settings, database: Database) -> Stores:
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
    )


@asynccontextmanager
async def open_services(settings: Settings, where: Addresses, role: str = "candlewick") -> AsyncIterator[Services]:
    """The stores and Redis. See `open_stores` for the errors; RedisUnavailable comes on top."""
    assert where.redis is not None  # noqa: S101  (asked for with `addresses`)
    async with open_stores(settings, where, role) as stores, open_redis(where.redis) as redis:
        probe = Probe(stores.database, redis, await asyncio.to_thread(schema.head_revision))
        parts = {name: getattr(stores, name) for name in Stores.__dataclass_fields__}
        yield Services(**parts, redis=redis, service=probe)


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


class Probe:
    """What the service runs on, and whether all of it is there (`graphql.services.ServiceProbe`)."""

    def __init__(self, database: Database, redis: Redis, head: str) -> None:
        self._database = database
        self._redis = redis
        self._head = head

    @property
    def edition(self) -> DatabaseEdition:
        return self._database.capabilities.edition

    @property
    def capabilities(self) -> tuple[str, ...]:
        return self._database.capabilities.names

    async def ready(self) -> Mapping[str, str | None]:
        """Each component with what is wrong with it; None where nothing is. Never raises, never takes long."""
        checks = {
            "database": self._database.ping(),
            "migrations": self._at_head(),
            "redis": ping_redis(self._redis),
        }
        answers = await asyncio.gather(*map(_problem, checks.values()))
        return dict(zip(checks, answers, strict=True))

    async def _at_head(self) -> None:
        found = await schema.current_revision(self._database)
        if found != self._head:
            raise SchemaOutOfDate(found, self._head)


async def _problem(check: Awaitable[None]) -> str | None:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            await check
    except TimeoutError:
        return f"no answer within {PROBE_TIMEOUT:g} s"
    except CandlewickError as error:
        return str(error)
    return None
