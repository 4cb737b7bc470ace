"""A chaos run from nothing: services, venue, processes, a backfill, live trades; then events; then the verdict."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from candlewick.domain.errors import CandlewickError
from candlewick.domain.job import JobFilter, JobKind
from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import Window
from candlewick.embedded import private_services
from candlewick.embedded.folder import ServiceFolder, ServiceName
from candlewick.storage.engine import Database
from candlewick.storage.jobs import Jobs
from candlewick.storage.schema import migrate
from candlewick.wiring import Addresses
from chaos.subscriber import Subscriber
from chaos.venue import Markets
from chaos.verdict import Verdict
from chaos.victims import Chaos, PrivateServer, Program, WipedRedis, python

CANDLEWICK: Final = python("-m", "candlewick")


@dataclass(frozen=True, slots=True)
class Plan:
    """How hard it will be."""

    events: int = 100
    seed: int = 1
    every: float = 2.0
    live_rate: int = 100
    """Trades a second of each of the live instruments."""
    past_rate: int = 12
    """Of the instruments whose past is fetched: a whole day from the archive of one, of the other `past`."""
    past: timedelta = timedelta(hours=3)
    longest_stop: float = 20.0
    settle: float = 30.0
    """Seconds after the last event within which everything must be there."""


@dataclass
class Report:
    """What happened, and what is wrong."""

    events: dict[str, int] = field(default_factory=dict)
    trades: int = 0
    received: int = 0
    """Trades that the subscriber was told of."""
    seconds_to_settle: float = 0.0
    wrong: list[str] = field(default_factory=list)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(programs: list[Program]) -> Iterator[None]:
    try:
        for program in programs:
            program.ensure()
        yield
    finally:
        for program in reversed(programs):
            program.stop()


async def run(plan: Plan, folder: Path) -> Report:
    """Do it; the report says what is wrong."""
    with private_services(folder) as private:
        assert private.database is not None
        assert private.redis is not None
        await migrate(private.database)
        where = Addresses(private.database, private.redis)
        return await _run(plan, folder, where)


async def _run(plan: Plan, folder: Path, where: Addresses) -> Report:
    markets = Markets(plan.live_rate, plan.past_rate)
    port, venue_port = free_port(), free_port()
    assert where.redis is not None
    environment = environment_of(folder, where.database, where.redis, markets, venue_port)
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)

    def program(name: str, *command: str) -> Program:
        return Program(name, command, environment, logs / f"{name}.log")

    rates = ("--live-rate", str(plan.live_rate), "--past-rate", str(plan.past_rate))
    venue = program("venue", *python("-m", "chaos.venue", "--port", str(venue_port), *rates))
    victims = [
        program("worker", *CANDLEWICK, "worker", "--only", "io,cpu,settle,live"),
        program("worker2", *CANDLEWICK, "worker", "--only", "io,cpu,settle,live"),
        program("relay", *CANDLEWICK, "worker", "--only", "relay"),
        program("server", *CANDLEWICK, "serve", "--port", str(port)),
    ]
    servers = [
        PrivateServer(
            "postgresql", ServiceFolder(folder / "services" / "postgresql", ServiceName.POSTGRESQL), signal.SIGINT
        ),
        PrivateServer("valkey", ServiceFolder(folder / "services" / "valkey", ServiceName.VALKEY)),
    ]
    chaos = Chaos([*victims, *servers], WipedRedis(where.redis), plan.seed, plan.every, plan.longest_stop)
    report = Report(chaos.tally)
    subscriber = Subscriber(f"ws://127.0.0.1:{port}/graphql", [str(key) for key in markets.keys(markets.live)])
    with running([venue, *victims]):
        past = await asyncio.to_thread(_backfill, plan, markets, environment)
        listening = asyncio.create_task(subscriber.run())
        await asyncio.sleep(5)
        database = await Database.open(where.database, application_name="chaos")
        try:
            await asyncio.to_thread(chaos.run, plan.events)
            verdict = Verdict(database, markets)
            report.seconds_to_settle = await _settle(verdict, markets, Jobs(database), report, victims, plan.settle)
            # Together: one alone would take over what the other holds, and be stopped over a hole it was to mend.
            await asyncio.gather(*(asyncio.to_thread(each.stop) for each in victims[:2]))
            await subscriber.until_quiet()
            await _judge(verdict, markets, past, subscriber, report)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await database.close()
    return report


def environment_of(folder: Path, database: str, redis: str, markets: Markets, venue_port: int) -> dict[str, str]:
    """What the processes of a run have to know."""
    tests = str(Path(__file__).parents[1])
    return {
        "PYTHONPATH": tests,
        "CANDLEWICK_DATA_DIR": str(folder),
        "CANDLEWICK_DATABASE__URL": database,
        "CANDLEWICK_REDIS__URL": redis,
        "CANDLEWICK_SOURCES__BINANCE__REST_URL": f"http://127.0.0.1:{venue_port}",
        "CANDLEWICK_SOURCES__BINANCE__ARCHIVE_URL": f"http://127.0.0.1:{venue_port}",
        "CANDLEWICK_SOURCES__BINANCE__STREAM_URL": f"ws://127.0.0.1:{venue_port}",
        "CANDLEWICK_SOURCES__BINANCE__WEIGHT_PER_MINUTE": "1000000",
        "CANDLEWICK_LIVE__WATCH": ",".join(map(str, markets.keys(markets.live))),
    }


def _backfill(plan: Plan, markets: Markets, environment: dict[str, str]) -> dict[InstrumentKey, Window]:
    """Ask for a day from the archive and for some hours page by page; what of each must be stored in the end."""
    paged, archived = markets.keys(markets.past)
    now = datetime.now(UTC).replace(microsecond=0)
    midnight = now.replace(hour=0, minute=0, second=0)
    wanted = {archived: Window(midnight - timedelta(days=1), midnight)}
    start = max(now - plan.past, midnight)
    if start < now - timedelta(minutes=1):
        wanted[paged] = Window(start, now - timedelta(minutes=1))
    for key, window in wanted.items():
        span = ("--from", window.start.isoformat(), "--to", window.end.isoformat())
        for attempt in range(10):  # the venue may still be starting
            command = [*CANDLEWICK, "backfill", str(key), *span, "--detach"]
            done = subprocess.run(
                command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
            )
            if done.returncode == 0:
                break
            time.sleep(1 + attempt)
        else:
            raise RuntimeError(done.stderr)
    return wanted


async def _settle(
    verdict: Verdict, markets: Markets, jobs: Jobs, report: Report, programs: Sequence[Program], longest: float
) -> float:
    """Wait until everything up to now is there; the seconds that took. What ends is started again, as ever."""
    last_event, began = datetime.now(UTC), time.monotonic()
    missing = ["nothing was read yet"]
    while missing and time.monotonic() - began < longest * 2:
        await asyncio.sleep(0.5)
        for program in programs:
            program.ensure()
        try:
            missing = await _missing(verdict, markets, jobs, last_event)
        except CandlewickError as error:
            missing = [str(error)]
    seconds = time.monotonic() - began
    if missing or seconds > longest:
        report.wrong.append(f"not settled {longest:g} s after the last event but {seconds:.1f} s: {missing}")
    return seconds


async def _missing(verdict: Verdict, markets: Markets, jobs: Jobs, last_event: datetime) -> list[str]:
    """What is not there yet of what happened before `last_event`."""
    stored = await verdict.stored()
    missing = []
    for key in markets.keys(markets.live):
        due, have = markets.first_at(key, last_event) - 1, stored.get(key)
        if have is None or not have.whole or have.last < due:
            missing.append(f"{key}: {have}, due is {due}")
    unfinished = [
        job for job in (await jobs.jobs(JobFilter(kind=JobKind.BACKFILL), 100, None)).rows if not job.status.finished
    ]
    missing += [f"job {job.id} is {job.status}: {job.progress}" for job in unfinished]
    if not await verdict.relayed():
        missing.append("not all commits were published")
    return missing


async def _judge(
    verdict: Verdict, markets: Markets, past: dict[InstrumentKey, Window], subscriber: Subscriber, report: Report
) -> None:
    await verdict.check()
    stored = await verdict.stored()
    report.trades = sum(each.trades for each in stored.values())
    for key, window in past.items():
        expected = markets.count(key, window)
        if key not in stored or stored[key].trades < expected:
            verdict.wrong.append(f"{key}: {stored.get(key)}, {expected} trades were asked for")
    if len(subscriber.received) < len(subscriber.instruments):
        verdict.wrong.append(f"the subscriber heard of {list(subscriber.received)} only; {subscriber.errors[-3:]}")
    for name, received in subscriber.received.items():
        verdict.wrong += received.compared(stored[InstrumentKey.parse(name)].last)
    report.received = sum(len(each) for each in subscriber.received.values())
    report.wrong += verdict.wrong
