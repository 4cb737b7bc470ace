"""Server processes: started so that they end with us, stopped with growing insistence."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypedDict

from candlewick.domain.errors import PrivateServiceFailed
from candlewick.embedded.account import Account
from candlewick.embedded.errors import ServerEnded, ServerStillRuns, ServerTooSlow
from candlewick.embedded.folder import ServiceFolder
from candlewick.embedded.locks import FileLock, wait_until

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LEFTOVER_SECONDS = 10.0

type Insistence = Sequence[tuple[signal.Signals, float]]
"""Signals in the order to send them, each with the seconds to wait for it."""


class Server:
    """One run of a server program, and the part of its log that belongs to this run."""

    def __init__(self, folder: ServiceFolder, insistence: Insistence) -> None:
        self.folder, self.insistence = folder, insistence
        self.process: subprocess.Popen[bytes] | None = None
        self.log_start = 0

    def start(self, command: Sequence[str | Path], *, cwd: Path, account: Account | None) -> None:
        """Start the program. It holds the folder's server lock for as long as any process of it lives."""
        log = self.folder.server_log
        with FileLock(self.folder.server_lock) as lock, log.open("ab") as output:
            if not lock.try_alone():
                raise ServerStillRuns(self.folder.service, self.folder.path)
            log.chmod(0o600)
            self.log_start = output.tell()
            try:
                self.process = subprocess.Popen(  # noqa: S603
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=cwd,
                    env=server_environment(),
                    pass_fds=[lock.fd],
                    preexec_fn=_end_with_parent(self.insistence[0][0]),  # noqa: PLW1509 (the keeper has one thread)
                    **as_account(account),
                )
            except (OSError, subprocess.SubprocessError) as error:
                raise PrivateServiceFailed(self.folder.service, f"{command[0]} could not be run: {error}") from error
            self.folder.write_server_pid(self.process.pid)

    def wait_ready(self, is_ready: Callable[[], bool], deadline: float) -> None:
        """Wait for the server to answer. Raises ServerEnded or ServerTooSlow, with the last lines of its log."""
        if not wait_until(lambda: self.has_ended() or is_ready(), deadline):
            raise ServerTooSlow(self.folder.service, self.last_lines(), self.folder.server_log)
        if self.has_ended():
            raise ServerEnded(self.folder.service, self.last_lines(), self.folder.server_log)

    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def stop(self) -> None:
        for number, seconds in self.insistence:
            if self.process is None or self.has_ended():
                return
            self.process.send_signal(number)
            wait_until(self.has_ended, time.monotonic() + seconds)

    def last_lines(self, count: int = 6) -> str:
        """The end of what this run has logged."""
        with self.folder.server_log.open("rb") as file:
            file.seek(self.log_start)
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-count:])


def end_leftover(folder: ServiceFolder, insistence: Insistence) -> None:
    """Make sure that no server of a killed keeper is left: wait for it to go, then make it go."""
    with FileLock(folder.server_lock) as lock:
        if wait_until(lock.try_alone, time.monotonic() + LEFTOVER_SECONDS):
            return
        for number, seconds in insistence:
            if (pid := _leftover_pid(folder)) is not None:
                os.kill(pid, number)
            if wait_until(lock.try_alone, time.monotonic() + seconds):
                return
    raise ServerStillRuns(folder.service, folder.path)


def server_environment() -> dict[str, str]:
    """Nothing of the caller's that could change a server's behaviour (PG*, TZ, LC_*)."""
    locale = "C.UTF-8" if sys.platform == "linux" else "C"
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": locale, "TZ": "UTC"}


class Identity(TypedDict):
    """The arguments of subprocess that say which account a program runs as."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None


def as_account(account: Account | None) -> Identity:
    if account is None:
        return Identity(user=None, group=None, extra_groups=None)
    return Identity(user=account.uid, group=account.gid, extra_groups=[])


def _end_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Ask the kernel to signal the child when we die. Elsewhere than on Linux the next keeper ends what is left."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # we died before the kernel was asked
            os._exit(1)

    return ask


def _leftover_pid(folder: ServiceFolder) -> int | None:
    """The server's process, if it is still that and not a later one that was given the same number."""
    pid = folder.read_server_pid()
    try:
        if sys.platform == "linux":
            is_ours = Path(f"/proc/{pid}/cwd").readlink().is_relative_to(folder.path)
        else:
            command = ["/bin/ps", "-o", "command=", "-p", str(pid)]
            shown = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
            is_ours = b"postgres" in shown.stdout or b"valkey" in shown.stdout
    except OSError:
        return None
    return pid if is_ours else None
