"""Schemathesis against the program: operations of its own making, each answered without a fault of ours."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from attacks.server import Target

EXAMPLES = os.environ.get("CANDLEWICK_TEST_EXAMPLES", "1")
"""Of each operation; some 25 cases come of each. 20,000 cases take fifty."""
OUTSIDE_THE_TYPES = "positive_data_acceptance"
"""Leaves out that what has the right type is accepted: no type says which cursor is real, or how long a page may be."""
TESTS = Path(__file__).parents[2]


async def test_generated_operations_find_no_fault(attacked: Target, tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{attacked.port}/graphql",
        "--mode", "all", "--seed", "1", "--max-examples", EXAMPLES, "--request-timeout", "20", "--no-color",
        "--continue-on-failure", "--generation-database", "none", "--generation-allow-x00", "true",
        "--phases", "fuzzing", "--exclude-checks", OUTSIDE_THE_TYPES,
        "--header", f"Authorization: Bearer {attacked.key}",
    ]  # fmt: skip
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "attacks.strategies", "PYTHONPATH": str(TESTS)}
    running = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await running.communicate()
    assert running.returncode == 0, told.decode()[-5_000:]
    assert attacked.mistakes() == []
