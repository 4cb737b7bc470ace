"""The short form of the chaos run; `make chaos` is the long one."""

from __future__ import annotations

import shutil

import pytest

from chaos.run import Plan, run
from embedded_services import new_data_dir

PLAN = Plan(events=10, seed=3, every=0.8, live_rate=20, past_rate=1, longest_stop=8, settle=90)


@pytest.mark.timeout(280)
async def test_nothing_is_lost_or_counted_twice_whatever_dies() -> None:
    folder = new_data_dir("candlewick-chaos-")

    report = await run(PLAN, folder)

    logs = "".join(path.read_text(errors="replace")[-4000:] for path in (folder / "logs").iterdir())
    assert not report.wrong, f"{report}\n{logs}"
    assert sum(report.events.values()) == PLAN.events + 2
    assert report.trades > 86_400
    assert report.received > 0
    shutil.rmtree(folder, ignore_errors=True)
