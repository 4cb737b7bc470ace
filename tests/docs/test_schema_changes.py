"""What breaks clients of the last release is told in the changelog, or refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from documents import ROOT

SCRIPT = ROOT / "scripts" / "schema_changes.py"
RELEASED = "type Query { price: String! size(of: String): Int }\n"
BROKEN = "type Query { price: String size(of: String): Int }\n"
LINE = "Field Query.price changed type from String! to String."


def compared(folder: Path, schema: str, changelog: str) -> subprocess.CompletedProcess[str]:
    given = {"schema": schema, "released": RELEASED, "changelog": changelog}
    for name, text in given.items():
        (folder / name).write_text(text, encoding="utf-8")
    options = [f"--{name}={folder / name}" for name in given]
    return subprocess.run([sys.executable, SCRIPT, *options], capture_output=True, text=True, timeout=60, check=False)


def test_this_schema_breaks_nothing_in_silence() -> None:
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr


def test_what_is_new_breaks_nothing(tmp_path: Path) -> None:
    done = compared(tmp_path, RELEASED.replace("}", "volume: String }"), "## [Unreleased]\n")

    assert (done.returncode, done.stderr) == (0, "")


def test_a_breaking_change_that_is_not_told_is_refused_with_the_line_to_add(tmp_path: Path) -> None:
    done = compared(tmp_path, BROKEN, "## [Unreleased]\n\n### Added\n\n- A thing.\n")

    assert done.returncode == 1
    assert f"- {LINE}" in done.stderr.splitlines()


@pytest.mark.parametrize(
    "line",
    [
        f"- {LINE}",
        "- Field `Query.price` changed type from `String!` to\n  `String`: it may be unknown.",
    ],
)
def test_a_breaking_change_that_is_told_passes(tmp_path: Path, line: str) -> None:
    told = f"## [Unreleased]\n\n### Breaking\n\n- Other.\n{line}\n\n### Added\n"

    assert compared(tmp_path, BROKEN, told).returncode == 0


@pytest.mark.parametrize(
    "line", [LINE.replace("to String.", "to String!."), LINE.replace("to String.", "to [String].")]
)
def test_another_change_that_reads_like_it_does_not_tell_it(tmp_path: Path, line: str) -> None:
    assert compared(tmp_path, BROKEN, f"## [Unreleased]\n\n### Breaking\n\n- {line}\n").returncode == 1


@pytest.mark.parametrize("heading", ["## [0.1.0] - 2026-01-01\n\n### Breaking", "## [Unreleased]\n\n### Changed"])
def test_it_has_to_be_told_of_this_release_as_breaking(tmp_path: Path, heading: str) -> None:
    assert compared(tmp_path, BROKEN, f"{heading}\n\n- {LINE}\n").returncode == 1


def test_a_release_keeps_its_schema(tmp_path: Path) -> None:
    schema, released = tmp_path / "schema", tmp_path / "released"
    schema.write_text(BROKEN, encoding="utf-8")

    options = ["--release", f"--schema={schema}", f"--released={released}"]
    subprocess.run([sys.executable, SCRIPT, *options], capture_output=True, timeout=60, check=True)

    assert released.read_text(encoding="utf-8") == BROKEN
