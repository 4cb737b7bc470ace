"""The reference says what the code says."""

from __future__ import annotations

import re
import subprocess
import sys

from candlewick.cli.exit_codes import EXPLAINED
from documents import ROOT

SCRIPT = ROOT / "scripts" / "reference.py"
ERRORS = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")


def test_generated_pages_are_in_step_with_the_code() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr


def test_every_error_code_of_the_api_is_explained() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/candlewick/graphql").rglob("*.py"))
    used = set(re.findall(r'"((?:[A-Z]+_)+[A-Z]+|TIMEOUT|FORBIDDEN|UNAUTHENTICATED)"', source))
    explained = set(re.findall(r"^\| `([A-Z_]+)` ", ERRORS, re.MULTILINE))

    assert explained == used - {"TIMESCALEDB_COMMUNITY", "TIMESCALEDB_APACHE"}


def test_exit_codes_are_those_of_the_program() -> None:
    codes = re.findall(r"^  (\d+)  ", EXPLAINED, re.MULTILINE)

    assert re.findall(r"^\| (\d{1,3}) \| ", ERRORS.partition("## Exit codes")[2], re.MULTILINE) == codes


def test_licence_is_the_whole_apache_licence() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert text.lstrip().startswith("Apache License")
    assert all(f"\n   {number}. " in text for number in range(1, 10))
    assert text.rstrip().endswith("limitations under the License.")
