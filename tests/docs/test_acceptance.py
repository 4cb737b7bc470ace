"""The runner of the acceptance suites, which are not here: it says so, and fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from documents import ROOT

SCRIPT = ROOT / "scripts" / "acceptance.py"


def test_where_there_are_no_suites_it_says_so_and_fails(tmp_path: Path) -> None:
    options = ["--suites", str(tmp_path / "nowhere"), "--only", "schema-lint"]
    done = subprocess.run([sys.executable, SCRIPT, *options], capture_output=True, text=True, timeout=240, check=False)

    assert done.returncode == 1
    assert "name their folder with ACCEPTANCE_SUITES=" in done.stderr
    assert "schema-lint      NOT RUN  the folder of the suites is not there" in done.stdout
