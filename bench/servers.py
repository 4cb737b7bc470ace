"""What the benchmarks run on: a fresh database of each edition that this machine offers, and what the tests have."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from candlewick.storage.engine import Database
from candlewick.storage.schema import migrate
from chaos.run import free_port
from chaos.subscriber import Subscriber
from chaos.venues import Emitted, Venue
from chaos.victims import Program, python
from databases import Offer, create_database, drop_database, offered
from importers import stores_of
from markets import delivery, new_instrument

__all__ = [
    "Emitted",
    "Offer",
    "Program",
    "Subscriber",
    "Venue",
    "delivery",
    "editions",
    "free_port",
    "fresh",
    "new_instrument",
    "python",
    "stores_of",
]  # fmt: skip


@asynccontextmanager
async def editions() -> AsyncIterator[list[Offer]]:
    """The editions that can be had here, on servers that live as long as the block."""
    with ExitStack() as stack:
        yield list((await offered(stack)).values())


@asynccontextmanager
async def fresh(offer: Offer) -> AsyncIterator[tuple[str, Database]]:
    """A migrated, empty database: its URL and its pool."""
    url = await create_database(offer)
    await migrate(url, timescaledb=offer.timescaledb)
    database = await Database.open(url)
    try:
        yield url, database
    finally:
        await database.close()
        await drop_database(offer, url)
