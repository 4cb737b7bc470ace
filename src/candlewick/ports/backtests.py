"""Backtests: what is kept of them, and what it takes to run one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from candlewick.domain.backtest import (
    Backtest,
    BacktestFilter,
    BacktestId,
    BacktestRequest,
    EquityPoint,
    NewBacktest,
    RoundTrip,
)
from candlewick.domain.columns import CandleColumns, ColumnChoice
from candlewick.domain.commit import Commit
from candlewick.domain.hours import TimeBar
from candlewick.domain.job import Job, JobId, Lease
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery, Page
from candlewick.domain.ruler import Ruler


class BacktestStore(Protocol):
    """Results, each with the revision of the data that it ran on."""

    async def keep(self, new: NewBacktest, lease: Lease | None = None) -> Backtest:
        """Keep the result; of a step of a job once, however often it is done.

        Raises:
            LeaseLost: the step is somebody else's by now; nothing is kept.
        """

    async def by_ids(self, ids: Sequence[BacktestId]) -> Mapping[BacktestId, Backtest]: ...

    async def of_jobs(self, job_ids: Sequence[JobId]) -> Mapping[JobId, Sequence[Backtest]]:
        """The results of each job, in the order of its steps; a job has a bounded number of them."""

    async def backtests(
        self,
        where: BacktestFilter,
        first: int,
        after: BacktestId | None,
        before: BacktestId | None = None,
        *,
        backwards: bool = False,
    ) -> Page[Backtest]:
        """Newest first. `backwards`: the last so many, which are the oldest, instead."""

    async def curves(self, ids: Sequence[BacktestId]) -> Mapping[BacktestId, Sequence[EquityPoint]]:
        """The equity curves of each."""

    async def trades(
        self,
        backtest_id: BacktestId,
        first: int,
        after: int | None,
        before: int | None = None,
        *,
        backwards: bool = False,
    ) -> Page[RoundTrip]:
        """Its positions in order of their numbers, strictly between two. `backwards`: the last so many."""


class Backtests(Protocol):
    """The use case behind `backtest` in the API."""

    async def submit(self, request: BacktestRequest, *, idempotency_key: str | None, requested_by: str) -> Job:
        """Make the job, a step for each instrument; workers do the rest.

        Raises:
            UnknownInstrument, UnknownStrategy, UnknownParameter, InvalidParameter, InvalidBacktest, InvalidRange,
            InvalidDuration, UnknownCalendar, JobConflict: as their names say.
        """


class TapeReads(Protocol):
    """Candles as columns, and where they open."""

    async def ruler(self, bar: TimeBar) -> Ruler: ...

    async def read_columns(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery, choice: ColumnChoice
    ) -> Mapping[InstrumentId, CandleColumns]: ...


class RevisionReads(Protocol):
    """What was changed, and when."""

    async def versions(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, int]: ...
    async def since(self, instrument_id: InstrumentId, version: int, limit: int) -> Sequence[Commit]: ...
