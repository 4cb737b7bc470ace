"""The process that starts one service, watches over it and stops it when the last command is gone.

Run as `python -m candlewick.embedded.keeper` in a session of its own, with its plan as JSON on standard input. Once it
holds the keeper lock it leaves the process tree of the command that started it: a Ctrl-C does not reach it, and it
keeps none of the command's pipes. The exit code only says whether it has come that far; the rest is in its note.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Protocol, assert_never

from candlewick.domain.errors import PrivateServiceFailed
from candlewick.embedded.folder import Note, ServiceFolder, ServiceName, Status
from candlewick.embedded.installation import inspect
from candlewick.embedded.locks import FileLock, wait_until
from candlewick.embedded.plan import Plan
from candlewick.embedded.postgres import Postgres
from candlewick.embedded.process import Server
from candlewick.embedded.valkey import Valkey

WATCH_SECONDS = 0.1
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 5.0
"""Seconds between the tries to start a server again."""
STEADY_SECONDS = 30.0
"""A server that ran for so long is over the trouble it had before."""


class Service(Protocol):
    """What the keeper needs of a service."""

    server: Server

    @property
    def url(self) -> str: ...

    def prepare(self) -> None: ...

    def start(self, deadline: float) -> None:
        """Raises PrivateServiceFailed if it is not ready by the deadline of the monotonic clock."""

    def stop(self) -> None: ...


class Keeper:
    """Keeps one service for as long as a command needs it.

    A server that ran before can run: whatever ends it, or keeps it from starting again, is taken for something that
    will pass. On a full disk no start succeeds until there is room.
    """

    def __init__(
        self, folder: ServiceFolder, service: Service, plan: Plan, *, first_pause: float = FIRST_PAUSE
    ) -> None:
        self.folder, self.service, self.plan = folder, service, plan
        self.first_pause = first_pause
        self.asked_to_stop = threading.Event()
        self._failures = 0
        self._try_at: float | None = None
        self._steady_at = 0.0
        self._untold: Note | None = None

    def run(self, commands: FileLock) -> None:
        """Start the service, and stop it once `commands` can be locked alone: a new command then waits for the stop."""
        self._start()
        self.note(Status.READY)
        while not self.asked_to_stop.wait(WATCH_SECONDS) and not commands.try_alone():
            self._watch()
        self.service.stop()
        self.folder.remove_note()

    def note(self, status: Status, reason: str | None = None) -> None:
        self.folder.write_note(self._noted(status, reason))

    def _noted(self, status: Status, reason: str | None = None) -> Note:
        url = self.service.url if status is Status.READY else None
        return Note(status, self.plan.programs, self.plan.source, url, reason)

    def _start(self) -> None:
        self.service.prepare()
        self.service.start(time.monotonic() + self.plan.startup_seconds)
        self._steady_at = time.monotonic() + STEADY_SECONDS

    def _watch(self) -> None:
        if self._try_at is not None:
            if time.monotonic() >= self._try_at:
                self._start_again()
        elif self.service.server.has_ended():
            self._plan_restart(self.service.server.last_lines())
        self._tell()

    def _start_again(self) -> None:
        self._try_at = None
        try:
            self.folder.rotate_server_log()
            self._start()
        except (PrivateServiceFailed, OSError) as error:
            self.service.server.stop()  # it may run, and only its process id could not be written down
            self._plan_restart(getattr(error, "reason", str(error)))
        else:
            self._say(f"the server runs again (try {self._failures})")
            self._untold = self._noted(Status.READY)

    def _plan_restart(self, reason: str) -> None:
        now = time.monotonic()
        self._failures = 1 if now > self._steady_at else self._failures + 1
        self._steady_at = math.inf  # until it has started
        pause = min(self.first_pause * 2 ** min(self._failures - 1, 10), LONGEST_PAUSE)
        self._try_at = now + pause
        self._untold = self._noted(Status.STARTING, reason)
        self._say(f"the server ended, and is started again (try {self._failures}); it said last:\n{reason}")

    def _tell(self) -> None:
        """Write the note, as soon as there is room for it."""
        if self._untold is not None:
            with suppress(OSError):
                self.folder.write_note(self._untold)
                self._untold = None

    def _say(self, words: str) -> None:
        """Into our log, at the 1st, 2nd, 4th, 8th try: it stays short however long it takes.

        What a full disk does not take is written with what is said next.
        """
        if self._failures.bit_count() == 1:
            with suppress(OSError):
                print(words, flush=True)  # noqa: T201


def build_service(plan: Plan) -> Service:
    folder = ServiceFolder(Path(plan.folder), plan.service)
    match plan.service:
        case ServiceName.POSTGRESQL:
            return Postgres(folder, inspect(Path(plan.programs), plan.source), plan.options)
        case ServiceName.VALKEY:
            return Valkey(folder, Path(plan.programs))
        case _:
            assert_never(plan.service)


def main() -> None:
    plan = Plan.from_json(sys.stdin.read())
    folder = ServiceFolder(Path(plan.folder), plan.service)
    keeper = Keeper(folder, build_service(plan), plan)
    signal.signal(signal.SIGTERM, lambda *_: keeper.asked_to_stop.set())
    # The locks are given up in the other order: whoever gets past the first must not see this keeper as alive.
    with FileLock(folder.commands_lock) as commands, FileLock(folder.keeper_lock) as alive:
        # A command that looks whether a keeper is alive holds this lock for a moment.
        if not wait_until(alive.try_alone, time.monotonic() + 5):
            sys.exit("another keeper is alive")
        keeper.note(Status.STARTING)
        _detach()
        try:
            keeper.run(commands)
        except Exception as error:  # noqa: BLE001 (nobody else hears of it: into our log and the note)
            traceback.print_exc()
            keeper.note(Status.FAILED, getattr(error, "reason", str(error)))
        finally:
            keeper.service.stop()


def _detach() -> None:
    """Leave the command's process tree; its wait for us ends here. The locks go along."""
    if os.fork() > 0:
        os._exit(0)
    with Path(os.devnull).open("rb") as null:
        os.dup2(null.fileno(), sys.stdin.fileno())


if __name__ == "__main__":
    main()
