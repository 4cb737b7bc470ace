"""The program itself as a process, on a database with something in it, for those who want to hurt it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from attacks.paths import KEY
from attacks.sending import Sender
from candlewick.clock import SystemClock
from candlewick.domain.access import Role
from candlewick.domain.market import AssetClass, InstrumentKey, Side, Tape, Trade
from candlewick.ports import Listing
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.keys import ApiKeys
from candlewick.storage.trades import Trades
from markets import delivery

TRADES = 5_000
PATIENCE = 90


@dataclass(frozen=True, slots=True)
class Target:
    """A server that can be reached, and what it is seen by."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int
    key: str

    @property
    def anonymous(self) -> Sender:
        return Sender("127.0.0.1", self.port)

    @property
    def admin(self) -> Sender:
        return Sender("127.0.0.1", self.port, self.key)

    @property
    def resident_mb(self) -> float:
        """Its memory."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise ProcessLookupError(self.process.pid)

    @property
    def busy_seconds(self) -> float:
        """Processor time of its main thread: what it did itself, however busy the machine is."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e9

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def mistakes(self) -> list[str]:
        """What the log says of mistakes of ours."""
        events = ('"request_failed"', '"operation_failed"', '"socket_failed"', "Traceback", "Exception in ASGI")
        return [line[:2_000] for line in self.log.read_text().splitlines() if any(event in line for event in events)]


async def fill(database: Database) -> str:
    """An instrument with trades, and the secret of a key for anything."""
    listing = Listing(InstrumentKey.parse(KEY), "BTCUSD", Tape.TRADES, AssetClass.CRYPTO, AssetClass.FIAT, "Test venue")
    instrument = await Instruments(database).list_instrument(listing)
    start = datetime(2024, 8, 8, tzinfo=UTC)
    trades = [
        Trade(number, Decimal(60_000 + number % 7), Decimal(1), Side.BUY, start + timedelta(seconds=number))
        for number in range(1, TRADES)
    ]
    await Trades(database).insert(delivery(instrument, trades))
    _, secret = await ApiKeys(database, SystemClock()).create("hostile", Role.ADMIN)
    return secret


class ServerEnded(RuntimeError):
    """It did before it answered."""

    def __init__(self, log: Path) -> None:
        super().__init__(log.read_text()[-3_000:])


@asynccontextmanager
async def target(url: str, folder: Path, **settings: str) -> AsyncIterator[Target]:
    """A server on that database, which is filled before; its files lie in the folder."""
    database = await Database.open(url)
    try:
        key = await fill(database)
    finally:
        await database.close()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CANDLEWICK_")}
    environment |= {
        "CANDLEWICK_DATA_DIR": str(folder),
        "CANDLEWICK_DATABASE__URL": url,
        "CANDLEWICK_LOG_FORMAT": "json",
        **{f"CANDLEWICK_{name.upper()}": value for name, value in settings.items()},
    }
    log = folder / "server.log"
    command = [sys.executable, "-m", "candlewick", "serve", "--port", str(port)]
    process = _started(command, environment, folder, log)
    try:
        await _until_it_answers(process, port, log)
        yield Target(process, log, port, key)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 60)


def _started(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path
) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(command, env=environment, cwd=folder, stdout=output, stderr=output)


async def _until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    sender = Sender("127.0.0.1", port)
    request = b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    async with asyncio.timeout(PATIENCE):
        while (await sender.raw("ready", request)).status != 200:
            if process.poll() is not None:
                raise ServerEnded(log)
            await asyncio.sleep(0.2)
