"""What the database can do, found out once: capabilities decide, never names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, text

from candlewick.domain.errors import UnsupportedDatabase
from candlewick.domain.service import DatabaseEdition

OLDEST_POSTGRESQL = 15
OLDEST_TIMESCALEDB = (2, 18)  # refresh_continuous_aggregate can be forced


class Capability(StrEnum):
    """What storage can make use of."""

    HYPERTABLES = "hypertables"
    CONTINUOUS_AGGREGATES = "continuous_aggregates"
    COLUMNSTORE = "columnstore"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The database's edition, its version in words, and what it can do."""

    edition: DatabaseEdition
    version: str
    capabilities: frozenset[Capability]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self.capabilities))


class Facts(NamedTuple):
    """What `FACTS` asks the database."""

    server: int
    """server_version_num: 150018 is PostgreSQL 15.18."""
    extension: str | None
    licence: str | None


FACTS = """
SELECT current_setting('server_version_num')::int,
       (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'),
       current_setting('timescaledb.license', true)
"""

LOADED = "SELECT current_setting('timescaledb.disable_load', true) IS NOT NULL"
"""Whether TimescaleDB's loader runs in the server: everybody may see its setting, but not what is preloaded."""


def capabilities_of(facts: Facts) -> Capabilities:
    """Weigh the facts.

    Raises:
        UnsupportedDatabase: PostgreSQL or TimescaleDB is too old.
    """
    postgresql = f"PostgreSQL {facts.server // 10000}.{facts.server % 10000}"
    if facts.server // 10000 < OLDEST_POSTGRESQL:
        raise UnsupportedDatabase(postgresql, f"PostgreSQL {OLDEST_POSTGRESQL} or later")
    if facts.extension is None:
        return Capabilities(DatabaseEdition.POSTGRESQL, postgresql, frozenset())
    version = f"TimescaleDB {facts.extension} on {postgresql}"
    if tuple(int(part) for part in facts.extension.split("-")[0].split(".")[:2]) < OLDEST_TIMESCALEDB:
        raise UnsupportedDatabase(version, f"TimescaleDB {'.'.join(map(str, OLDEST_TIMESCALEDB))} or later")
    if facts.licence == "timescale":
        return Capabilities(DatabaseEdition.TIMESCALEDB_COMMUNITY, version, frozenset(Capability))
    return Capabilities(DatabaseEdition.TIMESCALEDB_APACHE, version, frozenset({Capability.HYPERTABLES}))


def detect_sync(connection: Connection) -> Capabilities:
    """Find out on a connection that a migration has."""
    return capabilities_of(Facts(*connection.execute(text(FACTS)).one()))


def prepare_extension_sync(connection: Connection, *, wanted: bool) -> None:
    """Create the extension where the server has it loaded and nobody said that it is not wanted."""
    if wanted and connection.execute(text(LOADED)).scalar_one():
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS timescaledb"))
