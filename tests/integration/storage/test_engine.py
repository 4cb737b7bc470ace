"""The pool: what its connections say when they break or run out, and the URLs it understands."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import make_url

from candlewick.domain.errors import DatabaseUnavailable
from candlewick.storage.engine import IDLE_IN_TRANSACTION, Database, connected, sqlalchemy_engine
from candlewick.storage.readers import FRESH


async def test_a_transaction_whose_connection_breaks_is_unavailable(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable, match="connection was closed"):
        async with database.transaction() as driver:
            await driver.fetch("SELECT pg_terminate_backend(pg_backend_pid())")
    await database.ping()


async def test_a_connection_whose_driver_lost_its_place_is_given_up(database: Database) -> None:
    given_up: list[int] = []
    with pytest.raises(DatabaseUnavailable, match="cannot switch to state"):
        await lose_the_place(database, given_up)
    async with database.driver() as driver:
        assert driver.get_server_pid() not in given_up


async def lose_the_place(database: Database, given_up: list[int]) -> None:
    async with database.driver() as driver:
        given_up.append(driver.get_server_pid())
        raise asyncpg.InternalClientError("cannot switch to state 12")


async def test_a_transaction_whose_process_was_stopped_lets_go_of_its_locks(database: Database) -> None:
    async with database.driver() as driver:
        assert await driver.fetchval("SHOW idle_in_transaction_session_timeout") == IDLE_IN_TRANSACTION
    with pytest.raises(DatabaseUnavailable):
        await stand_still_in_a_transaction(database)
    await database.ping()


async def stand_still_in_a_transaction(database: Database) -> None:
    ended = asyncio.Event()
    async with database.transaction() as driver:
        driver.add_termination_listener(lambda _: ended.set())
        await driver.execute("SET LOCAL idle_in_transaction_session_timeout = '20ms'")
        await ended.wait()
        await driver.execute("SELECT 1")


async def test_a_connection_that_was_ended_in_the_pool_is_replaced(database: Database, database_url: str) -> None:
    small = Database(sqlalchemy_engine(database_url, pool_size=1), database.capabilities)
    ended = asyncio.Event()
    async with small.driver() as driver:
        driver.add_termination_listener(lambda _: ended.set())
        pid = driver.get_server_pid()
    async with database.driver() as other:
        await other.execute("SELECT pg_terminate_backend($1)", pid)
    await ended.wait()
    await small.ping()
    await small.close()


async def test_a_connection_that_was_idle_is_asked_whether_it_lives(database: Database, database_url: str) -> None:
    small = Database(sqlalchemy_engine(database_url, pool_size=1), database.capabilities)
    async with connected(small.engine) as connection:
        record = await connection.get_raw_connection()
        driver, info = record.driver_connection, record.info
        assert isinstance(driver, asyncpg.Connection)
        pid = driver.get_server_pid()
    info["used_at"] -= 2 * FRESH
    async with database.driver() as other:
        await other.execute("SELECT pg_terminate_backend($1)", pid)
    await small.ping()
    await small.close()


async def test_a_pool_that_has_run_out_is_unavailable(database: Database, database_url: str) -> None:
    engine = sqlalchemy_engine(database_url, pool_size=1, pool_timeout=0.1)
    small = Database(engine, database.capabilities)
    async with small.driver():
        with pytest.raises(DatabaseUnavailable, match="QueuePool limit"):
            await small.ping()
    await small.close()


async def test_a_url_may_say_what_libpq_understands(database_url: str) -> None:
    url = make_url(database_url).update_query_dict({"sslmode": "prefer", "application_name": "somebody"})
    database = await Database.open(url.render_as_string(hide_password=False), application_name="candlewick test")
    async with database.driver() as driver:
        assert await driver.fetchval("SHOW application_name") == "candlewick test"
        assert await driver.fetchval("SHOW timezone") == "UTC"
    await database.close()


async def test_a_cancelled_transaction_never_swallows_a_later_one(database_url: str) -> None:
    """asyncpg, cancelled within BEGIN, takes the connection's later transactions for parts of the lost one."""
    ours = await Database.open(database_url, pool_size=1)
    table = f"kept_{uuid4().hex[:12]}"
    try:
        async with ours.driver() as driver:
            await driver.execute(f"CREATE TABLE {table} (number int)")
        for number in range(60):
            await _cancelled_after(ours, number % 20)
            async with ours.transaction() as driver:
                await driver.execute(f"INSERT INTO {table} VALUES ($1)", number)
        await ours.engine.dispose()  # what was not committed is gone with its connection
        async with ours.driver() as driver:
            kept = await driver.fetchval(f"SELECT count(*) FROM {table}")
            await driver.execute(f"DROP TABLE {table}")
    finally:
        await ours.close()

    assert kept == 60


async def _cancelled_after(database: Database, steps: int) -> None:
    """A transaction whose task is cancelled after so many turns of the event loop."""

    async def work() -> None:
        async with database.transaction() as driver:
            await driver.execute("SELECT 1")

    task = asyncio.create_task(work())
    for _ in range(steps):
        await asyncio.sleep(0)
    if steps % 3 == 0:
        await asyncio.sleep(0.0004 * (steps % 7))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
