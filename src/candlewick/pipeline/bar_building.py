"""Event bars: jobs that build them, and how series are carried on as trades come."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Final

import structlog

from candlewick.bars.builder import BarBuilder
from candlewick.bars.rows import new_bars, open_bar
from candlewick.bars.state import BarState
from candlewick.domain.bar import EventBarSpec
from candlewick.domain.bar_series import MOST_SERIES, BarSeries, BuildBarsRequest, SeriesId
from candlewick.domain.errors import (
    BarsBeginElsewhere,
    InvalidInput,
    InvalidRange,
    NoRoomForBars,
    TooManyBarsInSeries,
    TooManySeries,
    UnknownInstrument,
)
from candlewick.domain.job import Job, JobKind, NewJob, NewStep, Step, WorkQueue
from candlewick.domain.market import Instrument, InstrumentKey
from candlewick.pipeline.history import Report
from candlewick.ports import BarsBuilt, BarStore, BarTurn, Clock, InstrumentStore, JobStore, Outcome

log = structlog.get_logger(__name__)

AT_ONCE: Final = 200_000
"""Trades of one turn."""
MOST_BARS: Final = 5_000_000
"""Of one series."""
MOST_IN_A_ROUND: Final = 200
"""Series that are carried on."""
MOST_TURNS: Final = 20
"""Of one series in one round: the others wait."""


class BarBuilding:
    """Makes jobs of event bars, does their steps, and carries on what was built."""

    def __init__(
        self,
        instruments: InstrumentStore,
        bars: BarStore,
        jobs: JobStore,
        clock: Clock,
        *,
        at_once: int = AT_ONCE,
        most_bars: int = MOST_BARS,
    ) -> None:
        self._instruments = instruments
        self._bars = bars
        self._jobs = jobs
        self._clock = clock
        self._at_once = at_once
        self._most_bars = most_bars

    async def submit(self, request: BuildBarsRequest, *, idempotency_key: str | None, requested_by: str) -> Job:
        """See `BarDesk.submit`."""
        now = self._clock.now()
        if request.start is not None and request.start > now:
            raise InvalidRange(request.start, request.end or request.start, f"begins after now, {now:%Y-%m-%d %H:%M}")
        known = await self._instruments.by_keys(request.instruments)
        missing = [key for key in request.instruments if key not in known]
        if missing:
            raise UnknownInstrument(str(missing[0]))
        await self._check_beginnings(list(known.values()), request)
        arguments = _arguments(request)
        steps = [_step(key, arguments) for key in request.instruments]
        return await self._jobs.submit(
            NewJob(JobKind.BUILD_BARS, arguments, steps, idempotency_key, requested_by=requested_by)
        )

    async def run(self, step: Step, report: Report) -> Outcome:
        """Do one step: all turns of one series. Bars that are there are gone on with.

        Raises:
            TooManyBarsInSeries, TradesNotKept, TradesOutOfOrder, TooManyBars: what was built before stays.
        """
        key = InstrumentKey.parse(step.arguments["instrument"])
        instrument = (await self._instruments.by_keys([key])).get(key)
        if instrument is None:
            raise UnknownInstrument(str(key))
        job = f"{step.ref.job_id}"
        series = await self._bars.begin(instrument.id, _request_of(step.arguments, key), restarted_by=job)
        outcome = Outcome()
        while (turn := await self._bars.turn(series.id, self._at_once)) is not None:
            built = await self._built(turn, key)
            if not await self._bars.put(turn, built, lease=step.lease):
                continue  # somebody else built the same
            outcome += Outcome(stored=len(built.bars) if built else 0)
            report(outcome, turn.part)
            if not turn.more:
                break
        return outcome

    async def is_behind(self) -> bool:
        """Whether there is anything to carry on."""
        return bool(await self._bars.behind(1))

    async def carry_on(self) -> int:
        """A round: of each series that is behind, some turns; how many were written. One that cannot go on is given
        up, with its reason, until somebody asks for it again."""
        return sum([await self.carry_on_one(series_id) for series_id in await self._bars.behind(MOST_IN_A_ROUND)])

    async def carry_on_one(self, series_id: SeriesId) -> int:
        """The same of one series."""
        try:
            written = await self._carry_on(series_id)
        except InvalidInput as error:
            log.warning("bars_given_up", series=series_id, reason=str(error))
            await self._bars.give_up(series_id, str(error))
            return 0
        return written

    async def _carry_on(self, series_id: SeriesId) -> int:
        written = 0
        for _ in range(MOST_TURNS):
            turn = await self._bars.turn(series_id, self._at_once)
            if turn is None:
                break
            written += await self._bars.put(turn, await self._built(turn, None), lease=None)
            if not turn.more:
                break
        return written

    async def _built(self, turn: BarTurn, key: InstrumentKey | None) -> BarsBuilt | None:
        """What the turn's trades come to; None: there is none, and nothing changed."""
        if not len(turn.batch) and not turn.rewound:
            return None
        try:
            built = await asyncio.to_thread(_build, turn, self._most_bars - turn.bars)
        except NoRoomForBars as error:
            name = str(key) if key is not None else await self._key(turn.series)
            raise TooManyBarsInSeries(name, turn.series.spec.words, self._most_bars) from error
        if turn.rewound:
            log.info("bars_rewound", series=turn.series.id, bars=turn.bars, kept=turn.kept)
        return built

    async def _key(self, series: BarSeries) -> str:
        instrument = (await self._instruments.by_ids([series.instrument_id])).get(series.instrument_id)
        return str(instrument.key) if instrument else str(series.instrument_id)

    async def _check_beginnings(self, instruments: Sequence[Instrument], request: BuildBarsRequest) -> None:
        """Refuse at once what every step would refuse."""
        found = await self._bars.series([each.id for each in instruments])
        for instrument in instruments:
            key, series = str(instrument.key), found.get(instrument.id, ())
            kept = next((each for each in series if str(each.spec) == str(request.spec)), None)
            if kept is None and len(series) >= MOST_SERIES:
                raise TooManySeries(key, MOST_SERIES)
            if kept and request.start is not None and request.start != kept.start and not request.restart:
                raise BarsBeginElsewhere(key, kept.start, request.start)


