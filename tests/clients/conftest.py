"""A demo market that is served as a user would run it, for the clients to talk to."""

from __future__ import annotations

import shutil
import signal
import socket
from collections.abc import Iterator

import pytest

from clients.demo import DemoService
from command_line import lines_until
from embedded_services import eventually, everything_stopped, new_data_dir


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoService]:
    """`candlewick demo`, ready, with an hour and a half of history and live trades."""
    running = DemoService(new_data_dir("candlewick-clients-"), _free_port())
    process = running.start("demo", "--port", str(running.port), "--days", "0.06")
    try:
        said = lines_until(process, "ready:")
        assert said[-1].startswith("ready:"), (said, running.log.read_text())
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        stopped = eventually(lambda: everything_stopped(running.data_dir), seconds=60)
        shutil.rmtree(running.data_dir, ignore_errors=True)
    assert stopped, "private services outlived the commands that used them"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number: int = server.getsockname()[1]
    return number
