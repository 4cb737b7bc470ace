"""Backtests as jobs: a step for each instrument, candles read and traded on, the result kept with their revision."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import structlog

from candlewick.backtest.documents import request_document, request_of
from candlewick.backtest.strategies import strategy
from candlewick.backtest.tape import Tape
from candlewick.domain.backtest import (
    AccountRules,
    Backtest,
    BacktestRequest,
    BacktestResult,
    NewBacktest,
    StrategyChoice,
)
from candlewick.domain.errors import InvalidRange, UnknownInstrument
from candlewick.domain.job import Job, JobKind, NewJob, NewStep, Step, WorkQueue
from candlewick.domain.market import Instrument, InstrumentKey
from candlewick.pipeline.history import Report
from candlewick.pipeline.tapes import Reading, Tapes, Tell
from candlewick.ports import BacktestStore, Clock, InstrumentStore, JobStore, Outcome

log = structlog.get_logger(__name__)

_READ: Final = 0.6
"""What part of the work reading is, for those who watch."""


class Backtesting:
    """Makes jobs of backtests (`ports.Backtests`), does their steps, and runs one without a job."""

    def __init__(
        self,
        instruments: InstrumentStore,
        tapes: Tapes,
        store: BacktestStore,
        jobs: JobStore,
        clock: Clock,
        run: Callable[[Tape, int, StrategyChoice, AccountRules], BacktestResult] | None = None,
    ) -> None:
        self._instruments = instruments
        self._tapes = tapes
        self._store = store
        self._jobs = jobs
        self._clock = clock
        self._run = run or run_here

    async def submit(self, request: BacktestRequest, *, idempotency_key: str | None, requested_by: str) -> Job:
        """See `Backtests.submit`."""
        await self._check(request)
        steps = [
            NewStep(
                f"{request.strategy.name} on {key} {request.bar}",
                request_document(replace(request, instruments=[key])),
                WorkQueue.CPU,
            )
            for key in request.instruments
        ]
        arguments = request_document(request)
        return await self._jobs.submit(
            NewJob(JobKind.BACKTEST, arguments, steps, idempotency_key=idempotency_key, requested_by=requested_by)
        )

    async def step(self, step: Step, report: Report) -> Outcome:
        """Do one step. Done again it finds its result kept."""
        request = request_of(step.arguments)
        [instrument] = await self._check(request)

        def tell(count: int) -> None:
            report(Outcome(), min(count / max(_expected(request), 1), 1.0) * _READ)

        reading, result = await self._result(instrument, request, tell)
        new = NewBacktest(instrument.id, request, reading.revision, result, (step.ref.job_id, step.ref.number))
        kept = await self._store.keep(new, step.lease)
        log.info("backtest_kept", backtest=kept.id, instrument=str(instrument.key), strategy=request.strategy.name)
        outcome = Outcome(stored=1)
        report(outcome, 1.0)
        return outcome

    async def run(self, request: BacktestRequest, key: InstrumentKey) -> tuple[Backtest, BacktestResult]:
        """Run on one of the instruments now and here; the result is kept.

        Raises:
            InvalidInput: its subclass says what is wrong with the request or the candles.
            CandlesChanging: try again.
        """
        single = replace(request, instruments=[key])
        [instrument] = await self._check(single)
        reading, result = await self._result(instrument, single, _silent)
        kept = await self._store.keep(NewBacktest(instrument.id, single, reading.revision, result))
        return kept, result

    async def _result(
        self, instrument: Instrument, request: BacktestRequest, tell: Tell
    ) -> tuple[Reading, BacktestResult]:
        chosen = strategy(request.strategy.name)
        look_back = chosen.lookback(chosen.complete(request.strategy.parameters)) - 1
        reading = await self._tapes.read(instrument, request, look_back, tell)
        result = await asyncio.to_thread(self._run, reading.tape, reading.warm_up, request.strategy, request.rules)
        return reading, result

    async def _check(self, request: BacktestRequest) -> list[Instrument]:
        """The instruments of a request that can be run, as far as that can be told before candles are read."""
        strategy(request.strategy.name).complete(request.strategy.parameters)
        now = self._clock.now()
        if request.window.start >= now:
            raise InvalidRange(request.window.start, request.window.end, "is still to come")
        await self._tapes.check(request)
        known = await self._instruments.by_keys(request.instruments)
        for key in request.instruments:
            if key not in known:
                raise UnknownInstrument(str(key))
        return [known[key] for key in request.instruments]


def run_here(tape: Tape, warm_up: int, choice: StrategyChoice, rules: AccountRules) -> BacktestResult:
    """Compute in this process. What it takes is imported when it is needed: servers, which only ask, do without."""
    from candlewick.backtest.running import run  # noqa: PLC0415

    return run(tape, warm_up, choice, rules)


def _expected(request: BacktestRequest) -> int:
    """Candles that would open in the window if none were missing."""
    width = request.bar.every.span
    return (request.window.end - request.window.start) // width if width else 1


def _silent(_: int) -> None: ...
