"""Several venues at once, each lying in its own way, while everything around breaks: nothing may be lost.

python -m chaos.feeds --seconds 600 --rate 2000 --seed 1
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg

from candlewick.domain.errors import CandlewickError
from candlewick.domain.market import InstrumentKey
from candlewick.embedded import private_services
from candlewick.embedded.folder import ServiceFolder, ServiceName
from candlewick.storage.engine import Database
from candlewick.storage.schema import migrate
from candlewick.wiring import Addresses
from chaos.run import free_port
from chaos.subscriber import Subscriber
from chaos.venues import Emitted, Venue
from chaos.verdict import Verdict
from chaos.victims import PrivateServer, Program, python

VENUES: Final = ("binance", "coinbase", "kraken")
SYMBOLS: Final = 3
"""Of each venue."""
SKEW: Final = 1.3
"""Seconds that the venues' clocks are ahead of ours."""
_STEP: Final = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How hard it will be."""

    seconds: float = 600
    rate: int = 2_000
    """Trades a second, all instruments of all venues together."""
    seed: int = 1
    venues: Sequence[str] = VENUES
    faults_every: float = 6.0
    """Seconds between two faults of a venue, on average."""
    disasters: bool = True
    cut: float = 30.0
    """Seconds that the network is away for."""
    back: float = 30.0
    """Seconds within which trades must come in again after something broke."""
    settle: float = 60.0
    """Seconds after the end within which everything must be there."""


@dataclass
class Report:
    """What happened, and what is wrong."""

    faults: Counter[str] = field(default_factory=Counter)
    trades: int = 0
    told: int = 0
    gaps: Counter[str] = field(default_factory=Counter)
    back: dict[str, float] = field(default_factory=dict)
    """Seconds until trades of all came in again, by what had happened."""
    memory: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Megabytes of each process, in the first and in the last third of the run."""
    seconds_to_settle: float = 0.0
    wrong: list[str] = field(default_factory=list)


class Liar:
    """Orders faults of one venue, by a seed."""

    def __init__(self, venue: Venue, chance: random.Random, tally: Counter[str]) -> None:
        self._venue = venue
        self._chance = chance
        self._tally = tally
        self._menu: list[tuple[str, Callable[[], Awaitable[object]]]] = [
            ("missing", self._hide),
            ("duplicate", lambda: venue.order(fault="duplicate", count=chance.randint(1, 200))),
            ("shuffled", lambda: venue.order(fault="shuffled", count=chance.randint(10, 300), seconds=0.8)),
            ("late", lambda: venue.order(fault="late", count=chance.randint(1, 100), seconds=3)),
            ("cut", lambda: venue.order(fault="cut")),
            ("disconnect", lambda: venue.order(fault="disconnect")),
            ("malformed", lambda: venue.order(fault="malformed")),
            ("rate_limited", lambda: venue.order(fault="rate_limited", count=2, seconds=1)),
            ("html", lambda: venue.order(fault="html", count=2)),
            ("server_error", lambda: venue.order(fault="server_error", count=2, status=503)),
        ]

    async def lie(self, every: float) -> None:
        """Until cancelled."""
        await self._venue.order(fault="skewed_clock", seconds=SKEW, count=None)
        while True:
            await asyncio.sleep(self._chance.uniform(0.5, 2 * every - 0.5))
            name, order = self._chance.choice(self._menu)
            await order()
            self._tally[f"{self._venue.code} {name}"] += 1

    async def _hide(self) -> None:
        await self._venue.hide(self._chance.choice(self._venue.symbols), self._chance.randint(1, 400))


