"""A server that ends is started again, for as long as a command needs it and as long as that takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import cast

import pytest

from candlewick.embedded import keeper
from candlewick.embedded.errors import ServerEnded
from candlewick.embedded.folder import Note, ServiceFolder, ServiceName, Status
from candlewick.embedded.keeper import Keeper
from candlewick.embedded.locks import FileLock
from candlewick.embedded.plan import Plan
from candlewick.embedded.process import Server
from embedded_services import eventually


@dataclass
class FakeServer:
    """A process that ends when the test says so."""

    ended: bool = False
    stops: int = 0

    def has_ended(self) -> bool:
        return self.ended

    def last_lines(self) -> str:
        return "PANIC: No space left on device"

    def stop(self) -> None:
        self.stops += 1
        self.ended = True


@dataclass
class FakeService:
    """Starts as the test lets it."""

    process: FakeServer
    url: str = "postgresql://"
    refusals: list[Exception] = field(default_factory=list)
    """What the next starts end with."""
    starts: int = 0
    stops: int = 0

    @property
    def server(self) -> Server:
        return cast("Server", self.process)

    @server.setter
    def server(self, server: Server) -> None:
        raise NotImplementedError

    def prepare(self) -> None:
        """Nothing to make."""

    def start(self, deadline: float) -> None:  # noqa: ARG002
        self.starts += 1
        if self.refusals:
            raise self.refusals.pop(0)
        self.process.ended = False

    def stop(self) -> None:
        self.stops += 1


class Kept:
    """A keeper at work, and a command that needs it."""

    def __init__(self, path: Path) -> None:
        self.folder = ServiceFolder(path, ServiceName.POSTGRESQL)
        self.service = FakeService(FakeServer())
        self.command = FileLock(self.folder.commands_lock)
        assert self.command.try_shared()
        plan = Plan(ServiceName.POSTGRESQL, str(path), "/bin", startup_seconds=1)
        self.keeper = Keeper(self.folder, self.service, plan, first_pause=0.01)
        self._commands = FileLock(self.folder.commands_lock)
        self.thread = Thread(target=self.keeper.run, args=(self._commands,))

    def begin(self) -> None:
        self.thread.start()
        assert eventually(self.is_ready)

    def crash(self, *refusals: Exception) -> None:
        """End the server; its next starts end too."""
        self.service.refusals[:] = refusals
        self.service.process.ended = True

    def ended(self) -> ServerEnded:
        return ServerEnded("PostgreSQL", "FATAL: killed", self.folder.server_log)

    @property
    def note(self) -> Note | None:
        return self.folder.read_note()

    def is_ready(self) -> bool:
        return self.note is not None and self.note.status is Status.READY

    def leave(self) -> None:
        """The command ends, and with it the keeper."""
        if self.thread.is_alive():
            self.command.close()
            self.thread.join(10)
            self._commands.close()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path)
    made.begin()
    yield made
    made.leave()


def test_server_that_is_killed_twice_while_it_starts_again_comes_back(kept: Kept) -> None:
    kept.crash(kept.ended(), kept.ended())

    assert eventually(lambda: kept.service.starts == 4)
    assert eventually(kept.is_ready)


def test_disk_that_takes_no_file_does_not_end_the_keeper(kept: Kept) -> None:
    kept.crash(*[OSError(28, "No space left on device")] * 3)

    assert eventually(lambda: kept.service.starts == 5)
    assert eventually(kept.is_ready)


def test_server_whose_start_is_not_through_is_stopped_before_the_next(kept: Kept) -> None:
    kept.crash(OSError(28, "No space left on device"))

    assert eventually(lambda: kept.service.starts == 3)
    assert kept.service.process.stops == 1


def test_note_says_why_the_server_is_not_back(kept: Kept) -> None:
    kept.crash(*[kept.ended()] * 1000)

    assert eventually(lambda: kept.note is not None and "FATAL: killed" in (kept.note.reason or ""))
    assert kept.note is not None
    assert kept.note.status is Status.STARTING


def test_keeper_stops_when_nobody_needs_a_server_that_does_not_come_back(kept: Kept) -> None:
    kept.crash(*[kept.ended()] * 1000)
    assert eventually(lambda: kept.service.starts > 3)

    kept.leave()

    assert not kept.thread.is_alive()
    assert kept.service.stops == 1


def test_log_stays_short_however_often_a_start_fails(
    kept: Kept, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "STEADY_SECONDS", 0.0)
    kept.crash(kept.ended())
    assert eventually(lambda: kept.service.starts == 3)  # which counts as steady at once
    assert eventually(kept.is_ready)
    capfd.readouterr()

    kept.crash(*[kept.ended()] * 7)
    assert eventually(lambda: kept.service.starts == 11)

    assert capfd.readouterr().out.count("is started again") == 4
