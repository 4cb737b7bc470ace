"""A private PostgreSQL: made by initdb, on a Unix socket only, durable, with TimescaleDB where it is offered."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version as package_version
from pathlib import Path
from urllib.parse import quote

from candlewick.domain.errors import PrivateServiceFailed
from candlewick.embedded.account import Account, give, make_folder, server_account
from candlewick.embedded.errors import (
    OWN_DATABASE,
    OtherClusterVersion,
    ServerEnded,
    TimescaleMissing,
    UnreachableFolder,
    UnsafeFolder,
)
from candlewick.embedded.folder import ServiceFolder, ServiceName
from candlewick.embedded.installation import WHEEL, PostgresInstallation, Source
from candlewick.embedded.process import Server, as_account, end_leftover, server_environment

USER = DATABASE = "candlewick"
PORT = 5432  # part of the socket's name; nothing listens on the network
LONGEST_SOCKET_PATH = 103  # of sockaddr_un: 107 bytes on Linux, 103 on macOS
STARTS = 5

# A "fast" shutdown lets no client finish; "immediate" is a crash that the next start recovers from.
INSISTENCE = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))

OPTIONS = {
    "listen_addresses": "",
    "port": str(PORT),
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "max_wal_size": "2GB",
    "max_locks_per_transaction": "256",  # a hypertable locks every chunk that it plans over
    "jit": "off",
}
TIMESCALE_OPTIONS = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    "max_worker_processes": "32",  # one TimescaleDB scheduler for each database
}


class Postgres:
    """The PostgreSQL of one service folder. The calls run in this order: prepare, start, stop."""

    def __init__(self, folder: ServiceFolder, installation: PostgresInstallation, options: Mapping[str, str]) -> None:
        self.folder, self.installation, self.options = folder, installation, options
        self.account = server_account()
        self.cluster = folder.path / "cluster"
        self.socket_dir = socket_dir(folder.path)
        self.server = Server(folder, INSISTENCE)

    @property
    def url(self) -> str:
        host = quote(str(self.socket_dir), safe="/")
        return f"postgresql://{USER}:{self.folder.password()}@/{DATABASE}?host={host}&port={PORT}"

    def prepare(self) -> None:
        """Make whatever the server needs: readable programs, a cluster with our database, a socket folder."""
        end_leftover(self.folder, INSISTENCE)
        self._make_programs_reachable()
        self._check_cluster()
        if not self.cluster.exists():
            self._make_cluster()
        make_folder(self.socket_dir, self.account)
        _check_owner(self.socket_dir, self.account)
        give(self.socket_dir, self.account)

    def start(self, deadline: float) -> None:
        """Start the server and wait until it takes connections."""
        for attempt in range(1, STARTS + 1):
            (self.cluster / "postmaster.pid").unlink(missing_ok=True)  # nobody holds the server lock: it is stale
            self.server.start(self._command(), cwd=self.cluster, account=self.account)
            try:
                self.server.wait_ready(self._is_ready, deadline)
            except ServerEnded as error:
                # After a crash the kernel may take a moment to give up the old server's shared memory.
                if attempt == STARTS or "shared memory" not in error.last_lines:
                    raise
                time.sleep(0.5)
            else:
                return

    def stop(self) -> None:
        self.server.stop()
        if not self.socket_dir.is_relative_to(self.folder.path):
            shutil.rmtree(self.socket_dir, ignore_errors=True)

    def _command(self) -> list[str | Path]:
        options = OPTIONS | {"unix_socket_directories": str(self.socket_dir)}
        if self.installation.has_timescaledb:
            options |= TIMESCALE_OPTIONS
        settings = [f"{name}={value}" for name, value in (options | dict(self.options)).items()]
        return [self.installation.program("postgres"), "-D", self.cluster, *(f"--{setting}" for setting in settings)]

    def _is_ready(self) -> bool:
        """The postmaster writes its state into the 8th line of its pid file (miscadmin.h, LOCK_FILE_LINE_PM_STATUS)."""
        try:
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def _check_cluster(self) -> None:
        version_file, used_options = self.cluster / "PG_VERSION", self.cluster / "postmaster.opts"
        if not version_file.exists():
            return
        found = int(version_file.read_text())
        if found != self.installation.major:
            raise OtherClusterVersion(self.cluster, found, self.installation.major)
        had_timescaledb = used_options.exists() and "shared_preload_libraries=timescaledb" in used_options.read_text()
        if had_timescaledb and not self.installation.has_timescaledb:
            raise TimescaleMissing(self.cluster, self.installation.bin_dir)

    def _make_cluster(self) -> None:
        """Make the cluster beside its place and move it there, so that a killed initdb leaves nothing half made."""
        making = self.cluster.with_name("cluster.new")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        give(making, self.account)
        with tempfile.NamedTemporaryFile("w", dir=self.folder.path, prefix=".password.") as password:
            password.write(self.folder.password())
            password.flush()
            if self.account is not None:
                os.chown(password.name, self.account.uid, self.account.gid)
            self._run(
                "initdb",
                *("-D", str(making), "--username", USER, "--pwfile", password.name, "--auth=scram-sha-256"),
                *("--encoding=UTF8", f"--locale={server_environment()['LC_ALL']}"),
            )
        self._run("postgres", "--single", "-D", str(making), "postgres", statement=f"CREATE DATABASE {DATABASE}")
        making.rename(self.cluster)

    def _run(self, program: str, *arguments: str, statement: str = "") -> None:
        try:
            done = subprocess.run(  # noqa: S603
                [self.installation.program(program), *arguments],
                input=statement + "\n",
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=self.folder.path,
                env=server_environment(),
                timeout=300,
                check=False,
                **as_account(self.account),
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise PrivateServiceFailed(ServiceName.POSTGRESQL, f"{program} could not be run: {error}") from error
        if done.returncode != 0 or "ERROR:" in done.stdout:  # the single-user mode ends with 0 whatever happens
            raise PrivateServiceFailed(ServiceName.POSTGRESQL, f"{program} failed: {done.stdout.strip()[-1000:]}")

    def _make_programs_reachable(self) -> None:
        """Root's own folders are closed to the account that PostgreSQL runs as."""
        if self.account is None:
            return
        if (closed := self.account.first_closed(self.folder.path)) is not None:
            raise UnreachableFolder(
                closed, self.account.name, f"Set CANDLEWICK_DATA_DIR to a folder below an open one, {OWN_DATABASE}"
            )
        if (closed := self.account.first_closed(self.installation.bin_dir)) is None:
            return
        if self.installation.source is not Source.WHEEL:
            raise UnreachableFolder(closed, self.account.name, f"Choose a PostgreSQL elsewhere, {OWN_DATABASE}")
        self.installation = _copy_wheel(self.installation, self.folder.path / "programs")


