"""Which editions of the database this machine offers, and a fresh database on each."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
from sqlalchemy.engine import make_url

from candlewick.domain.service import DatabaseEdition
from candlewick.embedded import postgres_installations, private_services
from candlewick.storage.capabilities import FACTS, Capabilities, Facts, capabilities_of

COMMUNITY, APACHE, POSTGRESQL = (
    DatabaseEdition.TIMESCALEDB_COMMUNITY,
    DatabaseEdition.TIMESCALEDB_APACHE,
    DatabaseEdition.POSTGRESQL,
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A server on which databases of one edition can be made. `url` is that of a superuser."""

    edition: DatabaseEdition
    url: str
    version: str

    @property
    def timescaledb(self) -> bool:
        return self.edition is not POSTGRESQL


async def offered(stack: ExitStack) -> dict[DatabaseEdition, Offer]:
    """Servers for the editions that can be had: those of CANDLEWICK_TEST_SERVERS, else private ones."""
    offers: dict[DatabaseEdition, Offer] = {}
    for url in os.environ.get("CANDLEWICK_TEST_SERVERS", "").split():
        offers = await _offers_of(url) | offers
    for installation in () if offers else postgres_installations():
        if installation.has_timescaledb and offers.keys() != set(DatabaseEdition):
            offers = await _offers_of(_server(stack, installation.bin_dir)) | offers
    if not offers:
        offers = await _offers_of(_server(stack))
    if COMMUNITY in offers and APACHE not in offers:  # the same programs, held to the other licence
        offers = await _offers_of(_server(stack, options={"timescaledb.license": "apache"})) | offers
    if os.environ.get("CI") == "true" and not offers.keys() & {COMMUNITY, APACHE}:
        raise RuntimeError("CI must run on a real TimescaleDB, and this machine offers none")
    return offers


def _server(stack: ExitStack, bin_dir: Path | None = None, options: Mapping[str, str] | None = None) -> str:
    """A private server that lives as long as the stack."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="candlewick-", ignore_cleanup_errors=True)))
    folder.chmod(0o755)
    url = stack.enter_context(
        private_services(folder, redis=False, postgres_bin=bin_dir, postgres_options=options)
    ).database
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
    """The URL of a new, empty database."""
    name = f"candlewick_{uuid4().hex[:12]}"
    connection = await asyncpg.connect(offer.url)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
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
