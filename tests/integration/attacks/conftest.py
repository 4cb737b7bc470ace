"""The program itself, as a process, on a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from attacks.server import Target, target
from candlewick.domain.service import DatabaseEdition
from candlewick.storage.schema import migrate
from databases import Offer, create_database, drop_database
from embedded_services import new_data_dir


@pytest.fixture(scope="session")
async def attacked(offers: dict[DatabaseEdition, Offer]) -> AsyncIterator[Target]:
    """One edition will do: nothing that is sent here may come as far as to tell them apart."""
    offer = next(iter(offers.values()))
    url = await create_database(offer)
    try:
        await migrate(url, timescaledb=offer.timescaledb)
        async with target(url, new_data_dir(), limits__head_time="2", limits__body_time="2") as server:
            yield server
            assert server.mistakes() == []
    finally:
        await drop_database(offer, url)