@dataclass
class Run:
    """One run: the machine, what is done to it, what is seen of it."""

    plan: Plan
    folder: Path
    where: Addresses
    venues: Sequence[Venue]
    report: Report = field(default_factory=Report)
    programs: dict[str, Program] = field(default_factory=dict)
    samples: dict[str, list[float]] = field(default_factory=dict)

    @property
    def clock_file(self) -> Path:
        return self.folder / "clock"

    def prepare(self, server_port: int) -> None:
        """The programs, none of which runs yet."""
        logs = self.folder / "logs"
        logs.mkdir(exist_ok=True)
        self.clock_file.write_text("0")
        keys = [str(key) for venue in self.venues for key in venue.keys.values()]
        environment = {
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "CANDLEWICK_DATA_DIR": str(self.folder),
            "CANDLEWICK_DATABASE__URL": self.where.database,
            "CANDLEWICK_REDIS__URL": self.where.redis or "",
            "CANDLEWICK_LIVE__WATCH": ",".join(keys),
        }
        for venue in self.venues:
            environment |= venue.settings(venue.wire.port)
        stepped = ("-m", "chaos.stepped", str(self.clock_file))
        commands = {
            "worker": python(*stepped, "worker"),
            "worker2": python(*stepped, "worker"),
            "server": python(*stepped, "serve", "--port", str(server_port)),
        }
        for venue in self.venues:
            self.programs[venue.code] = Program(venue.code, venue.command, environment, logs / f"{venue.code}.log")
        for name, command in commands.items():
            self.programs[name] = Program(name, command, environment, logs / f"{name}.log")

    async def watch_over(self) -> None:
        """Start what ended, and note what memory each process holds, until cancelled."""
        while True:
            for name, program in list(self.programs.items()):
                program.ensure()
                assert program.process is not None
                if (megabytes := resident(program.process.pid)) is not None:
                    self.samples.setdefault(f"{name} {program.process.pid}", []).append(megabytes)
            await asyncio.sleep(1)

    async def break_things(self, database: Database) -> None:
        """Each disaster once, with time in between; how long the feeds took to come back."""
        services = self.folder / "services"
        postgres = PrivateServer(
            "postgresql", ServiceFolder(services / "postgresql", ServiceName.POSTGRESQL), signal.SIGINT
        )
        valkey = PrivateServer("valkey", ServiceFolder(services / "valkey", ServiceName.VALKEY))
        disasters: dict[str, Callable[[], Awaitable[object]]] = {
            "redis restarted": lambda: asyncio.to_thread(valkey.hurt, signal.SIGTERM, 0),
            "database restarted": lambda: asyncio.to_thread(postgres.hurt, signal.SIGTERM, 0),
            "network cut": lambda: asyncio.gather(*(venue.wire.pull(self.plan.cut) for venue in self.venues)),
            "a worker killed": lambda: self._kill_worker(database),
            "clock stepped by a minute": self._step_clock,
        }
        pause = max(self.plan.seconds / (len(disasters) + 1) - self.plan.cut / len(disasters) - 5, 3)
        for name, happen in disasters.items():
            await asyncio.sleep(pause)
            await happen()
            self.report.back[name] = await self.until_back(database)
            if self.report.back[name] > self.plan.back:
                self.report.wrong.append(f"{name}: the feeds were back after {self.report.back[name]:.1f} s only")

    async def _kill_worker(self, database: Database) -> None:
        """That one which holds a stream: its trades come in again when another took over."""
        async with database.driver() as driver:
            holder = str(await driver.fetchval("SELECT holder FROM lease WHERE name LIKE 'stream/%' LIMIT 1"))
        pid = int(holder.split(":")[1])
        victim = next(each for each in self.programs.values() if each.process and each.process.pid == pid)
        await asyncio.to_thread(victim.hurt, signal.SIGKILL, 0)

    async def _step_clock(self) -> None:
        self.clock_file.write_text(str(_STEP))

    async def until_back(self, database: Database) -> float:
        """Wait until a trade of each instrument is stored that happened from now on; the seconds that took."""
        began, keys, oldest = time.monotonic(), Emitted(self.venues).instruments, datetime.now(UTC)
        while time.monotonic() - began < 4 * self.plan.back:
            try:
                async with database.driver() as driver:
                    newest = await driver.fetch(_NEWEST, oldest - timedelta(minutes=1))
                if sum(ts > oldest for _, ts in newest) == len(keys):
                    break
            except CandlewickError:
                pass  # it is just what was broken
            await asyncio.sleep(0.25)
        return time.monotonic() - began


