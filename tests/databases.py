"""Which editions of the database this machine offers, and a fresh database on each."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final
from uuid import uuid4

import asyncpg
from sqlalchemy.engine import make_url

from candlewick.domain.service import DatabaseEdition
from candlewick.embedded import postgres_installations, private_services
from candlewick.storage.capabilities import FACTS, Capabilities, Facts, capabilities_of
from candlewick.storage.engine import Database
from candlewick.storage.schema import migrate

COMMUNITY, APACHE, POSTGRESQL = (
    DatabaseEdition.TIMESCALEDB_COMMUNITY,
    DatabaseEdition.TIMESCALEDB_APACHE,
    DatabaseEdition.POSTGRESQL,
)
QUICK: Final = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}
"""Options of a server whose databases need not survive the machine."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A server on which databases of one edition can be made. `url` is that of a superuser."""

    edition: DatabaseEdition
    url: str
    version: str

    @property
    def timescaledb(self) -> bool:
        return self.edition is not POSTGRESQL


def foremost(offers: Mapping[DatabaseEdition, Offer]) -> Offer:
    """For tests of what is the same on each edition."""
    return next(offers[edition] for edition in DatabaseEdition if edition in offers)


class Databases:
    """A migrated database of each edition, made when it is first wanted."""

    def __init__(self) -> None:
        self._made: dict[DatabaseEdition, tuple[Offer, str]] = {}
        self._opened: dict[DatabaseEdition, Database] = {}

    async def url(self, offer: Offer) -> str:
        if offer.edition not in self._made:
            self._made[offer.edition] = (offer, await create_database(offer))
            await migrate(self._made[offer.edition][1], timescaledb=offer.timescaledb)
        return self._made[offer.edition][1]

    async def opened(self, offer: Offer) -> Database:
        if offer.edition not in self._opened:
            self._opened[offer.edition] = await Database.open(await self.url(offer), pool_size=12, readers=3)
        return self._opened[offer.edition]

    async def drop(self) -> None:
        for database in self._opened.values():
            await database.close()
        for offer, url in self._made.values():
            await drop_database(offer, url)


async def offered(
    stack: ExitStack, folder: Path | None = None, options: Mapping[str, str] = MappingProxyType({})
) -> dict[DatabaseEdition, Offer]:
    """Servers for the editions that can be had: those of CANDLEWICK_TEST_SERVERS, else private ones in the folder.

    Whoever asks with the same folder meanwhile is given the same servers; without one, the stack has its own.
    """
    if folder is None:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="candlewick-", ignore_cleanup_errors=True))
        )
        folder.chmod(0o755)
    offers: dict[DatabaseEdition, Offer] = {}
    for url in os.environ.get("CANDLEWICK_TEST_SERVERS", "").split():
        offers = await _offers_of(url) | offers
    for installation in () if offers else postgres_installations():
        if installation.has_timescaledb and offers.keys() != set(DatabaseEdition):
            place = folder / str(installation.bin_dir).strip("/").replace("/", "-")
            offers = await _offers_of(_server(stack, place, options, installation.bin_dir)) | offers
    if not offers:
        offers = await _offers_of(_server(stack, folder / "any", options))
    if COMMUNITY in offers and APACHE not in offers:  # the same programs, held to the other licence
        offers = (
            await _offers_of(_server(stack, folder / "apache", {**options, "timescaledb.license": "apache"})) | offers
        )
    if os.environ.get("CI") == "true" and not offers.keys() & {COMMUNITY, APACHE}:
        raise RuntimeError("CI must run on a real TimescaleDB, and this machine offers none")
    return offers


def _server(stack: ExitStack, folder: Path, options: Mapping[str, str], bin_dir: Path | None = None) -> str:
    """A private server that lives as long as the stack, or as that of the last process that has one in the folder."""
    folder.mkdir(mode=0o755, exist_ok=True)
    services = private_services(folder, redis=False, postgres_bin=bin_dir, postgres_options=options)
    url = stack.enter_context(services).database
    assert url is not None
    return url


async def _offers_of(url: str) -> dict[DatabaseEdition, Offer]:
    """What one server offers: found out in a scratch database, since the extension tells its licence only there."""
    scratch = Offer(POSTGRESQL, url, "")
    trial = await create_database(scratch)
    connection = await asyncpg.connect(trial)
    try:
        plain = await _capabilities(connection)
        offers = {POSTGRESQL: Offer(POSTGRESQL, url, plain.version)}
        if "timescaledb" in await connection.fetchval("SHOW shared_preload_libraries"):
            await connection.execute("CREATE EXTENSION timescaledb")
            found = await _capabilities(connection)
            offers[found.edition] = Offer(found.edition, url, found.version)
    finally:
        await connection.close()
        await drop_database(scratch, trial)
    return offers


async def _capabilities(connection: asyncpg.Connection) -> Capabilities:
    found = await connection.fetchrow(FACTS)
    assert found is not None
    return capabilities_of(Facts(*found))


async def create_database(offer: Offer) -> str:
    """The URL of a new, empty database. Nobody is ever connected to the template that it is made of."""
    name = f"candlewick_{uuid4().hex[:12]}"
    connection = await asyncpg.connect(offer.url)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    finally:
        await connection.close()
    return make_url(offer.url).set(database=name).render_as_string(hide_password=False)


async def drop_database(offer: Offer, url: str) -> None:
    """Away with it, whoever is still connected."""
    connection = await asyncpg.connect(offer.url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")
    finally:
        await connection.close()
