"""The processes of a chaos run, and what can be done to each."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from redis import Redis

from candlewick.embedded.folder import ServiceFolder

FAULTS = (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM)
RESTART_SECONDS = 90.0


class Victim(Protocol):
    """Something that can be hurt and comes back."""

    name: str

    def hurt(self, fault: signal.Signals, seconds: float) -> None:
        """Send the signal; after a SIGSTOP, SIGCONT so many seconds later."""

    def ensure(self) -> None:
        """Start it again if it ended."""


@dataclass
class Program:
    """A process of ours, started again whenever it ends."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    def ensure(self) -> None:
        if self.process is not None and self.process.poll() is None:
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env={**os.environ, **self.environment}, stdout=log, stderr=log, start_new_session=True
            )

    def hurt(self, fault: signal.Signals, seconds: float) -> None:
        assert self.process is not None
        self.process.send_signal(fault)
        if fault is signal.SIGSTOP:
            time.sleep(seconds)
            self.process.send_signal(signal.SIGCONT)
        else:
            self.process.wait(60)

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class PrivateServer:
    """A private PostgreSQL or Valkey: its keeper starts it again."""

    name: str
    folder: ServiceFolder
    terminated_by: signal.Signals = signal.SIGTERM
    """PostgreSQL takes a SIGTERM as the wish to wait for its clients; service managers send it SIGINT."""

    def hurt(self, fault: signal.Signals, seconds: float) -> None:
        pid = self._pid()
        os.kill(pid, self.terminated_by if fault is signal.SIGTERM else fault)
        if fault is signal.SIGSTOP:
            time.sleep(seconds)
            os.kill(pid, signal.SIGCONT)

    def ensure(self) -> None:
        """Wait for the keeper to have done so."""
        self._pid()

    def _pid(self) -> int:
        """The server's process, as soon as there is one again."""
        deadline = time.monotonic() + RESTART_SECONDS
        while time.monotonic() < deadline:
            pid = self.folder.read_server_pid()
            if pid is not None and Path(f"/proc/{pid}").exists():
                return pid
            time.sleep(0.1)
        raise RuntimeError(f"{self.name} does not come back")


@dataclass
class WipedRedis:
    """A Redis that forgets everything."""

    url: str
    name: str = "redis"
    wiped: int = 0

    def wipe(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                with Redis.from_url(self.url, socket_timeout=5) as redis:
                    redis.flushall()
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                self.wiped += 1
                return


def python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, *arguments)


@dataclass
class Chaos:
    """The seeded sequence of events."""

    victims: Sequence[Victim]
    redis: WipedRedis
    seed: int
    every: float
    longest_stop: float
    wipes: int = 2
    tally: dict[str, int] = field(default_factory=dict)

    def run(self, events: int) -> None:
        chance = random.Random(self.seed)
        wipe_at = {events * (number + 1) // (self.wipes + 1) for number in range(self.wipes)}
        for event in range(events):
            time.sleep(chance.uniform(0.2, 2 * self.every - 0.2))
            victim, fault = chance.choice(list(self.victims)), chance.choice(FAULTS)
            seconds = chance.uniform(0.5, self.longest_stop)
            for each in self.victims:
                each.ensure()
            victim.hurt(fault, seconds)
            self._count(f"{victim.name} {fault.name}")
            if event in wipe_at:
                self.redis.wipe()
                self._count("redis wiped")
        for each in self.victims:
            each.ensure()

    def _count(self, name: str) -> None:
        self.tally[name] = self.tally.get(name, 0) + 1
