"""The process that starts one service, watches over it and stops it when the last command is gone.

Run as `python -m candlewick.embedded.keeper` in a session of its own, with its plan as JSON on standard input. Once it
holds the keeper lock it leaves the process tree of the command that started it: a Ctrl-C does not reach it, and it
keeps none of the command's pipes. The exit code only says whether it has come that far; the rest is in its note.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Protocol, assert_never

from candlewick.embedded.folder import Note, ServiceFolder, ServiceName, Status
from candlewick.embedded.installation import inspect
from candlewick.embedded.locks import FileLock, wait_until
from candlewick.embedded.plan import Plan
from candlewick.embedded.postgres import Postgres
from candlewick.embedded.process import Server
from candlewick.embedded.valkey import Valkey

WATCH_SECONDS = 0.1
RESTART_PAUSE_SECONDS = 1.0


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
    """Keeps one service for as long as a command needs it."""

    def __init__(self, folder: ServiceFolder, service: Service, plan: Plan) -> None:
        self.folder, self.service, self.plan = folder, service, plan
        self.asked_to_stop = threading.Event()

    def run(self, commands: FileLock) -> None:
        """Start the service, and stop it once `commands` can be locked alone: a new command then waits for the stop."""
        self._start()
        while not self.asked_to_stop.wait(WATCH_SECONDS) and not commands.try_alone():
            if self.service.server.has_ended():
                self._start_again()
        self.service.stop()
        self.folder.remove_note()

    def note(self, status: Status, reason: str | None = None) -> None:
        self.folder.write_note(
            Note(
                status=status,
                programs=self.plan.programs,
                source=self.plan.source,
                url=self.service.url if status is Status.READY else None,
                reason=reason,
            )
        )

    def _start(self) -> None:
        self.service.prepare()
        self.service.start(time.monotonic() + self.plan.startup_seconds)
        self.note(Status.READY)

    def _start_again(self) -> None:
        self.note(Status.STARTING)
        said = self.service.server.last_lines()
        print(f"the server ended by itself and is started again; it said last:\n{said}", flush=True)  # noqa: T201
        self.asked_to_stop.wait(RESTART_PAUSE_SECONDS)
        self._start()


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
