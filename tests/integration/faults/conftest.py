"""What the tests of faults share. They run once, on the first edition of the database that this machine offers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest

from candlewick.domain.service import DatabaseEdition
from candlewick.storage.engine import Database
from candlewick.storage.schema import migrate
from databases import Offer, create_database, drop_database


@pytest.fixture(scope="package")
async def database(offers: Mapping[DatabaseEdition, Offer]) -> AsyncIterator[Database]:
    """A migrated database of one edition: how each stores trades is the contract suite's matter."""
    offer = next(offers[edition] for edition in DatabaseEdition if edition in offers)
    url = await create_database(offer)
    await migrate(url, timescaledb=offer.timescaledb)
    opened = await Database.open(url, pool_size=6)
    yield opened
    await opened.close()
    await drop_database(offer, url)
