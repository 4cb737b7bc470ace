"""The pool: SQLAlchemy's engine over asyncpg, and the driver's own connections for COPY and the hot reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Any, Self

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from candlewick.domain.errors import DatabaseUnavailable
from candlewick.storage.capabilities import FACTS, Capabilities, Capability, Facts, capabilities_of
from candlewick.storage.failures import failure_of
from candlewick.storage.readers import FRESH, PLANNED_ONCE, REFUSED, Connect, Readers

type Driver = asyncpg.Connection[asyncpg.Record]

_REFUSED = (*REFUSED, PoolExhausted, DBAPIError)
"""Why a connection cannot be had. An OSError while one is used may be anybody's."""
_LIBPQ_ONLY = ("channel_binding", "connect_timeout", "gssencmode", "keepalives", "keepalives_idle", "application_name")
"""Parameters of copied URLs that asyncpg would send to the server as settings, which refuses them."""
CONNECT_TIMEOUT = 10.0
COMMAND_TIMEOUT = 600.0
POOL_TIMEOUT = 30.0
_MILLISECOND = timedelta(milliseconds=1)
IDLE_IN_TRANSACTION = "30s"
"""How long a transaction may wait for its client: one that was stopped must not keep its locks from all others."""


def driver_url(url: str) -> URL:
    """The URL with the driver we use, whatever way it was written, without what only libpq knows."""
    return make_url(url).set(drivername="postgresql+asyncpg").difference_update_query(_LIBPQ_ONLY)


def sqlalchemy_engine(
    url: str,
    *,
    pool_size: int = 10,
    pool_timeout: float = POOL_TIMEOUT,
    application_name: str = "candlewick",
    statement_timeout: timedelta | None = None,
) -> AsyncEngine:
    """An engine whose sessions think in UTC. asyncpg reads the URL itself: it knows sslmode and the rest of libpq's.

    A statement that takes longer than `statement_timeout` is ended by the database, whatever became of us.
    """
    address = driver_url(url)
    connect = _connect(address, application_name, statement_timeout)
    engine = create_async_engine(
        address, async_creator=connect, pool_size=pool_size, max_overflow=0, pool_timeout=pool_timeout
    )
    event.listen(engine.sync_engine, "checkin", _note_use)
    event.listen(engine.sync_engine, "checkout", _check_life)
    return engine


def _connect(address: URL, application_name: str, statement_timeout: timedelta | None, **settings: str) -> Connect:
    """What opens a connection, whose session is set as ours are."""
    bound = {} if statement_timeout is None else {"statement_timeout": f"{statement_timeout // _MILLISECOND}ms"}
    return partial(
        asyncpg.connect,
        address.set(drivername="postgresql").render_as_string(hide_password=False),
        timeout=CONNECT_TIMEOUT,
        command_timeout=COMMAND_TIMEOUT,
        server_settings={
            "application_name": application_name,
            "timezone": "UTC",
            "jit": "off",
            "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION,
            **bound,
            **settings,
        },
    )


class Database:
    """A pool of connections to one database whose capabilities are known."""

    def __init__(self, engine: AsyncEngine, capabilities: Capabilities, readers: Readers | None = None) -> None:
        self.engine = engine
        self.capabilities = capabilities
        self._readers = readers
        if Capability.COLUMNSTORE in capabilities.capabilities:
            event.listen(engine.sync_engine, "connect", _lift_decompression_limit)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        pool_size: int = 10,
        application_name: str = "candlewick",
        statement_timeout: timedelta | None = None,
        readers: int = 0,
    ) -> Self:
        """Connect once to see who answers. `readers`: so many of the connections are for `fetch` alone.

        Raises:
            DatabaseUnavailable: nobody answers.
            UnsupportedDatabase: it is too old.
        """
        engine = sqlalchemy_engine(
            url, pool_size=pool_size - readers, application_name=application_name, statement_timeout=statement_timeout
        )
        connect = _connect(driver_url(url), application_name, statement_timeout, **PLANNED_ONCE)
        try:
            async with driver_of(engine) as driver:
                found = await driver.fetchrow(FACTS)
                capabilities = capabilities_of(Facts(*found)) if found else None
        except BaseException:
            await engine.dispose()
            raise
        assert capabilities is not None
        await engine.dispose()
        return cls(engine, capabilities, Readers(connect, _where(engine), readers, POOL_TIMEOUT) if readers else None)

    def beside(self, url: str, *, pool_size: int, application_name: str) -> Database:
        """Another pool of the same database, for what must not wait for a connection of this one."""
        engine = sqlalchemy_engine(url, pool_size=pool_size, application_name=application_name)
        return Database(engine, self.capabilities)

    async def close(self) -> None:
        if self._readers is not None:
            await self._readers.close()
        await self.engine.dispose()

    async def fetch(self, query: str, /, *args: Any) -> list[asyncpg.Record]:
        """The rows of a statement that nearly every request makes, for which one plan is good: see `readers`."""
        if self._readers is not None:
            return await self._readers.fetch(query, *args)
        async with self.driver() as driver:
            return await driver.fetch(query, *args)

    async def ping(self) -> None:
        """Raises DatabaseUnavailable if the database does not answer."""
        async with self.driver() as driver:
            await driver.execute("SELECT 1")

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[Driver]:
        """A connection of the driver, without a transaction."""
        async with driver_of(self.engine) as driver:
            yield driver

    @asynccontextmanager
    async def exclusive(self, key: int) -> AsyncIterator[Driver]:
        """A connection without a transaction, while nobody else in the database has one under this key."""
        async with self.driver() as driver:
            try:
                await driver.execute("SELECT pg_advisory_lock($1)", key)
                yield driver
                await driver.execute("SELECT pg_advisory_unlock($1)", key)
            except BaseException:
                await driver.close()  # the lock goes with the session, even if it was granted just when we gave up
                raise

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Driver]:
        """A connection of the driver in a transaction: all or nothing."""
        async with driver_of(self.engine) as driver, driver.transaction():
            yield driver

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Driver]:
        """A connection whose statements all see the database of one moment."""
        async with driver_of(self.engine) as driver, driver.transaction(isolation="repeatable_read", readonly=True):
            yield driver

    @asynccontextmanager
    async def core(self) -> AsyncIterator[AsyncConnection]:
        """A connection for SQLAlchemy Core, in a transaction."""
        async with connected(self.engine) as connection, connection.begin():
            yield connection


@asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A pooled connection.

    Raises:
        DatabaseUnavailable: there is none to be had, or it breaks.
        DatabaseFull, TransactionConflict: what was done with it failed for a reason that may pass.
    """
    connection = engine.connect()
    try:
        await connection.start()
    except _REFUSED as exc:
        raise _unavailable(engine, exc) from exc
    try:
        yield connection
    except (asyncpg.PostgresError, DBAPIError) as exc:
        failure = failure_of(_cause(exc), _where(engine))
        if failure is None and isinstance(exc, DBAPIError) and exc.connection_invalidated:
            failure = _unavailable(engine, exc)
        if failure is None:
            raise
        raise failure from exc
    except asyncpg.InternalClientError as exc:
        await connection.invalidate()  # the server died in the middle of an answer: the driver lost its place
        raise _unavailable(engine, exc) from exc
    finally:
        await connection.close()


@asynccontextmanager
async def driver_of(engine: AsyncEngine) -> AsyncIterator[Driver]:
    """A pooled connection's own asyncpg connection."""
    async with connected(engine) as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, asyncpg.Connection)
        try:
            yield driver
        except asyncpg.InterfaceError as exc:
            if not driver.is_closed():
                raise
            raise _unavailable(engine, exc.__context__ or exc) from exc  # it broke, and could not be rolled back
        except (asyncio.CancelledError, TimeoutError):
            # Within BEGIN, asyncpg would take all later transactions for parts of one that is never committed.
            await connection.invalidate()
            raise


def _unavailable(engine: AsyncEngine, exc: BaseException) -> DatabaseUnavailable:
    cause = _cause(exc)
    return DatabaseUnavailable(_where(engine), str(cause) or type(cause).__name__)


def _where(engine: AsyncEngine) -> str:
    url = engine.url
    return f"{url.host or url.query.get('host', 'local socket')}:{url.port or 5432}/{url.database}"


def _cause(exc: BaseException) -> BaseException:
    """What asyncpg or the operating system said, below SQLAlchemy's wrapping."""
    if isinstance(exc, DBAPIError) and exc.orig is not None:
        return exc.orig.__cause__ or exc.orig
    return exc


def _note_use(_dbapi_connection: object, record: Any) -> None:
    record.info["used_at"] = monotonic()


def _check_life(dbapi_connection: Any, record: Any, _proxy: object) -> None:
    """Ask a connection that was idle whether it lives, as SQLAlchemy's `pool_pre_ping` asks each: that is three trips.

    Of one that was used just now it is enough that the driver has not heard of its end.
    """
    used_at = record.info.get("used_at")
    if used_at is None:
        return
    if dbapi_connection.driver_connection.is_closed():
        raise InvalidatePoolError
    if monotonic() - used_at > FRESH:
        try:
            dbapi_connection.ping()
        except Exception as exc:
            raise InvalidatePoolError from exc


def _lift_decompression_limit(dbapi_connection: Any, _record: object) -> None:
    """Late trades may touch any number of rows in the columnstore; the default stops at 100,000."""
    dbapi_connection.run_async(
        lambda driver: driver.execute("SET timescaledb.max_tuples_decompressed_per_dml_transaction = 0")
    )
