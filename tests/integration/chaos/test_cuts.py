"""Exactly once over a hundred cut connections."""

from __future__ import annotations

import shutil

import pytest

from chaos.cuts import WIDTHS, Plan, run
from embedded_services import new_data_dir

PLAN = Plan(cuts=100, seed=7, longest=1.0)


@pytest.mark.timeout(400)
async def test_a_client_that_is_cut_a_hundred_times_is_told_everything_exactly_once() -> None:
    folder = new_data_dir("candlewick-cuts-")

    told, wrong = await run(PLAN, folder)

    assert wrong == []
    assert told.sessions > PLAN.cuts / 2
    assert sum(len(counts) for counts in told.trades.values()) > 100
    revised = [key for key, counts in told.candles.items() if len(counts) > 1]
    assert {width for width, _, _ in told.candles} == set(WIDTHS)
    assert len(revised) > 5
    shutil.rmtree(folder, ignore_errors=True)
