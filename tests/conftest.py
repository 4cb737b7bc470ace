"""The databases that the tests run on: every edition that this machine offers, each in a fresh database.

Where tests run side by side (`-n`), the processes share the servers, and each has databases of its own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from candlewick.domain.service import DatabaseEdition
from candlewick.storage.engine import Database
from databases import QUICK, Databases, Offer, offered
from embedded_services import new_data_dir

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")  # no test is held to a time: machines are busy

SERVERS = pytest.StashKey[Path]()
VERSIONS = pytest.StashKey[dict[str, str]]()
UNMEASURED = frozenset({"test_fuzz.py", "test_recordings.py"})
"""Files whose tests read so much that measuring coverage doubles what they cost: other tests cover the same lines."""


@pytest.fixture(scope="session")
async def offers(pytestconfig: pytest.Config) -> AsyncIterator[dict[DatabaseEdition, Offer]]:
    """A server for each edition that can be had here."""
    with ExitStack() as stack:
        found = await offered(stack, pytestconfig.stash[SERVERS], QUICK)
        pytestconfig.stash[VERSIONS] = {str(edition): offer.version for edition, offer in found.items()}
        yield found


@pytest.fixture(scope="session")
async def databases(offers: dict[DatabaseEdition, Offer]) -> AsyncIterator[Databases]:
    """The databases made so far, whatever the order in which tests want them."""
    made = Databases()
    yield made
    await made.drop()


@pytest.fixture(scope="session", params=list(DatabaseEdition), ids=str)
def offer(request: pytest.FixtureRequest, offers: dict[DatabaseEdition, Offer]) -> Offer:
    """Each edition in turn."""
    edition: DatabaseEdition = request.param
    if edition not in offers:
        pytest.skip(f"this machine offers no {edition}")
    return offers[edition]


@pytest.fixture(scope="session")
async def database_url(offer: Offer, databases: Databases) -> str:
    """A migrated database of each edition, shared by the tests: each works on instruments of its own."""
    return await databases.url(offer)


@pytest.fixture(scope="session")
async def database(offer: Offer, databases: Databases) -> Database:
    """The same, opened."""
    return await databases.opened(offer)


@pytest.fixture(scope="module")
async def swept(database: Database) -> None:
    """The ledger of dirty ranges is empty: who refreshes everything does not pay for what earlier files left behind."""
    async with database.driver() as driver:
        await driver.execute("DELETE FROM dirty_range")


def pytest_configure(config: pytest.Config) -> None:
    """All processes of a run start private servers in one folder, which goes with the run."""
    given = getattr(config, "workerinput", None)
    config.stash[VERSIONS] = {}
    config.stash[SERVERS] = Path(given["servers"]) if given else new_data_dir("candlewick-servers-")
    if not given:
        config.add_cleanup(partial(shutil.rmtree, config.stash[SERVERS], ignore_errors=True))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """All processes hash alike, so that they find the cases of a test in the same order."""
    os.environ.setdefault("PYTHONHASHSEED", "0")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["servers"] = str(node.config.stash[SERVERS])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[VERSIONS].update(getattr(node, "workeroutput", {}).get("versions", {}))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What a worker ran on is for the process that sums up."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["versions"] = session.config.stash[VERSIONS]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Nobody is asked over the internet by accident, and what says the same a million times is not measured."""
    asked = "live" in str(config.getoption("markexpr"))
    unasked = pytest.mark.skip(reason="live providers are asked only with -m live, where there is an internet")
    for item in items:
        if item.get_closest_marker("live") and not asked:
            item.add_marker(unasked)
        if item.path.name in UNMEASURED:
            item.add_marker("no_cover")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what the tests ran on, and which edition's tests could not run."""
    versions = config.stash[VERSIONS]
    if not versions:
        return
    terminalreporter.section("databases")
    for edition in DatabaseEdition:
        ran = f"ran on {versions[edition]}" if edition in versions else "NOT RUN: not offered by this machine"
        terminalreporter.write_line(f"{edition}: {ran}")
