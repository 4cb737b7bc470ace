"""From the venues' events to the committed trade, and to a subscriber of the API: how long, and up to which rate.

Simulated venues, a worker and a server run as processes of their own beside one subscriber of all instruments, on
private services. `committed` is the commit log's clock less the trade's; `told` is the subscriber's clock less it.

    python bench/live.py [--venues binance,coinbase,kraken] [--rates 500,2000,5000] [--seconds 30] [--soak MINUTES]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from candlewick.domain.time import microseconds
from candlewick.embedded import private_services
from candlewick.storage.engine import Database
from servers import Emitted, Program, Subscriber, Venue, editions, free_port, fresh, python

SYMBOLS = 3
"""Of each venue."""
WARM_UP = 8.0
BEHIND = 1.0
"""Seconds: a rate whose median is later than this is beyond what the machine can do."""

COMMITTED = """
SELECT extract(epoch FROM c.committed_at - t.ts)::float8 AS late
FROM trade AS t JOIN commit_log AS c USING (instrument_id, version)
WHERE t.ts >= $1 AND t.ts < $2
"""


@dataclass
class Timed(Subscriber):
    """A subscriber that notes how late each trade was told, in seconds, by the trade's own time."""

    query: str = """subscription ($instruments: [String!]!, $after: String) {
      trades(instruments: $instruments, after: $after) { ... on TradeBatch { instrument trades { ts } cursor } }
    }"""
    late: list[tuple[int, float]] = field(default_factory=list)

    def note(self, event: dict[str, object]) -> None:
        now = time.time()
        for trade in event["trades"]:  # type: ignore[attr-defined]
            ts = microseconds(datetime.fromisoformat(trade["ts"]))
            self.late.append((ts, now - ts / 1e6))


@dataclass(frozen=True, slots=True)
class Bench:
    """What every measurement runs with."""

    folder: Path
    redis: str
    venues: Sequence[str]


@contextmanager
def machine(bench: Bench, database: str, rate: int) -> Iterator[tuple[Emitted, str, list[Program]]]:
    """Simulators, worker and server; where the API is; the processes."""
    port, each_rate = free_port(), max(rate // (SYMBOLS * len(bench.venues)), 1)
    venues = [Venue(code, SYMBOLS, each_rate, 7) for code in bench.venues]
    emitted = Emitted(venues)
    known = {
        "CANDLEWICK_DATA_DIR": str(bench.folder),
        "CANDLEWICK_DATABASE__URL": database,
        "CANDLEWICK_REDIS__URL": bench.redis,
        "CANDLEWICK_LIVE__WATCH": ",".join(map(str, emitted.instruments)),
    }
    for venue in venues:
        known |= venue.settings(venue.port)

    def program(name: str, command: Sequence[str]) -> Program:
        return Program(name, command, known, bench.folder / f"{name}.log")

    programs = [
        *(program(venue.code, venue.command) for venue in venues),
        program("worker", python("-m", "candlewick", "worker")),
        program("server", python("-m", "candlewick", "serve", "--port", str(port))),
    ]
    try:
        for each in programs:
            each.ensure()
        yield emitted, f"ws://127.0.0.1:{port}/graphql", programs
    finally:
        for each in reversed(programs):
            each.stop()


async def measure(bench: Bench, database: Database, url: str, rate: int, seconds: float) -> bool:
    """Print one line for the rate; whether the machine kept up."""
    with machine(bench, url, rate) as (emitted, api, programs):
        keys = emitted.instruments
        subscriber = Timed(api, [str(key) for key in keys])
        listening = asyncio.create_task(subscriber.run())
        await asyncio.sleep(WARM_UP)
        cpu = [cpu_seconds(each) for each in programs]
        start = datetime.now(UTC)
        await asyncio.sleep(seconds)
        end = datetime.now(UTC)
        used = [(cpu_seconds(each) - before) / seconds for each, before in zip(programs, cpu, strict=True)]
        await asyncio.sleep(3)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        async with database.driver() as driver:
            committed = [row["late"] for row in await driver.fetch(COMMITTED, start, end)]
        window = range(microseconds(start), microseconds(end))
        told = [late for ts, late in subscriber.late if ts in window]
        expected = sum(emitted.first_at(key, end) - emitted.first_at(key, start) for key in keys)
        print(
            f"  {rate:>6}/s  {len(committed):>8,} of {expected:>8,}  {line(committed)}  {line(told)}  "
            + "  ".join(f"{each.name} {share:.0%}" for each, share in zip(programs, used, strict=True)),
            flush=True,
        )
        return bool(committed) and statistics.median(committed) < BEHIND and len(committed) >= expected * 0.99


def line(late: Sequence[float]) -> str:
    if len(late) < 100:
        return "      -       -       -"
    cuts = statistics.quantiles(late, n=100)
    return f"{cuts[49] * 1000:7.0f} {cuts[98] * 1000:7.0f} {max(late) * 1000:7.0f}"


def cpu_seconds(program: Program) -> float:
    """Processor time that the process has used."""
    assert program.process is not None
    fields = Path(f"/proc/{program.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(program: Program) -> float:
    """Megabytes of memory that the process holds."""
    assert program.process is not None
    pages = int(Path(f"/proc/{program.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def soak(bench: Bench, url: str, minutes: float) -> None:
    """Print the memory of the processes once a minute, at 500 trades a second."""
    with machine(bench, url, 500) as (emitted, api, programs):
        subscriber = Timed(api, [str(key) for key in emitted.instruments])
        listening = asyncio.create_task(subscriber.run())
        print(f"  memory in MB at 500/s: minute, {', '.join(each.name for each in programs)}")
        for minute in range(int(minutes) + 1):
            await asyncio.sleep(60 if minute else 30)
            print(f"    {minute:>3}  " + "  ".join(f"{resident(each):7.1f}" for each in programs), flush=True)
            subscriber.late.clear()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venues", default="binance,coinbase,kraken", help="simulated, side by side")
    parser.add_argument("--rates", default="500,2000,5000,10000", help="trades a second, all instruments together")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--soak", type=float, default=0, metavar="MINUTES")
    parser.add_argument("--edition", help="only this one, for example POSTGRESQL")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="candlewick-live-")))
        redis = stack.enter_context(private_services(folder, database=False)).redis
        assert redis is not None
        bench = Bench(folder, redis, given.venues.split(","))
        async with editions() as offers:
            for offer in offers:
                if given.edition not in (None, offer.edition):
                    continue
                print(f"{offer.edition} ({offer.version}), {SYMBOLS} instruments of each of {given.venues}; in ms")
                print("            stored of emitted     committed: p50, p99, max     told: p50, p99, max  CPU")
                for rate in map(int, given.rates.split(",")):
                    async with fresh(offer) as (url, database):
                        if not await measure(bench, database, url, rate, given.seconds):
                            print("  saturated")
                            break
                if given.soak:
                    async with fresh(offer) as (url, _):
                        await soak(bench, url, given.soak)


if __name__ == "__main__":
    asyncio.run(main())
