"""Candlewick as a user runs it: processes, on a data folder of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 120


@dataclass(frozen=True)
class Candlewick:
    """The program, with private services in one data folder."""

    data_dir: Path

    @property
    def log(self) -> Path:
        return self.data_dir / "stderr.log"

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CANDLEWICK_")}
        if cache := os.environ.get("CANDLEWICK_CACHE_DIR"):
            inherited["CANDLEWICK_CACHE_DIR"] = cache
        return inherited | {"CANDLEWICK_DATA_DIR": str(self.data_dir)}

    def run(self, *arguments: str, timeout: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "candlewick", *arguments],
            env=self.environment, cwd=self.data_dir, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command that goes on until it is stopped. Its log is in `log`."""
        with self.log.open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "candlewick", *arguments],
                env=self.environment, cwd=self.data_dir, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip


def lines_until(process: subprocess.Popen[str], start: str) -> list[str]:
    """What the process says up to the line that starts so; less if it ends before."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith(start):
            break
    return lines
