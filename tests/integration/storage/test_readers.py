"""Connections for reading: what becomes of them when statements fail, when they break, and when there are too few."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import asyncpg
import pytest

from candlewick.domain.errors import DatabaseUnavailable
from candlewick.storage.engine import Database
from candlewick.storage.readers import FRESH, Readers

PID = "SELECT pg_backend_pid()"
type Connection = asyncpg.Connection[asyncpg.Record]


@pytest.fixture
async def opened(database_url: str) -> list[Connection]:
    return []


@pytest.fixture
async def one(database_url: str, opened: list[Connection]) -> AsyncIterator[Readers]:
    """A single connection, waited for briefly."""
    readers = Readers(_noting(database_url, opened), "here", size=1, patience=0.2)
    yield readers
    await readers.close()


def _noting(url: str, opened: list[Connection]) -> Callable[[], Awaitable[Connection]]:
    async def connect() -> Connection:
        opened.append(await asyncpg.connect(url))
        return opened[-1]

    return connect


async def pid(readers: Readers | Database) -> int:
    [row] = await readers.fetch(PID)
    return int(row[0])


async def test_statements_take_turns_on_one_connection(one: Readers, opened: list[Connection]) -> None:
    found = await asyncio.gather(*(one.fetch("SELECT $1::int AS number", number) for number in range(20)))
    assert [row["number"] for [row] in found] == list(range(20))
    assert len(opened) == 1


async def test_a_statement_that_fails_leaves_the_connection(one: Readers, opened: list[Connection]) -> None:
    before = await pid(one)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await one.fetch("SELECT 1 / $1::int", 0)
    assert await pid(one) == before
    assert len(opened) == 1


async def test_a_connection_that_breaks_is_unavailable_and_replaced(one: Readers) -> None:
    before = await pid(one)
    with pytest.raises(DatabaseUnavailable, match="at here"):
        await one.fetch("SELECT pg_terminate_backend(pg_backend_pid())")
    assert await pid(one) != before


async def test_a_connection_that_was_ended_while_idle_is_replaced(
    database: Database, database_url: str, opened: list[Connection]
) -> None:
    readers = Readers(_noting(database_url, opened), "here", size=1, patience=1, fresh=-FRESH)
    before = await pid(readers)
    assert await pid(readers) == before
    async with database.driver() as other:
        await other.execute("SELECT pg_terminate_backend($1, 5000)", before)
    assert await pid(readers) != before
    await readers.close()


async def test_a_statement_that_is_given_up_takes_its_connection_with_it(one: Readers) -> None:
    before = await pid(one)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await one.fetch("SELECT pg_sleep(30)")
    assert await pid(one) != before


async def test_who_finds_all_in_use_is_told_after_a_while(one: Readers) -> None:
    slow = asyncio.create_task(one.fetch("SELECT pg_sleep(0.6)"))
    await asyncio.sleep(0)
    with pytest.raises(DatabaseUnavailable, match=r"in use for 0\.2 s"):
        await pid(one)
    await slow
    assert await pid(one)


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    connect = partial(asyncpg.connect, "postgresql://nobody@127.0.0.1:9/nothing", timeout=5)
    readers = Readers(connect, "there", size=1, patience=1)
    for _ in range(2):  # the turn was given back
        with pytest.raises(DatabaseUnavailable, match="at there"):
            await pid(readers)


async def test_what_was_in_use_when_they_were_closed_is_closed_then(one: Readers, opened: list[Connection]) -> None:
    await pid(one)
    slow = asyncio.create_task(one.fetch("SELECT pg_sleep(0.1)"))
    await asyncio.sleep(0)
    await one.close()
    await slow
    assert opened[0].is_closed()


async def test_readers_are_set_as_all_sessions_are_and_plan_once(database_url: str) -> None:
    bound = timedelta(seconds=7)
    database = await Database.open(
        database_url, pool_size=4, application_name="candlewick test", statement_timeout=bound, readers=2
    )
    wanted: dict[str, Any] = {
        "plan_cache_mode": "force_generic_plan", "timezone": "UTC", "jit": "off", "statement_timeout": "7s",
        "application_name": "candlewick test",
    }  # fmt: skip
    for name, value in wanted.items():
        [row] = await database.fetch(f"SHOW {name}")
        assert row[0] == value
    async with database.driver() as driver:
        assert await driver.fetchval("SHOW plan_cache_mode") == "auto"
    await database.close()


async def test_a_database_without_readers_reads_from_its_pool(database: Database) -> None:
    assert await pid(database)
