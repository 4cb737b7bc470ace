"""Subscribers of one server by the thousand: how late events reach them, whether each comes once, what one costs.

Trades are committed at a steady rate to a database of their own; a relay and the servers run as processes, and so do
the subscribers, on the same machine. An event is as late as it reaches a subscriber after its trade was made: commit,
relay, Redis, reading and sending included. How busy the machine was with others is printed, for it counts.

    python bench/subscriptions.py                 2,000 at 5/s; the same beside 100 that stop reading
    python bench/subscriptions.py --servers 2 --subscribers 10000 --rate 1 --deaf 0
    python bench/subscriptions.py --soak 60000    one subscription, so many events: memory
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from candlewick.domain.market import Instrument, Side, Trade
from candlewick.embedded import private_services
from candlewick.storage.engine import Database
from candlewick.storage.trades import Trades
from crowd import more_files
from servers import Program, delivery, editions, free_port, fresh, new_instrument, python

PATIENCE = 60.0
SHED_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class House:
    """What serves."""

    database: Database
    instrument: Instrument
    servers: Sequence[tuple[int, Program]]

    @property
    def query(self) -> str:
        return f"""subscription {{ trades(instruments: ["{self.instrument.key}"]) {{
          ... on TradeBatch {{ trades {{ sequence ts price size side }} cursor }} ... on Lagged {{ events cursor }}
        }} }}"""


@contextmanager
def processes(folder: Path, url: str, redis: str, servers: int) -> Iterator[list[tuple[int, Program]]]:
    """A relay and so many servers."""
    known = {
        "CANDLEWICK_DATA_DIR": str(folder),
        "CANDLEWICK_DATABASE__URL": url,
        "CANDLEWICK_REDIS__URL": redis,
        "CANDLEWICK_HTTP__MAX_CONNECTIONS": "20000",
        "CANDLEWICK_LOG_LEVEL": "warning",
    }
    ports = [free_port() for _ in range(servers)]
    relay = Program("relay", python("-m", "candlewick", "worker", "--only", "relay"), known, folder / "relay.log")
    serving = [
        Program(f"server{port}", python("-m", "candlewick", "serve", "--port", str(port)), known, folder / "server.log")
        for port in ports
    ]
    try:
        for each in (relay, *serving):
            each.ensure()
        for port in ports:
            wait_for(port)
        yield list(zip(ports, serving, strict=True))
    finally:
        for each in (*serving, relay):
            each.stop()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@asynccontextmanager
async def house(folder: Path, redis: str, servers: int) -> AsyncIterator[House]:
    """On the first edition that this machine offers."""
    async with editions() as offers, fresh(offers[0]) as (url, database):
        instrument = await new_instrument(database)
        with processes(folder, url, redis, servers) as serving:
            print(f"{offers[0].edition} ({offers[0].version}); {os.cpu_count()} cores; load {os.getloadavg()[0]:.1f}")
            yield House(database, instrument, serving)


class Feeder:
    """Commits a trade at a time; sequences grow by one."""

    def __init__(self, house: House) -> None:
        self._trades = Trades(house.database)
        self._instrument = house.instrument
        self.sequence = 0

    async def commit(self) -> None:
        self.sequence += 1
        now = datetime.now(UTC)
        trade = Trade(self.sequence, Decimal("61234.56"), Decimal("0.001"), Side.BUY, now)
        await self._trades.insert(delivery(self._instrument, [trade], now))

    async def at(self, rate: float) -> None:
        """Until cancelled."""
        began, loop = asyncio.get_running_loop().time(), asyncio.get_running_loop()
        for number in range(sys.maxsize):
            await self.commit()
            await asyncio.sleep(max(began + (number + 1) / rate - loop.time(), 0))


class Load:
    """A process of subscribers."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def begin(cls, port: int, query: str, count: int, deaf: int, a_second: float) -> Load:
        script = Path(__file__).with_name("crowd.py")
        arguments = [str(script), str(port), str(count), str(deaf), str(a_second), query]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        return cls(process)

    async def line(self) -> str:
        assert self._process.stdout is not None
        return (await self._process.stdout.readline()).decode().strip()

    async def say(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        await self._process.stdin.drain()

    async def end(self) -> dict[str, object]:
        await self.say()
        found: dict[str, object] = json.loads(await self.line())
        await self._process.wait()
        return found


async def measure(house: House, subscribers: int, deaf: int, rate: float, seconds: float, a_second: float) -> None:
    """Print what so many subscribers got."""
    feeder = Feeder(house)
    before = [resident(program) for _, program in house.servers]
    each, ports = subscribers // len(house.servers), [port for port, _ in house.servers]
    loads = [await Load.begin(port, house.query, each, deaf, a_second / len(ports)) for port in ports]
    for load in loads:
        assert await load.line() == "connected"
    feeding = asyncio.create_task(feeder.at(rate))
    try:
        await asyncio.sleep(1)
        shedding = asyncio.create_task(shed(ports[0], deaf)) if deaf else None
        busy, used = busy_seconds(), [cpu_seconds(program) for _, program in house.servers]
        for load in loads:
            await load.say()
        await asyncio.sleep(seconds)
        spent = [(cpu_seconds(p) - u) / seconds for (_, p), u in zip(house.servers, used, strict=True)]
        busy = (busy_seconds() - busy) / seconds
        after = [resident(program) for _, program in house.servers]
        found = [await load.end() for load in loads]
        taken = await shedding if shedding else None
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
    for counts in found:
        print(f"  {json.dumps(counts)}")
    costs = [(a - b) / (each + deaf) for a, b in zip(after, before, strict=True)]
    print(
        f"  {subscribers} at {rate:g}/s{f' beside {deaf} that stop reading' if deaf else ''}: servers "
        + ", ".join(f"{s:.0%} of a core and {c:.1f} KB a subscriber" for s, c in zip(spent, costs, strict=True))
        + f"; the machine used {busy:.2f} cores; load {os.getloadavg()[0]:.1f}"
        + ("" if taken is None else f"; those were shed within {taken:.1f} s"),
        flush=True,
    )


async def shed(port: int, deaf: int) -> float:
    """Seconds until all that do not read are shed."""
    began = time.monotonic()
    while await asyncio.to_thread(metric, port, "candlewick_graphql_sockets_shed_total") < deaf:
        assert time.monotonic() - began < 3 * SHED_WITHIN, "they are not shed"
        await asyncio.sleep(0.5)
    return time.monotonic() - began


def metric(port: int, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as page:
        lines = page.read().decode().splitlines()
    return float(next((line.split()[1] for line in lines if line.startswith(f"{name} ")), 0))


async def soak(house: House, events: int) -> None:
    """Print the server's memory as events go through one subscription."""
    [(port, program)] = house.servers
    feeder, load = Feeder(house), await Load.begin(port, house.query, 1, 0, 10)
    assert await load.line() == "connected"
    await load.say()
    at, told = list[float](), 0
    while told < events:
        for _ in range(500):
            await feeder.commit()
        told = int(await asyncio.to_thread(metric, port, 'candlewick_graphql_events_total{operation="anonymous"}'))
        if len(at) < told * 10 // events:
            at.append(resident(program) / 1000)
            print(f"  {told:>7,} events ({feeder.sequence:,} commits): {at[-1]:.1f} MB", flush=True)
    print(f"  {json.dumps(await load.end())}")
    print(f"  from the second tenth to the last: {at[-1] - statistics.median(at[1:3]):+.1f} MB")


def cpu_seconds(program: Program) -> float:
    assert program.process is not None
    fields = Path(f"/proc/{program.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy_seconds() -> float:
    """Of all cores, by whoever."""
    fields = [int(each) for each in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def resident(program: Program) -> float:
    """Kilobytes of memory that the process holds."""
    assert program.process is not None
    lines = Path(f"/proc/{program.process.pid}/status").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("VmRSS")))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=int, default=1)
    parser.add_argument("--subscribers", type=int, default=2_000, help="on all servers together")
    parser.add_argument("--rate", type=float, default=5, help="events a second for each")
    parser.add_argument("--deaf", type=int, default=100, help="that stop reading, beside them, in a second run")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--connect", type=float, default=250, help="connections a second")
    parser.add_argument("--soak", type=int, default=0, metavar="EVENTS")
    given = parser.parse_args()
    more_files()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="candlewick-crowd-")))
        redis = stack.enter_context(private_services(folder, database=False)).redis
        assert redis is not None
        for deaf in [0] if given.soak or not given.deaf else [0, given.deaf]:
            async with house(folder, redis, 1 if given.soak else given.servers) as serving:
                if given.soak:
                    await soak(serving, given.soak)
                else:
                    run = (given.subscribers, deaf, given.rate, given.seconds, given.connect)
                    await measure(serving, *run)
        log = (folder / "server.log").read_text()
        print(f"  the servers' log: {log[:2000] or 'empty'}")


if __name__ == "__main__":
    asyncio.run(main())