def _build(turn: BarTurn, most: int) -> BarsBuilt:
    state = BarState() if turn.state is None else BarState.loads(turn.state)
    builder = BarBuilder(turn.series.spec, state)
    bars = list(chain.from_iterable(map(new_bars, builder.take(turn.batch, most))))
    after = builder.state
    return BarsBuilt(bars, None if after.open is None else open_bar(after.open), after.dumps(), after.last)


def _arguments(request: BuildBarsRequest) -> dict[str, Any]:
    start, end = (None if moment is None else moment.isoformat() for moment in (request.start, request.end))
    arguments: dict[str, Any] = {
        "instruments": [str(key) for key in request.instruments],
        "spec": str(request.spec),
        "from": start,
        "to": end,
        "restart": request.restart,
    }
    return arguments | ({"window": [start, end]} if start and end else {})


def _step(key: InstrumentKey, arguments: dict[str, Any]) -> NewStep:
    own = {name: arguments[name] for name in ("spec", "from", "to", "restart")}
    words = EventBarSpec.parse(arguments["spec"]).words
    return NewStep(f"{words} of {key}", {"instrument": str(key), **own}, WorkQueue.CPU)


def _request_of(arguments: Any, key: InstrumentKey) -> BuildBarsRequest:
    start, end = (
        None if arguments[name] is None else datetime.fromisoformat(arguments[name]) for name in ("from", "to")
    )
    return BuildBarsRequest([key], EventBarSpec.parse(arguments["spec"]), start, end, arguments["restart"])
