"""What a reader of the pages has before him: a service that runs, the sample files, a shell."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

from command_line import PATIENCE, Candlewick
from documents import ROOT

PRINTED_URL = "http://127.0.0.1:8000"


@dataclass(frozen=True)
class DocumentedService(Candlewick):
    """A server on a port of its own, and a folder to give commands in."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def folder(self) -> Path:
        return self.data_dir / "reader"

    @property
    def environment(self) -> dict[str, str]:
        """With the program on the path; its bytecode is kept where it would not be, since it starts a dozen times."""
        given = super().environment
        if given.pop("PYTHONDONTWRITEBYTECODE", None):
            given["PYTHONPYCACHEPREFIX"] = str(self.data_dir / "bytecode")
        return given | {"PATH": f"{self.folder / 'bin'}:{given['PATH']}", "CANDLEWICK_HTTP__PORT": str(self.port)}

    def is_ready(self) -> bool:
        """Asked often, while something is compiled: `http.client` costs nothing."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    def prepare(self, samples: list[Path]) -> None:
        """Sample files under their names, and a `candlewick` that is the one under test."""
        program = self.folder / "bin" / "candlewick"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m candlewick "$@"\n')
        program.chmod(0o755)
        (self.folder / "schema.graphql").symlink_to(ROOT / "schema.graphql")
        for sample in samples:
            (self.folder / sample.name).symlink_to(sample)

    def run(self, *arguments: str, timeout: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """Give a command as it is printed to a shell."""
        (command,) = arguments
        return self._run(["sh", "-c", command.replace(PRINTED_URL, self.url)], timeout)

    def run_python(self, program: str) -> subprocess.CompletedProcess[str]:
        return self._run([sys.executable, "-c", program.replace(PRINTED_URL, self.url)], PATIENCE)

    def _run(self, command: list[str], timeout: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=timeout, check=False
        )
