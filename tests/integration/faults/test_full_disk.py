"""The disk of the database runs full: everybody is told, nothing is lost, and it comes back by itself."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
import pytest

from candlewick.domain.errors import CandlewickError
from candlewick.embedded import private_services
from candlewick.embedded.folder import ServiceFolder, ServiceName
from candlewick.storage.engine import Database
from candlewick.storage.schema import migrate
from chaos.run import CANDLEWICK, environment_of, free_port, running
from chaos.venue import Markets
from chaos.verdict import Verdict
from chaos.victims import Program, python
from embedded_services import new_data_dir
from working import HANGS

DISK_BYTES: Final = 320 * 1024 * 1024
PAGE: Final = 4096
SMALL: Final = {"max_wal_size": "64MB", "min_wal_size": "32MB", "shared_buffers": "32MB"}
BACK_SECONDS: Final = 30.0
FULL_SECONDS: Final = 10.0
"""Long enough for pauses to have grown."""
RATE: Final = 100


@dataclass(frozen=True, slots=True)
class Disk:
    """A small file system."""

    mount: Path

    def fill(self) -> None:
        """Leave no byte free."""
        with self._filler.open("ab", buffering=0) as file:
            for size in (1 << 20, PAGE):
                with suppress(OSError):
                    while file.write(bytes(size)):
                        pass  # until there is no room for so much

    def make_room(self) -> None:
        self._filler.unlink(missing_ok=True)

    @property
    def _filler(self) -> Path:
        return self.mount / "filler"


@pytest.fixture
def disk() -> Iterator[Disk]:
    """A mount of its own, of 320 MB in memory."""
    mount = new_data_dir("candlewick-disk-")
    options = f"size={DISK_BYTES},mode=0755"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", mount], capture_output=True, check=False)
    if done.returncode != 0:
        mount.rmdir()
        pytest.skip(f"a file system cannot be mounted here: {done.stderr.decode().strip()}")
    yield Disk(mount)
    subprocess.run(["umount", mount], check=True)
    mount.rmdir()


@dataclass(frozen=True, slots=True)
class Machine:
    """Candlewick on the small disk, with trades coming in."""

    disk: Disk
    markets: Markets
    verdict: Verdict
    worker: Program
    readyz: str

    async def components(self) -> dict[str, str]:
        """What /readyz says of each component; nothing while the server does not listen."""
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            try:
                return dict((await client.get(self.readyz)).json()["components"])
            except httpx.TransportError:
                return {}

    async def is_ready(self) -> bool:
        return set((await self.components()).values()) == {"ready"}

    async def is_red(self) -> bool:
        return (await self.components()).get("database") == "not ready"

    async def last(self) -> int:
        """The latest trade of the instrument that is behind."""
        keys = self.markets.keys(self.markets.live)
        stored = await self.verdict.stored()
        return min(stored[key].last if key in stored else 0 for key in keys)

    async def stands_still(self) -> bool:
        """Whether no trade is stored any more."""
        before = await self.last()
        await asyncio.sleep(1)
        return await self.last() == before

    async def has_everything_until(self, moment: datetime) -> bool:
        """Whether each trade until then is stored, and every commit published."""
        try:
            stored = await self.verdict.stored()
            markets = self.markets
            found = [(stored.get(key), markets.first_at(key, moment) - 1) for key in markets.keys(markets.live)]
            whole = all(have is not None and have.whole and have.last >= due for have, due in found)
            return whole and await self.verdict.relayed()
        except CandlewickError:
            return False

    async def wrong(self) -> list[str]:
        """What is wrong with all that was stored, when nothing more comes."""
        await asyncio.to_thread(self.worker.stop)
        await self.verdict.check()
        return self.verdict.wrong

    def kill_database(self) -> None:
        pid = ServiceFolder(self.disk.mount / "services" / "postgresql", ServiceName.POSTGRESQL).read_server_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)


@asynccontextmanager
async def machine(disk: Disk) -> AsyncIterator[Machine]:
    elsewhere = new_data_dir("candlewick-elsewhere-")
    markets = Markets(RATE, 1)
    port, venue_port = free_port(), free_port()
    with (
        private_services(elsewhere, database=False) as others,
        private_services(disk.mount, redis=False, postgres_options=SMALL) as private,
        room_at_the_end(disk),
    ):
        assert private.database is not None
        assert others.redis is not None
        await migrate(private.database)
        environment = environment_of(elsewhere, private.database, others.redis, markets, venue_port)
        rates = ("--live-rate", str(RATE), "--past-rate", "1")

        def program(name: str, *command: str) -> Program:
            return Program(name, command, environment, elsewhere / f"{name}.log")

        venue = program("venue", *python("-m", "chaos.venue", "--port", str(venue_port), *rates))
        worker = program("worker", *CANDLEWICK, "worker")
        server = program("server", *CANDLEWICK, "serve", "--port", str(port))
        with running([venue, worker, server]):
            database = await Database.open(private.database, application_name="full disk")
            try:
                yield Machine(disk, markets, Verdict(database, markets), worker, f"http://127.0.0.1:{port}/readyz")
            finally:
                await database.close()
    shutil.rmtree(elsewhere)  # the logs of a run that failed stay


@contextmanager
def room_at_the_end(disk: Disk) -> Iterator[None]:
    """Whatever a test found, the database can stop in order."""
    try:
        yield
    finally:
        disk.make_room()


async def until(condition: Callable[[], Awaitable[bool]], seconds: float, what: str) -> float:
    """Wait for it; the seconds that took."""
    began = time.monotonic()
    while not await condition():
        assert time.monotonic() - began < seconds, f"not {what} within {seconds:g} s"
        await asyncio.sleep(0.2)
    return time.monotonic() - began


@pytest.mark.parametrize("crashes", [False, True], ids=["takes no writes", "cannot start"])
async def test_full_disk_is_told_loses_nothing_and_is_over_within_30_s(disk: Disk, crashes: bool) -> None:
    async with machine(disk) as one:
        await until(one.is_ready, HANGS, "ready")
        began = datetime.now(UTC)
        await until(lambda: one.has_everything_until(began), HANGS, "taking trades")

        disk.fill()
        await until(one.is_red, HANGS, "red")
        if crashes:
            one.kill_database()
        else:
            await until(one.stands_still, HANGS, "standing still")
        await asyncio.sleep(FULL_SECONDS)
        assert await one.is_red()

        disk.make_room()
        freed = datetime.now(UTC)
        async with asyncio.timeout(BACK_SECONDS):
            await until(one.is_ready, BACK_SECONDS, "ready again")
            await until(lambda: one.has_everything_until(freed), BACK_SECONDS, "complete")
        assert await one.wrong() == []
