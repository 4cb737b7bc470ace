"""Looks at the database: is it there, what can it do, are the tables ours, does its clock agree with ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

from candlewick.cli.doctor.findings import Finding, advice, failure, fine, warning
from candlewick.domain.errors import DatabaseUnavailable, UnsupportedDatabase
from candlewick.domain.service import DatabaseEdition
from candlewick.ports import Clock
from candlewick.settings import Settings
from candlewick.storage import schema
from candlewick.storage.capabilities import LOADED
from candlewick.storage.engine import Database
from candlewick.wiring import Addresses, open_database

CLOCK_TOLERANCE: Final = timedelta(seconds=2)

_EXTENSION: Final = f"""
SELECT default_version, installed_version, ({LOADED}) FROM pg_available_extensions WHERE name = 'timescaledb'
"""  # noqa: S608  (a constant)

_MEANING: Final = {
    DatabaseEdition.TIMESCALEDB_COMMUNITY: "wide candles are continuous aggregates, old trades can be compressed",
    DatabaseEdition.TIMESCALEDB_APACHE: "trades are cut by time, wide candles are kept by the worker",
    DatabaseEdition.POSTGRESQL: "this is not TimescaleDB: all works and is as exact, but large histories get slow",
}


async def look_at_database(settings: Settings, where: Addresses, clock: Clock) -> AsyncIterator[Finding]:
    """What there is to say; only the first finding if nobody answers."""
    try:
        database = await open_database(settings, where, "doctor")
    except DatabaseUnavailable as error:
        yield failure("database", f"{error.where} does not answer: {error.reason}", _reach(where))
        return
    except UnsupportedDatabase as error:
        yield failure("database", f"it is {error.found}", f"Upgrade it to {error.needed}.")
        return
    try:
        yield fine("database", f"{database.capabilities.version} answers{_owner(where)}")
        yield await _edition(settings, database)
        yield await _migrations(database, private=where.private_postgres is not None)
        yield await _clock(database, clock)
    finally:
        await database.close()


def _reach(where: Addresses) -> str:
    if where.private_postgres is not None:
        return "It is a private one: its log is in the data folder, under services/postgresql."
    return "Check database.url (CANDLEWICK_DATABASE__URL), that the server runs, and that it lets us in."


def _owner(where: Addresses) -> str:
    private = where.private_postgres
    return f" (private, {private.source.value}: {private.bin_dir})" if private else ""


async def _edition(settings: Settings, database: Database) -> Finding:
    capabilities = database.capabilities
    can = ", ".join(capabilities.names) or "none"
    message = f"{capabilities.edition} (capabilities: {can}): {_MEANING[capabilities.edition]}"
    if capabilities.edition is not DatabaseEdition.POSTGRESQL:
        return fine("edition", message)
    return advice("edition", message, await _way_to_timescaledb(settings, database))


async def _way_to_timescaledb(settings: Settings, database: Database) -> str:
    async with database.driver() as driver:
        found = await driver.fetchrow(_EXTENSION)
    if found is None:
        return "For TimescaleDB, use a server that has it: docker-compose.yml brings one, or install its package."
    if not settings.database.timescaledb:
        return f"The server has TimescaleDB {found[0]}; database.timescaledb is off, so it stays unused."
    if not found[2]:
        return f"The server has TimescaleDB {found[0]}, not loaded: add it to shared_preload_libraries and restart."
    return (
        f"The server has TimescaleDB {found[0]}, not created here: use a new database, `candlewick migrate` creates it."
    )


async def _migrations(database: Database, *, private: bool) -> Finding:
    current, head = await schema.current_revision(database), schema.head_revision()
    if current == head:
        return fine("migrations", f"the tables are at revision {current}, as this version needs")
    if current is None and private:
        return advice(
            "migrations", "there are no tables yet", "Nothing to do: the first command that needs them makes them."
        )
    if current is None:
        return failure("migrations", "there are no tables yet", "Run `candlewick migrate`.")
    return failure(
        "migrations",
        f"the tables are at revision {current}, this version needs {head}",
        "Run `candlewick migrate`; if the tables are newer, use the newer Candlewick.",
    )


async def _clock(database: Database, clock: Clock) -> Finding:
    async with database.driver() as driver:
        asked = clock.now()
        theirs: datetime = await driver.fetchval("SELECT clock_timestamp()")
        answered = clock.now()
    apart = theirs - (asked + (answered - asked) / 2)
    message = (
        f"the database's clock is {abs(apart).total_seconds():.3f} s {'ahead' if apart >= timedelta() else 'behind'}"
    )
    if abs(apart) <= CLOCK_TOLERANCE:
        return fine("clock", message)
    return warning(
        "clock", message, "Candles close by the clock: let NTP (chrony, systemd-timesyncd) set both machines'."
    )
