"""Mutated bodies against the program: some of them here, a hundred thousand with `make fuzz`."""

from __future__ import annotations

import os

from attacks.fuzz import fuzz
from attacks.server import Target

BODIES = int(os.environ.get("CANDLEWICK_TEST_FUZZED", "1000"))


async def test_mutated_bodies_hurt_nobody(attacked: Target) -> None:
    report = await fuzz(attacked, BODIES, seed=7)
    assert report.wrong == []
    assert sum(report.statuses.values()) == BODIES
