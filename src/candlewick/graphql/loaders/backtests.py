"""Backtests by the job that ran them, and equity curves by the backtest."""

from __future__ import annotations

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from candlewick.domain.backtest import Backtest, BacktestId, EquityPoint
from candlewick.domain.job import JobId
from candlewick.graphql.services import BacktestReads

type BacktestsOfJobLoader = DataLoader[JobId, Sequence[Backtest]]
type CurveLoader = DataLoader[BacktestId, Sequence[EquityPoint]]


def backtests_of_job_loader(store: BacktestReads) -> BacktestsOfJobLoader:
    """None of a job that runs none."""

    async def load(keys: Sequence[JobId]) -> list[Sequence[Backtest]]:
        found = await store.of_jobs(keys)
        return [found.get(key, ()) for key in keys]

    return DataLoader(load_fn=load)


def curve_loader(store: BacktestReads) -> CurveLoader:
    """Empty of what is gone meanwhile."""

    async def load(keys: Sequence[BacktestId]) -> list[Sequence[EquityPoint]]:
        found = await store.curves(keys)
        return [found.get(key, ()) for key in keys]

    return DataLoader(load_fn=load)
