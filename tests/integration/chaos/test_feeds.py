"""The short form of the run of lying venues; `make feeds` is the long one."""

from __future__ import annotations

import shutil

import pytest

from chaos.feeds import VENUES, Plan, run, shown
from embedded_services import new_data_dir

PLAN = Plan(seconds=35, rate=180, seed=5, faults_every=2.0, cut=6, back=90, settle=120)
"""How fast things come back is the long form's to say: here the bounds only end a run that hangs."""


@pytest.mark.timeout(600)
async def test_three_lying_venues_lose_nothing_while_everything_breaks() -> None:
    folder = new_data_dir("candlewick-feeds-")

    report = await run(PLAN, folder)

    logs = "".join(path.read_text(errors="replace")[-2000:] for path in (folder / "logs").iterdir())
    assert not report.wrong, f"{shown(report)}\n{logs}"
    assert {name.split()[0] for name in report.faults} == set(VENUES)
    assert len(report.back) == 5
    assert report.trades > 3_000
    assert report.told > 0
    assert sum(report.gaps.values()) > 0
    shutil.rmtree(folder, ignore_errors=True)
