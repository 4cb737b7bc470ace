"""What the tests of faults share. They run once, on the first edition of the database that this machine offers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Final

import pytest

from candlewick.domain.service import DatabaseEdition
from candlewick.providers.simulation.faults import Fault
from candlewick.storage.engine import Database
from candlewick.storage.schema import migrate
from databases import Offer, create_database, drop_database, foremost

SHORT: Final = timedelta(seconds=2)
LONG: Final = timedelta(minutes=1)


@pytest.fixture
def silence(request: pytest.FixtureRequest) -> timedelta:
    """After which a stream is given up: short only where that is the fault, since a busy machine is silent too."""
    case = getattr(request.node, "callspec", None)
    return SHORT if case is not None and case.params.get("fault") is Fault.SILENT else LONG


@pytest.fixture(scope="package")
async def database(offers: Mapping[DatabaseEdition, Offer]) -> AsyncIterator[Database]:
    """A migrated database of one edition: how each stores trades is the contract suite's matter."""
    offer = foremost(offers)
    url = await create_database(offer)
    await migrate(url, timescaledb=offer.timescaledb)
    opened = await Database.open(url, pool_size=6)
    yield opened
    await opened.close()
    await drop_database(offer, url)
