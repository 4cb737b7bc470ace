"""What a command sees of the private services: it asks, uses the URLs, and lets go."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from candlewick.domain.errors import PrivateServiceFailed
from candlewick.embedded.account import make_folder, server_account
from candlewick.embedded.errors import ServerTooSlow
from candlewick.embedded.folder import Note, ServiceFolder, ServiceName, Status
from candlewick.embedded.installation import PostgresInstallation, find_postgres, inspect
from candlewick.embedded.locks import FileLock, held_alone, is_held_alone, wait_until
from candlewick.embedded.plan import Plan
from candlewick.embedded.valkey import find_valkey

STARTUP_TIMEOUT = timedelta(minutes=2)
STOP_SECONDS = 90.0
KEEPER_START_SECONDS = 60.0
KEEPER_GRACE_SECONDS = 5.0  # the keeper's own deadline comes first: its reason tells more


@dataclass(frozen=True, slots=True)
class ServiceUrls:
    """Where the private services listen; None for what was not asked for. The URLs hold passwords."""

    database: str | None = field(repr=False)
    redis: str | None = field(repr=False)
    postgres: PostgresInstallation | None = None


@contextmanager
def private_services(
    data_dir: Path,
    *,
    postgres_bin: Path | None = None,
    database: bool = True,
    redis: bool = True,
    startup_timeout: timedelta = STARTUP_TIMEOUT,
    postgres_options: Mapping[str, str] | None = None,
) -> Iterator[ServiceUrls]:
    """Private services below `data_dir`, running inside the block.

    All commands of one data folder share them, and what already runs is used as it is: `postgres_bin` and
    `postgres_options` count for the command that comes first. The last command to leave waits until they have stopped.

    Raises PrivateServiceFailed, and NotPostgres if `postgres_bin` holds no PostgreSQL >= 15.
    """
    if postgres_bin is not None:
        find_postgres(postgres_bin)  # a wrong setting is an error even while another server runs
    root = data_dir.absolute() / "services"
    seconds = startup_timeout.total_seconds()
    with ExitStack() as stack:
        postgres_note = redis_note = None
        if database:
            folder = ServiceFolder(root / "postgresql", ServiceName.POSTGRESQL)
            plan = partial(_postgres_plan, folder.path, seconds, postgres_bin, postgres_options or {})
            postgres_note = stack.enter_context(_running(folder, plan, seconds))
        if redis:
            folder = ServiceFolder(root / "valkey", ServiceName.VALKEY)
            redis_note = stack.enter_context(_running(folder, partial(_valkey_plan, folder.path, seconds), seconds))
        yield ServiceUrls(
            database=postgres_note.url if postgres_note else None,
            redis=redis_note.url if redis_note else None,
            postgres=inspect(Path(postgres_note.programs), postgres_note.source) if postgres_note else None,
        )


def _postgres_plan(path: Path, seconds: float, named: Path | None, options: Mapping[str, str]) -> Plan:
    chosen = find_postgres(named, cluster_major=_cluster_major(path))
    programs = str(chosen.bin_dir.absolute())
    return Plan(ServiceName.POSTGRESQL, str(path), programs, seconds, chosen.source, dict(options))


def _valkey_plan(path: Path, seconds: float) -> Plan:
    return Plan(ServiceName.VALKEY, str(path), str(find_valkey().absolute()), seconds)


def _cluster_major(path: Path) -> int | None:
    """The major version that wrote the cluster, if there is one."""
    try:
        return int((path / "cluster" / "PG_VERSION").read_text())
    except (FileNotFoundError, ValueError):
        return None


@contextmanager
def _running(folder: ServiceFolder, plan: Callable[[], Plan], seconds: float) -> Iterator[Note]:
    """The note of the running service. Our shared lock keeps it running; the kernel drops the lock if we are killed."""
    try:
        make_folder(folder.path, server_account())
    except OSError as error:
        raise PrivateServiceFailed(folder.service, f"{folder.path} cannot be made: {error.strerror}") from error
    deadline = time.monotonic() + seconds
    try:
        with FileLock(folder.commands_lock) as commands:
            # A keeper that is stopping the service has locked this alone: wait for it to finish, then start anew.
            if not wait_until(commands.try_shared, deadline):
                raise ServerTooSlow(folder.service, "the earlier server is still stopping", folder.server_log)
            yield _ready_note(folder, plan, deadline)
    finally:
        _wait_if_last(folder)


def _ready_note(folder: ServiceFolder, plan: Callable[[], Plan], deadline: float) -> Note:
    """Wait until a keeper says that the service is ready; start one if there is none."""
    with held_alone(folder.start_lock, deadline) as is_ours:
        if not is_ours:
            raise ServerTooSlow(folder.service, "another command is still starting it", folder.server_log)
        if not is_held_alone(folder.keeper_lock):
            _start_keeper(folder, plan())
        return _settled_note(folder, deadline + KEEPER_GRACE_SECONDS)


def _start_keeper(folder: ServiceFolder, plan: Plan) -> None:
    """Start a keeper. This returns as soon as it is alive and has left our process tree."""
    folder.rotate_logs()
    with folder.keeper_log.open("ab") as log:
        folder.keeper_log.chmod(0o600)
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "candlewick.embedded.keeper"],
                input=plan.to_json().encode(),
                stdout=log,
                stderr=log,
                cwd=folder.path,
                start_new_session=True,
                timeout=KEEPER_START_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as exc:
            raise ServerTooSlow(folder.service, "its keeper did not start in time", folder.keeper_log) from exc
    if done.returncode != 0:
        raise PrivateServiceFailed(folder.service, f"its keeper ended at once; its log is {folder.keeper_log}")


def _settled_note(folder: ServiceFolder, deadline: float) -> Note:
    def is_settled() -> bool:
        note = folder.read_note()
        return (note is not None and note.status is not Status.STARTING) or not is_held_alone(folder.keeper_lock)

    settled = wait_until(is_settled, deadline)
    note = folder.read_note()
    if not settled:
        raise ServerTooSlow(folder.service, (note and note.reason) or "", folder.server_log)
    if note is None or note.status is not Status.READY:
        reason = note.reason if note is not None else None
        raise PrivateServiceFailed(folder.service, reason or f"its keeper ended; its log is {folder.keeper_log}")
    return note


def _wait_if_last(folder: ServiceFolder) -> None:
    """Leave nothing running behind our back: if no other command uses the service, wait for the keeper to stop it."""

    def is_over() -> bool:
        if not is_held_alone(folder.keeper_lock):
            return True
        with FileLock(folder.commands_lock) as commands:
            if commands.try_alone():
                return False  # nobody uses it, which the keeper is about to notice
            return commands.try_shared()  # not while the keeper is stopping it

    wait_until(is_over, time.monotonic() + STOP_SECONDS)
