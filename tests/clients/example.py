"""An example of the pages as its reader has it: a copy of the folder, what it needs installed, a shell."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from candlewick.embedded.installation import cache_dir
from clients.demo import DemoService
from documents import ROOT, shown_commands

PATIENCE = 600
"""Seconds: packages may have to come first, on a machine that is busy."""


@dataclass(frozen=True)
class Example:
    """A folder of `docs/clients`, copied to where nothing else is."""

    name: str
    folder: Path
    demo: DemoService

    @property
    def commands(self) -> list[str]:
        """What the page tells its reader to type, in its order."""
        return [shown.command for shown in shown_commands() if shown.place.startswith(f"docs/clients/{self.name}/")]

    def install(self, lock: str, made: str, commands: list[str]) -> None:
        """Prepare it with these commands, which have to be those of the page."""
        assert self.commands[1 : 1 + len(commands)] == commands, "the page tells to install in another way"
        self.prepare(lock, made, commands)

    def prepare(self, lock: str, made: str, commands: list[str]) -> None:
        """Give these commands, which make `made` of the lock file: once for all runs, outside of the repository."""
        digest = hashlib.sha256((self.folder / lock).read_bytes() + sys.version.encode()).hexdigest()[:16]
        kept = cache_dir() / "clients" / f"{self.name}-{digest}"
        kept.mkdir(parents=True, exist_ok=True)
        with (kept / "lock").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            if not (kept / "ready").exists():
                shutil.copytree(self.folder, kept, dirs_exist_ok=True)
                self.run(" && ".join(commands), folder=kept)
                (kept / "ready").touch()
        (self.folder / made).symlink_to(kept / made)

    def run(self, command: str, *, url: str = "", key: str = "", folder: Path | None = None) -> str:
        """What the command prints. It is given to a shell that stops at the first error."""
        settings = {"API_URL": f"{url or self.demo.url}/graphql", "API_KEY": key}
        path = f"{self._programs()}:{self.demo.environment['PATH']}"
        done = subprocess.run(
            ["sh", "-ec", command], cwd=folder or self.folder, env=self.demo.environment | settings | {"PATH": path},
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def _programs(self) -> Path:
        """A `candlewick` that is the one under test, and a `python3` that is the one that tests it."""
        programs = self.folder / "bin"
        programs.mkdir(exist_ok=True)
        for name, program in (("candlewick", "-m candlewick"), ("python3", "")):
            script = programs / name
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {program} "$@"\n')
            script.chmod(0o755)
        return programs


def copied(name: str, folder: Path, demo: DemoService) -> Example:
    """The files of the example that are the repository's, not what somebody made of them there."""
    made = shutil.ignore_patterns(
        "node_modules", "gql", "schema.graphql", "cursor.txt", ".venv", "candlewick_client", "__pycache__"
    )
    shutil.copytree(ROOT / "docs" / "clients" / name, folder / name, ignore=made)
    return Example(name, folder / name, demo)


def missing(*programs: str) -> str | None:
    """Why the example cannot run here; None if it can."""
    absent = [program for program in programs if shutil.which(program, path=os.environ.get("PATH")) is None]
    return f"this machine has no {' and no '.join(absent)}: the example was NOT RUN" if absent else None
