"""The databases that the tests run on: every edition that this machine offers, each in a fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest
from hypothesis import settings

from candlewick.domain.service import DatabaseEdition
from candlewick.storage.engine import Database
from candlewick.storage.schema import migrate
from databases import Offer, create_database, drop_database, offered

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")  # no test is held to a time: machines are busy

OFFERS = pytest.StashKey[dict[DatabaseEdition, Offer]]()


@pytest.fixture(scope="session")
async def offers(pytestconfig: pytest.Config) -> AsyncIterator[dict[DatabaseEdition, Offer]]:
    """A server for each edition that can be had here."""
    with ExitStack() as stack:
        pytestconfig.stash[OFFERS] = await offered(stack)
        yield pytestconfig.stash[OFFERS]


@pytest.fixture(scope="session", params=list(DatabaseEdition), ids=str)
def offer(request: pytest.FixtureRequest, offers: dict[DatabaseEdition, Offer]) -> Offer:
    """Each edition in turn."""
    edition: DatabaseEdition = request.param
    if edition not in offers:
        pytest.skip(f"this machine offers no {edition}")
    return offers[edition]


@pytest.fixture(scope="session")
async def database_url(offer: Offer) -> AsyncIterator[str]:
    """A migrated database of each edition, shared by the tests: each works on instruments of its own."""
    url = await create_database(offer)
    await migrate(url, timescaledb=offer.timescaledb)
    yield url
    await drop_database(offer, url)


@pytest.fixture(scope="session")
async def database(database_url: str) -> AsyncIterator[Database]:
    """The same, opened."""
    opened = await Database.open(database_url, pool_size=12)
    yield opened
    await opened.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Nobody is asked over the internet by accident."""
    if "live" in str(config.getoption("markexpr")):
        return
    unasked = pytest.mark.skip(reason="live providers are asked only with -m live, where there is an internet")
    for item in items:
        if item.get_closest_marker("live"):
            item.add_marker(unasked)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what the tests ran on, and which edition's tests could not run."""
    offers = config.stash.get(OFFERS, None)
    if offers is None:
        return
    terminalreporter.section("databases")
    for edition in DatabaseEdition:
        ran = f"ran on {offers[edition].version}" if edition in offers else "NOT RUN: not offered by this machine"
        terminalreporter.write_line(f"{edition}: {ran}")
