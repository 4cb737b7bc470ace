"""Reconciliation: our candles against the venue's own klines. Where those hold more, trades are missing: a gap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from candlewick.domain.candle import Candle, CandleOrigin
from candlewick.domain.errors import InvalidRange, UnknownInstrument, UnknownVenue
from candlewick.domain.gap import GapEvidence, NewGap
from candlewick.domain.interval import Duration, Interval
from candlewick.domain.job import Job, JobKind, Lease, NewJob, NewStep, Step
from candlewick.domain.market import Instrument, InstrumentKey, Tape
from candlewick.domain.page import CandleQuery
from candlewick.domain.reconciliation import Comparison, Difference, compare
from candlewick.domain.time import Window, coalesce
from candlewick.pipeline.history import Report, Target, fetch_candles
from candlewick.pipeline.importing import Stores
from candlewick.ports import Clock, JobStore, MarketSource, Outcome

log = structlog.get_logger(__name__)

SETTLED: Final = timedelta(minutes=5)
"""So long after its end a candle is compared: until then, trades may still come in and the venue may still count."""
AT_ONCE: Final = 1_440
"""Candles of each side that are compared at a time."""
MOST_DIFFERENCES: Final = 10_000
"""That are listed; the others are counted."""
_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Verified:
    """What a comparison of an instrument's candles came to."""

    key: InstrumentKey
    window: Window
    interval: Interval
    compared: int = 0
    unverified: int = 0
    """Candles of ours for which the venue has none: its history does not reach that far."""
    differing: int = 0
    """Fields that differ."""
    differences: Sequence[Difference] = ()
    """The first of them."""
    lacking: Sequence[Window] = ()
    """Where the venue's candles hold more volume than ours."""
    gaps: int = 0
    """Rows that were made of those, or made longer."""

    def with_part(self, part: Comparison, gaps: int) -> Verified:
        """With what a further part of the window came to."""
        room = MOST_DIFFERENCES - len(self.differences)
        return replace(
            self,
            compared=self.compared + part.compared,
            unverified=self.unverified + part.unverified,
            differing=self.differing + len(part.differences),
            differences=[*self.differences, *part.differences[:room]],
            lacking=coalesce([*self.lacking, *part.lacking][:MOST_DIFFERENCES]),
            gaps=self.gaps + gaps,
        )

    @property
    def equal(self) -> bool:
        """Whether something was compared, and nothing differs."""
        return bool(self.compared) and not self.differing


