"""For tests of private services: folders that another account can reach, and commands that use them from elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from candlewick.embedded import ServiceUrls
from candlewick.embedded.folder import ServiceFolder, ServiceName
from candlewick.embedded.locks import is_held_alone

COMMAND = """
import json, signal, sys
from pathlib import Path
from candlewick.embedded import private_services

signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a command that finishes its work after Ctrl-C
with private_services(Path(sys.argv[1]), redis=sys.argv[2] == "both") as urls:
    print(json.dumps([urls.database, urls.redis]), flush=True)
    sys.stdin.read()
"""


class Command:
    """A command in a process of its own, which uses the services until it is told to end."""

    def __init__(self, data_dir: Path, services: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, data_dir, services],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def urls(self) -> ServiceUrls:
        """Where its services are; waits until they are ready."""
        assert self.process.stdout is not None
        return ServiceUrls(*json.loads(self.process.stdout.readline()))

    def end(self) -> None:
        self.process.communicate(timeout=120)

    def kill(self) -> None:
        self.process.kill()
        self.end()


@contextmanager
def command(data_dir: Path, services: str = "database") -> Iterator[Command]:
    running = Command(data_dir, services)
    try:
        yield running
    finally:
        running.kill()


def postgres_folder(data_dir: Path) -> ServiceFolder:
    return ServiceFolder(data_dir / "services" / "postgresql", ServiceName.POSTGRESQL)


def valkey_folder(data_dir: Path) -> ServiceFolder:
    return ServiceFolder(data_dir / "services" / "valkey", ServiceName.VALKEY)


def is_stopped(folder: ServiceFolder) -> bool:
    """No process of the server is left, nor its keeper."""
    return not folder.path.exists() or (not is_held_alone(folder.server_lock) and not is_held_alone(folder.keeper_lock))


def everything_stopped(data_dir: Path) -> bool:
    return is_stopped(postgres_folder(data_dir)) and is_stopped(valkey_folder(data_dir))


def eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def new_data_dir(prefix: str = "candlewick-test-") -> Path:
    """pytest's own temporary folders are closed to the account that PostgreSQL runs as under root."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    return folder
