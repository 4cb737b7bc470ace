"""What the tests of uploads share. They run once, on the first edition of the database that this machine offers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from candlewick.domain.service import DatabaseEdition
from candlewick.storage.engine import Database
from databases import Databases, Offer, foremost


@pytest.fixture(scope="session")
async def database(offers: Mapping[DatabaseEdition, Offer], databases: Databases) -> Database:
    """Of one edition: how each stores what an import brings is the contract suite's matter."""
    return await databases.opened(foremost(offers))
