"""Connections for the reads that nearly every request makes: nothing stands between these and the driver.

They are apart from the pool for two reasons. A statement is planned once a connection, and not for each request anew,
which takes longer the more chunks a hypertable has. And a connection is had at once: nothing has to be set back
between statements of which each is a transaction of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Final, Protocol

import asyncpg

from candlewick.domain.errors import DatabaseUnavailable, ServiceError
from candlewick.storage.failures import failure_of

type _Driver = asyncpg.Connection[asyncpg.Record]
type Connect = Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]]

PLANNED_ONCE: Final = {"plan_cache_mode": "force_generic_plan"}
"""How their sessions are set: the statements are few, and made so that one plan fits all of their values."""
FRESH: Final = 1.0
"""Seconds for which a connection that was used needs not be asked whether it lives."""
REFUSED: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""Why a connection cannot be had."""


class Reader(Protocol):
    """What a statement can be asked of: a connection, or whoever has some."""

    async def fetch(self, query: str, /, *args: Any) -> list[asyncpg.Record]:
        """Its rows."""
        ...


class Readers:
    """So many connections at the most, opened as they are needed. The one that was used last is used next."""

    def __init__(self, connect: Connect, where: str, size: int, patience: float, fresh: float = FRESH) -> None:
        self._connect = connect
        self._where = where
        self._patience = patience
        self._fresh = fresh
        self._free = asyncio.Semaphore(size)
        self._idle: list[tuple[_Driver, float]] = []
        self._closed = False

    async def fetch(self, query: str, /, *args: Any) -> list[asyncpg.Record]:
        """The rows of a statement that only reads.

        Raises:
            DatabaseUnavailable: there is no connection to be had, or it breaks.
        """
        await self._turn()
        try:
            driver = await self._driver()
            try:
                rows = await driver.fetch(query, *args)
            except BaseException as exc:
                if (told := self._ended(driver, exc)) is not None:
                    raise told from exc
                raise
            self._keep(driver)
            return rows
        finally:
            self._free.release()

    async def close(self) -> None:
        """End those that are idle; the others end with what they do."""
        self._closed = True
        while self._idle:
            await self._idle.pop()[0].close()

    async def _turn(self) -> None:
        """Wait until fewer than the most are in use."""
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError as exc:
            reason = f"all connections for reading were in use for {self._patience:g} s"
            raise DatabaseUnavailable(self._where, reason) from exc

    async def _driver(self) -> _Driver:
        while self._idle:
            driver, used_at = self._idle.pop()
            if not driver.is_closed() and (monotonic() - used_at <= self._fresh or await _lives(driver)):
                return driver
        try:
            return await self._connect()
        except REFUSED as exc:
            raise self._unavailable(exc) from exc

    def _keep(self, driver: _Driver) -> None:
        if self._closed:
            driver.terminate()
        elif not driver.is_closed():
            self._idle.append((driver, monotonic()))

    def _ended(self, driver: _Driver, exc: BaseException) -> ServiceError | None:
        """Keep the connection if only its statement failed. What to tell the caller, if `exc` does not say it."""
        told = failure_of(exc, self._where)
        if isinstance(exc, asyncpg.PostgresError) and not isinstance(told, DatabaseUnavailable):
            self._keep(driver)
            return told
        broken = isinstance(exc, asyncpg.InterfaceError) and driver.is_closed()
        driver.terminate()  # it broke, or the statement was given up and may still be running
        return self._unavailable(exc) if broken or isinstance(exc, asyncpg.InternalClientError) else told

    def _unavailable(self, exc: BaseException) -> DatabaseUnavailable:
        return DatabaseUnavailable(self._where, str(exc) or type(exc).__name__)


async def _lives(driver: _Driver) -> bool:
    """Whether the connection is as it was left."""
    try:
        await driver.execute("SELECT 1")
    except REFUSED:
        driver.terminate()
        return False
    return True