_NEWEST: Final = "SELECT instrument_id, max(ts) FROM trade WHERE minute >= $1 GROUP BY instrument_id"
_GAPS: Final = """
SELECT i.key, g.evidence, g.state, g.reason, g.start_time, g.end_time, g.first_sequence, g.last_sequence, g.missing
FROM gap AS g JOIN instrument AS i ON i.id = g.instrument_id ORDER BY g.id
"""


def resident(pid: int) -> float | None:
    """Megabytes of memory that the process holds; None if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6
    except OSError:
        return None


async def run(plan: Plan, folder: Path) -> Report:
    """Do it; the report says what is wrong."""
    rate = max(plan.rate // (SYMBOLS * len(plan.venues)), 1)
    venues = [Venue(code, SYMBOLS, rate, plan.seed) for code in plan.venues]
    async with AsyncExitStack() as stack:
        private = stack.enter_context(private_services(folder))
        assert private.database is not None
        await migrate(private.database)
        for venue in venues:
            await stack.enter_async_context(venue.wire.plugged())
        running = Run(plan, folder, Addresses(private.database, private.redis), venues)
        await _run(running)
    return running.report


async def _run(running: Run) -> None:
    plan, report, server_port = running.plan, running.report, free_port()
    running.prepare(server_port)
    emitted = Emitted(running.venues)
    subscriber = Subscriber(f"ws://127.0.0.1:{server_port}/graphql", list(map(str, emitted.instruments)))
    async with _running(running) as database:
        listening = asyncio.create_task(subscriber.run())
        await running.until_back(database)
        chance = random.Random(plan.seed)
        liars = [Liar(venue, random.Random(chance.random()), report.faults) for venue in running.venues]
        lying = [asyncio.create_task(liar.lie(plan.faults_every)) for liar in liars]
        breaking = asyncio.create_task(running.break_things(database)) if plan.disasters else None
        await asyncio.sleep(plan.seconds)
        for task in lying:
            task.cancel()
        await asyncio.gather(*(venue.behave() for venue in running.venues))
        if breaking is not None:
            await breaking
        verdict = Verdict(database, emitted, expected_letters={"MALFORMED"})
        await _settle(running, verdict, database)
        workers = [running.programs.pop(name) for name in ("worker", "worker2")]  # both at once: neither takes over
        await asyncio.gather(*(asyncio.to_thread(worker.stop) for worker in workers))
        await subscriber.until_quiet()
        await _judge(running, verdict, database, subscriber)
        listening.cancel()
        await asyncio.gather(listening, *lying, return_exceptions=True)


@asynccontextmanager
async def _running(running: Run) -> AsyncIterator[Database]:
    for venue in running.venues:
        running.programs[venue.code].ensure()
        await venue.started()
    watching = asyncio.create_task(running.watch_over())
    database = await Database.open(running.where.database, application_name="chaos")
    try:
        yield database
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        for program in reversed(running.programs.values()):
            await asyncio.to_thread(program.stop)
        await database.close()


async def _settle(running: Run, verdict: Verdict, database: Database) -> None:
    """Wait until everything up to now is there and every gap is closed."""
    end, began, missing = datetime.now(UTC), time.monotonic(), ["nothing was read yet"]
    while missing and time.monotonic() - began < running.plan.settle * 2:
        await asyncio.sleep(0.5)
        try:
            missing = await _missing(running, verdict, database, end)
        except CandlewickError as error:
            missing = [str(error)]
    running.report.seconds_to_settle = seconds = time.monotonic() - began
    longest = running.plan.settle
    if missing or seconds > longest:
        running.report.wrong.append(f"not settled {longest:g} s after the end but {seconds:.0f} s: {missing}")


async def _missing(running: Run, verdict: Verdict, database: Database, end: datetime) -> list[str]:
    emitted, stored = Emitted(running.venues), await verdict.stored()
    missing = []
    for key in emitted.instruments:
        due, have = emitted.first_at(key, end) - 1, stored.get(key)
        if have is None or not have.whole or have.last < due:
            missing.append(f"{key}: {have}, due is {due}")
    async with database.driver() as driver:
        missing += [f"gap {dict(row)}" for row in await driver.fetch(_GAPS) if row["state"] in {"OPEN", "REPAIRING"}]
    if not await verdict.relayed():
        missing.append("not all commits were published")
    return missing


async def _judge(running: Run, verdict: Verdict, database: Database, subscriber: Subscriber) -> None:
    report = running.report
    await verdict.check()
    stored = await verdict.stored()
    report.trades = sum(each.trades for each in stored.values())
    for name, received in subscriber.received.items():
        verdict.wrong += received.compared(stored[InstrumentKey.parse(name)].last)
    report.told = sum(len(each) for each in subscriber.received.values())
    if len(subscriber.received) < len(subscriber.instruments):
        verdict.wrong.append(f"the subscriber heard of {list(subscriber.received)} only; {subscriber.errors[-3:]}")
    async with database.driver() as driver:
        gaps = await driver.fetch(_GAPS)
    report.gaps = Counter(f"{row['evidence']} {row['state']}" for row in gaps)
    verdict.wrong += [f"a gap is {row['state']}: {dict(row)}" for row in gaps if row["state"] != "REPAIRED"]
    verdict.wrong += _unseen(running.venues, gaps)
    report.memory = _grown(running.samples)
    report.wrong += verdict.wrong


def _unseen(venues: Sequence[Venue], gaps: Sequence[asyncpg.Record]) -> list[str]:
    """Trades that a stream left out, and that no gap tells of. Those of a moment without a stream are in its gap."""
    wrong = []
    for venue in venues:
        for symbol, hidden in venue.hidden.items():
            key = str(venue.keys[symbol])
            known = [row for row in gaps if row["key"] == key and row["first_sequence"] is not None]
            for span in hidden:
                seen = any(
                    row["first_sequence"] <= span[-1] and span[0] <= (row["last_sequence"] or row["first_sequence"])
                    for row in known
                )
                if not seen:
                    wrong.append(f"{key}: trades {span[0]} to {span[-1]} were left out, and no gap says so")
    return wrong


def _grown(samples: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, float]]:
    """The median memory of each process's first and last third, after its first half minute; of those that lived."""
    grown = {}
    for name, megabytes in samples.items():
        settled = megabytes[30:]
        third = len(settled) // 3
        if third >= 10:
            grown[name] = (statistics.median(settled[:third]), statistics.median(settled[-third:]))
    return grown


