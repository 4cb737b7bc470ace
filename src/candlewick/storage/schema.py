"""Migrations: from empty to head and back, safe to run twice and from two processes at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from candlewick.domain.errors import SchemaOutOfDate, UnknownRevision
from candlewick.storage.engine import Database, connected, driver_of, sqlalchemy_engine

_LOCK = 0x63616E646C65  # "candle": one migration at a time in a database
_PACKAGED = Path(__file__).parents[1] / "migrations"
_CHECKOUT = Path(__file__).parents[3] / "migrations"


async def migrate(url: str, revision: str = "head", *, timescaledb: bool = True) -> tuple[str | None, str | None]:
    """Bring the database to `revision` ("head", "base" or a number); the revisions before and after.

    `timescaledb=False` leaves the extension out of a new database even where the server has it.

    Raises:
        UnknownRevision: there is no such revision here; or the database is at one that only a newer version knows.
    """
    engine = sqlalchemy_engine(url, pool_size=2)
    try:
        async with driver_of(engine) as guard:
            await guard.execute("SELECT pg_advisory_lock($1)", _LOCK)
            try:
                async with connected(engine) as connection:
                    return await _move(connection, revision, timescaledb=timescaledb)
            finally:
                await guard.execute("SELECT pg_advisory_unlock($1)", _LOCK)
    finally:
        await engine.dispose()


async def _move(connection: AsyncConnection, revision: str, *, timescaledb: bool) -> tuple[str | None, str | None]:
    before = await connection.run_sync(_current)
    await connection.rollback()
    await connection.run_sync(_run, revision, timescaledb)
    await connection.commit()
    return before, await connection.run_sync(_current)


def _run(connection: Connection, revision: str, timescaledb: bool) -> None:
    config = _config()
    config.attributes.update(connection=connection, timescaledb=timescaledb)
    current = _current(connection)
    connection.rollback()
    downwards = revision == "base" or (current is not None and revision.isdigit() and revision < current)
    try:
        (command.downgrade if downwards else command.upgrade)(config, revision)
    except CommandError as exc:
        known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
        raise UnknownRevision(str(exc), sorted(known)) from exc


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_PACKAGED if _PACKAGED.is_dir() else _CHECKOUT))
    return config


def head_revision() -> str:
    """The revision that this version of the code needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


async def current_revision(database: Database) -> str | None:
    """The revision that the database is at; None if it is empty."""
    async with database.core() as connection:
        if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
            return None
        found = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


async def require_head(database: Database) -> None:
    """Raises SchemaOutOfDate unless the tables are those of this version."""
    found, head = await current_revision(database), await asyncio.to_thread(head_revision)
    if found != head:
        raise SchemaOutOfDate(found, head)
