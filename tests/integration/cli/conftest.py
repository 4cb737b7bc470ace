"""A program to run, whose private services have to be gone in the end."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from command_line import Candlewick, lines_until
from embedded_services import eventually, everything_stopped, new_data_dir


@dataclass(frozen=True)
class AtVenue(Candlewick):
    """The program, told to ask another venue."""

    base: str = field(default="")
    code: str = "BINANCE"

    @property
    def environment(self) -> dict[str, str]:
        known = {"REST_URL": self.base, "ARCHIVE_URL": self.base, "STREAM_URL": self.base.replace("http", "ws")}
        return super().environment | {f"CANDLEWICK_SOURCES__{self.code}__{name}": url for name, url in known.items()}


@pytest.fixture
def candlewick() -> Iterator[Candlewick]:
    program = Candlewick(new_data_dir("candlewick-cli-"))
    yield program
    stopped = eventually(lambda: everything_stopped(program.data_dir), seconds=60)
    shutil.rmtree(program.data_dir, ignore_errors=True)
    assert stopped, "private services outlived the commands that used them"


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        number: int = server.getsockname()[1]
    return number


@pytest.fixture
def up(candlewick: Candlewick, port: int) -> Iterator[subprocess.Popen[str]]:
    """`candlewick up`, ready."""
    process = candlewick.start("up", "--port", str(port))
    try:
        said = lines_until(process, "ready:")
        assert said[-1].startswith("ready:"), (said, candlewick.log.read_text())
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)


@pytest.fixture
def simulators(candlewick: Candlewick) -> Iterator[list[subprocess.Popen[str]]]:
    """Those that a test started; they end with it."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=60)


def simulating(candlewick: Candlewick, simulators: list[subprocess.Popen[str]], *arguments: str) -> list[str]:
    """Start a simulator; what it says until it is ready."""
    simulators.append(candlewick.start("simulate", "--port", "0", *arguments))
    said = lines_until(simulators[-1], "simulating ")
    assert said[-1].startswith("simulating"), (said, candlewick.log.read_text())
    return said