def shown(report: Report) -> str:
    """The report for people."""
    back = ", ".join(f"{name} {seconds:.1f}" for name, seconds in report.back.items())
    memory = ", ".join(f"{name.split()[0]} {a:.0f} to {b:.0f}" for name, (a, b) in report.memory.items())
    return "\n".join(
        [
            f"faults ordered: {dict(sorted(report.faults.items()))}",
            f"trades stored: {report.trades:,}; told to the subscriber: {report.told:,}",
            f"gaps: {dict(report.gaps)}",
            f"back after (seconds): {back or 'nothing broke'}",
            f"memory in MB, first and last third: {memory or 'the run was too short to say'}",
            f"settled {report.seconds_to_settle:.1f} s after the end",
            *(f"WRONG: {line}" for line in report.wrong),
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=int, default=2_000, help="trades a second, all venues together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--venues", default=",".join(VENUES))
    parser.add_argument("--calm", action="store_true", help="no disasters, only lying venues")
    parser.add_argument("--folder", type=Path, help="keep logs and data there")
    given = parser.parse_args()
    where = given.folder or Path(tempfile.mkdtemp(prefix="candlewick-feeds-"))
    where.mkdir(exist_ok=True)
    where.chmod(0o755)
    wanted = Plan(given.seconds, given.rate, given.seed, given.venues.split(","), disasters=not given.calm)
    result = asyncio.run(run(wanted, where))
    print(shown(result))
    print(f"logs: {where / 'logs'}")
    raise SystemExit(1 if result.wrong else 0)