def _copy_wheel(installation: PostgresInstallation, into: Path) -> PostgresInstallation:
    """Copy the wheel's programs, which find their libraries relative to themselves, and what they need."""
    prefix = installation.bin_dir.parent
    package = prefix.parent
    target = into / f"{WHEEL}-{package_version(WHEEL)}-{installation.major}"
    if not target.exists():
        making = into / "new"
        shutil.rmtree(into, ignore_errors=True)
        shutil.copytree(prefix, making / package.name / prefix.name, ignore=shutil.ignore_patterns("include", "*.a"))
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, making / libraries.name)
        for folder, _, _ in making.walk():
            folder.chmod(0o755)
        into.chmod(0o755)
        making.rename(target)
    return replace(installation, bin_dir=target / package.name / prefix.name / "bin")


def socket_dir(folder: Path) -> Path:
    """Below the service folder; where that makes the socket's path too long, a folder of our own in /tmp."""
    inside = folder / "socket"
    if len(os.fsencode(inside / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH:
        return inside
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path("/tmp") / f"candlewick-{os.getuid()}-{digest}"  # noqa: S108 (its owner is checked)


def _check_owner(folder: Path, account: Account | None) -> None:
    found = folder.lstat()
    allowed = {os.getuid()} if account is None else {os.getuid(), account.uid}
    if found.st_uid not in allowed or folder.is_symlink():
        raise UnsafeFolder(ServiceName.POSTGRESQL, folder)
