"""Whether the database can write is found out by writing a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import make_url

from candlewick.domain.errors import DatabaseFull, DatabaseReadOnly
from candlewick.storage.engine import Database
from candlewick.storage.room import require_database_room


@asynccontextmanager
async def opened(url: str, **settings: str) -> AsyncIterator[Database]:
    """The database, for sessions with these settings of the server."""
    database = await Database.open(make_url(url).update_query_dict(settings).render_as_string(hide_password=False))
    try:
        yield database
    finally:
        await database.close()


async def test_a_database_with_room_takes_a_file(database: Database) -> None:
    await require_database_room(database)


async def test_a_database_that_cannot_write_a_file_is_full(database_url: str) -> None:
    async with opened(database_url, temp_file_limit="1MB") as database:
        with pytest.raises(DatabaseFull, match="temporary file size exceeds"):
            await require_database_room(database)


async def test_a_database_that_takes_no_writes_is_read_only(database_url: str) -> None:
    async with opened(database_url, default_transaction_read_only="on") as database:
        with pytest.raises(DatabaseReadOnly):
            await require_database_room(database)
