"""The folder of one service: its locks, its log, its secret and the note that says how to reach it."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from candlewick.embedded.installation import Source

LARGEST_LOG_BYTES = 10_000_000


class ServiceName(StrEnum):
    POSTGRESQL = "PostgreSQL"
    VALKEY = "Valkey"


class Status(StrEnum):
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Note:
    """What a keeper tells the commands: how far it is, what it runs, and how to reach it or why not."""

    status: Status
    programs: str
    source: Source
    url: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceFolder:
    """Where one service keeps everything, but for a socket whose path would be too long."""

    path: Path
    service: ServiceName

    @property
    def commands_lock(self) -> Path:
        """Held shared by every command that uses the service; alone by a keeper that is stopping it."""
        return self.path / "commands.lock"

    @property
    def start_lock(self) -> Path:
        """Held alone by the command that is starting a keeper."""
        return self.path / "start.lock"

    @property
    def keeper_lock(self) -> Path:
        """Held alone by the keeper."""
        return self.path / "keeper.lock"

    @property
    def server_lock(self) -> Path:
        """Held alone by the server's processes, which inherit it: free means that none of them is left."""
        return self.path / "server.lock"

    @property
    def keeper_log(self) -> Path:
        return self.path / "keeper.log"

    @property
    def server_log(self) -> Path:
        return self.path / "server.log"

    def read_note(self) -> Note | None:
        try:
            fields = json.loads((self.path / "state.json").read_bytes())
            return Note(**fields | {"status": Status(fields["status"]), "source": Source(fields["source"])})
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None  # none yet, or of another version: as good as none

    def write_note(self, note: Note) -> None:
        write_private(self.path / "state.json", json.dumps(asdict(note)))

    def remove_note(self) -> None:
        (self.path / "state.json").unlink(missing_ok=True)

    def read_server_pid(self) -> int | None:
        """The process that was started last as the server, which may be gone."""
        try:
            return int((self.path / "server.pid").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def write_server_pid(self, pid: int) -> None:
        write_private(self.path / "server.pid", str(pid))

    def password(self) -> str:
        """The server's password, made at the first call; letters and digits that mean nothing in a URL."""
        path = self.path / "password"
        if not path.exists():
            write_private(path, secrets.token_hex(24))
        return path.read_text()

    def rotate_logs(self) -> None:
        """Both logs, while neither a keeper nor a server writes."""
        _rotate(self.keeper_log)
        self.rotate_server_log()

    def rotate_server_log(self) -> None:
        """The server's alone, while no server writes."""
        _rotate(self.server_log)


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


def write_private(path: Path, text: str) -> None:
    """Write a file that only we can read, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
