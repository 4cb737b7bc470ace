"""A Valkey of a test's own, which can be stopped and started again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from candlewick.domain.service import DatabaseEdition
from candlewick.embedded.locks import wait_until
from candlewick.embedded.valkey import find_valkey
from candlewick.storage.engine import Database
from databases import Databases, Offer, foremost
from working import HANGS


class Valkey:
    """A Valkey that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"unix://{folder}/s"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", f"{self.folder}/s", "--dir", str(self.folder), "--save", ""]
        self.process = subprocess.Popen([find_valkey(), *options], stdout=subprocess.DEVNULL)
        assert wait_until((self.folder / "s").is_socket, time.monotonic() + HANGS)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="session")
async def database(offers: Mapping[DatabaseEdition, Offer], databases: Databases) -> Database:
    """Of one edition: jobs are the same plain rows on each, which the contract suite shows."""
    return await databases.opened(foremost(offers))


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    if sys.platform == "win32":
        pytest.skip("no sockets in the file system")
    server = Valkey(tmp_path)
    server.start()
    yield server
    server.stop()
