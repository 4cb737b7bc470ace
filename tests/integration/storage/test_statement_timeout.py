"""A statement of a server ends when nobody waits for it any more, whatever became of who asked."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from candlewick.settings import LimitSettings, Settings
from candlewick.storage.engine import Database
from candlewick.wiring import Addresses, open_database


async def test_the_database_ends_a_statement_that_takes_too_long(database_url: str) -> None:
    database = await Database.open(database_url, statement_timeout=timedelta(milliseconds=50))
    try:
        async with database.driver() as driver:
            with pytest.raises(asyncpg.QueryCanceledError):
                await driver.execute("SELECT pg_sleep(60)")
            assert await driver.fetchval("SELECT 1") == 1
    finally:
        await database.close()


@pytest.mark.parametrize(("role", "bound"), [("server", "8s"), ("worker", "0")])
async def test_only_servers_are_bounded(database_url: str, role: str, bound: str) -> None:
    settings = Settings(limits=LimitSettings(operation_time=timedelta(seconds=7)))
    database = await open_database(settings, Addresses(database_url, None), role)
    try:
        async with database.driver() as driver:
            assert await driver.fetchval("SHOW statement_timeout") == bound
    finally:
        await database.close()
