"""What the benchmarks run on: a fresh database of each edition that this machine offers, and what the tests have."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from attacks.corpus import Sent, corpus
from attacks.sending import Outcome, Sender, subscribe
from attacks.server import Target, target
from attacks.wire import broken_requests, foreign_hosts, hostile_frames, unfinished_requests
from candlewick.storage.engine import Database
from candlewick.storage.schema import migrate
from chaos.run import free_port
from chaos.subscriber import Subscriber
from chaos.venues import Emitted, Venue
from chaos.victims import Program, python
from databases import Offer, create_database, drop_database, offered
from embedded_services import new_data_dir
from importers import stores_of
from markets import delivery, new_instrument

__all__ = [
    "Emitted",
    "Offer",
    "Outcome",
    "Program",
    "Sender",
    "Sent",
    "Subscriber",
    "Target",
    "Venue",
    "broken_requests",
    "corpus",
    "delivery",
    "editions",
    "foreign_hosts",
    "free_port",
    "fresh",
    "hostile_frames",
    "new_data_dir",
    "new_instrument",
    "python",
    "stores_of",
    "subscribe",
    "target",
    "unfinished_requests",
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
