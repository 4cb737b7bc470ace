"""The pool: what its connections say when they break or run out, and the URLs it understands."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from candlewick.domain.errors import DatabaseUnavailable
from candlewick.storage.engine import Database, sqlalchemy_engine


async def test_a_transaction_whose_connection_breaks_is_unavailable(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable, match="connection was closed"):
        async with database.transaction() as driver:
            await driver.fetch("SELECT pg_terminate_backend(pg_backend_pid())")
    await database.ping()


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