class Verification:
    """Compares candles from trades with the venue's own, and makes jobs of it."""

    def __init__(
        self,
        sources: Mapping[str, MarketSource],
        stores: Stores,
        jobs: JobStore,
        clock: Clock,
        at_once: int = AT_ONCE,
    ) -> None:
        self._at_once = at_once
        self._sources = sources
        self._stores = stores
        self._jobs = jobs
        self._clock = clock

    async def run(
        self,
        key: InstrumentKey,
        window: Window,
        interval: Interval = Interval.M1,
        *,
        fetch: bool = True,
        lease: Lease | None = None,
        report: Report | None = None,
    ) -> Verified:
        """Compare the candles that lie in the window, from the venue's own page by page (kept as its candles), or
        without `fetch` from those of them that are here.

        Raises:
            UnknownInstrument: it is not known here. UnknownVenue: nobody can be asked about it.
            InvalidRange: no candle in there is over.
            SourceUnavailable, SourceRefused, MalformedPayload: the venue's candles cannot be had.
        """
        instrument = (await self._stores.instruments.by_keys([key])).get(key)
        if instrument is None:
            raise UnknownInstrument(str(key))
        window = self._whole(window, interval)
        if fetch:
            await self._fetch(instrument, window, lease, report)
        verified = Verified(key, window, interval)
        reach = await self._reach(instrument, window, interval.duration)
        for part in _parts(window, interval.duration, self._at_once):
            comparison = await self._compare(instrument, part, reach, interval.duration)
            gaps = await self._record(instrument, comparison.lacking, lease)
            verified = verified.with_part(comparison, gaps)
        _tell(verified)
        return verified

    async def submit(self, keys: Sequence[InstrumentKey], window: Window, *, requested_by: str) -> Job:
        """A job with a step for each of the instruments whose venue has candles of its own. While it is
        unfinished, there is no other for that window."""
        able = [key for key in keys if (source := self._sources.get(key.venue)) and source.candles is not None]
        moments = [window.start.isoformat(), window.end.isoformat()]
        steps = [NewStep(f"candles of {key}", {"instrument": str(key), "window": moments}) for key in able]
        arguments = {"instruments": [str(key) for key in able], "window": moments}
        name = f"verify/{window.start:%Y-%m-%dT%H:%M}/{window.end:%Y-%m-%dT%H:%M}"
        return await self._jobs.submit(
            NewJob(JobKind.VERIFY, arguments, steps, exclusive=name, requested_by=requested_by)
        )

    async def step(self, step: Step, report: Report) -> Outcome:
        """Do one step. The rows that it counts are the venue's candles; differences are logged, and gaps."""
        fetched = Outcome()

        def tell(outcome: Outcome, part: float) -> None:
            nonlocal fetched
            fetched = outcome
            report(outcome, part)

        window = Window(*map(datetime.fromisoformat, step.arguments["window"]))
        key = InstrumentKey.parse(step.arguments["instrument"])
        await self.run(key, window, lease=step.lease, report=tell)
        return fetched

    def _whole(self, window: Window, interval: Interval) -> Window:
        """The whole candles that the window touches, as far as they are over."""
        width, settled = interval.duration, self._clock.now() - SETTLED
        start, end = width.floor(window.start), min(width.ceil(window.end), width.floor(settled))
        if end <= start:
            raise InvalidRange(window.start, window.end, f"has no {interval} candle that was over at {settled:%H:%M}")
        return Window(start, end)

    async def _fetch(self, instrument: Instrument, window: Window, lease: Lease | None, report: Report | None) -> None:
        source = self._sources.get(instrument.key.venue)
        if source is None or source.candles is None:
            raise UnknownVenue(instrument.key.venue, [code for code, each in self._sources.items() if each.candles])
        target = Target(instrument, source.source, lease)
        await fetch_candles(source.candles, self._stores, target, window, report or _silent)

    async def _reach(self, instrument: Instrument, window: Window, width: Duration) -> Window | None:
        """From the venue's first candle in the window to its last; None if there is none."""
        ends = [CandleQuery(width, 1, CandleOrigin.VENUE, window, newest=newest) for newest in (False, True)]
        found = [candle for query in ends for candle in await self._read(instrument, query)]
        return Window(found[0].open_time, found[-1].close_time) if found else None

    async def _compare(
        self, instrument: Instrument, window: Window, reach: Window | None, width: Duration
    ) -> Comparison:
        ours, theirs = [
            await self._read(instrument, CandleQuery(width, self._at_once, origin, window, newest=False))
            for origin in (CandleOrigin.TRADES, CandleOrigin.VENUE)
        ]
        if reach is None:
            return Comparison(0, len(ours), (), ())
        return compare(ours, theirs, reach, counts_alike=instrument.tape is Tape.TRADES)

    async def _read(self, instrument: Instrument, query: CandleQuery) -> Sequence[Candle]:
        return (await self._stores.candles.read([instrument.id], query))[instrument.id].rows

    async def _record(self, instrument: Instrument, lacking: Sequence[Window], lease: Lease | None) -> int:
        source = instrument.key.venue
        found = [NewGap(instrument.id, source, GapEvidence.RECONCILIATION, window) for window in lacking]
        if not found:
            return 0
        return len(await self._stores.gaps.record(found, now=self._clock.now(), lease=lease))


def _parts(window: Window, width: Duration, candles: int) -> Iterator[Window]:
    """The window in parts of so many candles."""
    start = window.start
    while start < window.end:
        end = min(width.after(start, candles), window.end)
        yield Window(start, end)
        start = end


def _tell(verified: Verified) -> None:
    facts: dict[str, Any] = {
        "instrument": str(verified.key),
        "compared": verified.compared,
        "unverified": verified.unverified,
    }
    if verified.differing:
        examples = [
            f"{each.window.start:%Y-%m-%dT%H:%M} {each.field}: {each.ours} here, {each.theirs} there"
            for each in verified.differences[:_EXAMPLES]
        ]
        log.warning("candles_differ", **facts, differing=verified.differing, gaps=verified.gaps, examples=examples)
    else:
        log.info("candles_verified", **facts)


def _silent(_: Outcome, __: float) -> None: ...
