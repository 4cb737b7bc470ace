"""Backfill: the past of some instruments, cut into steps; archives first, page by page what they lack."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from candlewick.domain.errors import (
    ArchiveStoreUnavailable,
    InvalidRange,
    SourceRefused,
    TooManySteps,
    UnknownInstrument,
    UnknownVenue,
)
from candlewick.domain.job import (
    MOST_STEPS,
    BackfillRequest,
    Job,
    JobKind,
    NewJob,
    NewStep,
    Step,
)
from candlewick.domain.market import DataKind, Instrument, InstrumentKey
from candlewick.domain.time import Window, within, without
from candlewick.pipeline.discovery import discover
from candlewick.pipeline.file_job import ImportProgress
from candlewick.pipeline.history import Report, Target, fetch_candles, fetch_days, fetch_quotes, fetch_trades
from candlewick.pipeline.importing import ArchiveImport, Stores
from candlewick.ports import Clock, JobStore, MarketSource, Outcome

log = structlog.get_logger(__name__)

_FINE: Final = timedelta(hours=1)
_COARSE: Final = timedelta(days=1)
_FINE_UP_TO: Final = timedelta(days=7)
"""What has no archives is fetched in steps of an hour, or of a day if there is more of it than this."""


@dataclass(frozen=True, slots=True)
class Part:
    """A step's share: `archive` is the day or month whose file may hold it; `window` is what was asked for of it."""

    key: InstrumentKey
    kind: DataKind
    window: Window
    archive: Window | None = None

    def as_step(self) -> NewStep:
        return NewStep(subject=str(self), arguments=self.arguments())

    def arguments(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "instrument": str(self.key),
            "kind": self.kind.value,
            "window": _moments(self.window),
            "archive": _moments(self.archive) if self.archive else None,
        }

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Part:
        """What `arguments` wrote."""
        archive = arguments["archive"]
        return cls(
            InstrumentKey.parse(arguments["instrument"]),
            DataKind(arguments["kind"]),
            _window(arguments["window"]),
            _window(archive) if archive else None,
        )

    def __str__(self) -> str:
        return f"{self.key} {self.kind.lower()} {self.window.start:%Y-%m-%dT%H:%M} to {self.window.end:%Y-%m-%dT%H:%M}"


class Backfill:
    """Makes backfill jobs (`ports.Backfills`) and does their steps."""

    def __init__(
        self, sources: Mapping[str, MarketSource], stores: Stores, jobs: JobStore, clock: Clock, downloads: Path
    ) -> None:
        self._sources = sources
        self._stores = stores
        self._jobs = jobs
        self._clock = clock
        self._downloads = downloads

    async def submit(self, request: BackfillRequest, *, idempotency_key: str | None, requested_by: str) -> Job:
        """See `Backfills.submit`."""
        now = self._clock.now()
        instruments = await self._find(request.instruments)
        parts: list[Part] = []
        for key in instruments:
            source = self._source(key.venue)
            parts += _cut(key, request.kind, _possible(request.window, source, now), source, now)
        if len(parts) > MOST_STEPS:
            raise TooManySteps(len(parts), MOST_STEPS)
        arguments = {
            "instruments": [str(key) for key in instruments],
            "kind": request.kind.value,
            "window": [request.window.start.isoformat(), None if request.up_to_now else request.window.end.isoformat()],
        }
        return await self._jobs.submit(
            NewJob(
                JobKind.BACKFILL,
                arguments,
                [part.as_step() for part in parts],
                idempotency_key=idempotency_key,
                requested_by=requested_by,
            )
        )

    async def run(self, step: Step, report: Report) -> Outcome:
        """Do one step. Doing it again changes nothing; what was stored before it breaks stays.

        Raises:
            CandlewickError: its class says whether to try again.
        """
        part = Part.of(step.arguments)
        instrument = (await self._stores.instruments.by_keys([part.key])).get(part.key)
        if instrument is None:
            raise UnknownInstrument(str(part.key))
        source = self._source(part.key.venue)
        target = Target(instrument, source.source, step.lease)
        if part.archive is None:
            return await self._fetch(source, part, target, report)
        return await self._archived(source, part, part.archive, target, report)

    async def import_days(self, target: Target, window: Window, done: set[Window]) -> Outcome:
        """The archive files of the days that the window is in, as far as there are any and but for those in `done`.

        Those are added to it. Errors as for `run`.
        """
        key = target.instrument.key
        source, outcome = self._source(key.venue), Outcome()
        for archive in source.shelf.windows(window, self._clock.now()) if source.shelf else ():
            if archive in done:
                continue
            part = Part(key, DataKind.TRADES, window, archive)
            try:
                imported = await self._import(source, part, archive, target, _silent)
            except OSError as exc:
                raise ArchiveStoreUnavailable(self._downloads, exc.strerror or str(exc)) from exc
            done.add(archive)
            outcome += imported or Outcome()
        return outcome

    async def _archived(
        self, source: MarketSource, part: Part, archive: Window, target: Target, report: Report
    ) -> Outcome:
        """The part from its archive file; where there is none, a month from those of its days, a day page by page."""
        try:
            outcome = await self._import(source, part, archive, target, report)
        except OSError as exc:
            raise ArchiveStoreUnavailable(self._downloads, exc.strerror or str(exc)) from exc
        if outcome is not None:
            return outcome
        if archive.end - archive.start <= _COARSE:
            return await self._fetch(source, part, target, report)
        return await self._day_by_day(source, part, target, report)

    async def _day_by_day(self, source: MarketSource, part: Part, target: Target, report: Report) -> Outcome:
        outcome = Outcome()
        for window in part.window.days():
            midnight = window.start.replace(hour=0, minute=0, second=0, microsecond=0)
            day = Part(part.key, part.kind, window, Window(midnight, midnight + _COARSE))
            outcome += await self._archived(source, day, Window(midnight, midnight + _COARSE), target, _silent)
            report(outcome, (window.end - part.window.start) / (part.window.end - part.window.start))
        return outcome

    async def _import(
        self, source: MarketSource, part: Part, archive: Window, target: Target, report: Report
    ) -> Outcome | None:
        """The part from its archive file; None if there is none. Raises OSError if there is no place to put it."""
        if source.shelf is None or source.archive_files is None:
            return None
        self._downloads.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._downloads, prefix="fetch-") as folder:
            path = await source.shelf.fetch(target.instrument, part.kind, archive, Path(folder))
            if path is None:
                log.info("archive_missing", source=source.source, step=str(part))
                return None
            importing = ArchiveImport(source.archive_files, self._stores, self._clock)

            def tell(reached: ImportProgress) -> None:
                report(reached.outcome, reached.lines / reached.total_lines if reached.total_lines else 1.0)

            return (await importing.run(path, part.key, lease=target.lease, report=tell)).outcome

    async def _fetch(self, source: MarketSource, part: Part, target: Target, report: Report) -> Outcome:
        if part.kind is DataKind.TRADES and source.trades is not None:
            return await fetch_trades(source.trades, self._stores, target, part.window, report, self._clock)
        if part.kind is DataKind.CANDLES and source.candles is not None:
            return await fetch_candles(source.candles, self._stores, target, part.window, report)
        if part.kind is DataKind.QUOTES and source.quote_history is not None:
            return await fetch_quotes(source.quote_history, self._stores, target, part.window, report)
        if part.kind is DataKind.DAYS and source.days is not None:
            return await fetch_days(source.days, self._stores, target, part.window, report)
        raise SourceRefused(source.source, 404, f"it has no {part.kind.lower()} of {part.window.start:%Y-%m-%d}")

    async def _find(self, keys: Sequence[InstrumentKey]) -> Mapping[InstrumentKey, Instrument]:
        """The instruments, each once, in the order asked for; a venue is asked for those that are not known yet."""
        for venue in dict.fromkeys(key.venue for key in keys):
            self._source(venue)
        known = await self._stores.instruments.by_keys(keys)
        for venue in dict.fromkeys(key.venue for key in keys if key not in known):
            await discover(self._source(venue), self._stores, [key for key in keys if key.venue == venue])
        known = await self._stores.instruments.by_keys(keys)
        for key in keys:
            if key not in known:
                raise UnknownInstrument(str(key))
        return {key: known[key] for key in keys}

    def _source(self, venue: str) -> MarketSource:
        source = self._sources.get(venue)
        if source is None:
            raise UnknownVenue(venue, self._sources)
        return source


def _possible(window: Window, source: MarketSource, now: datetime) -> Window:
    """The part of the window in which there can be data.

    Raises:
        InvalidRange: there is no such part.
    """
    if window.start >= now:
        raise InvalidRange(window.start, window.end, f"lies in the future: it is {now:%Y-%m-%dT%H:%M:%SZ}")
    if window.end <= source.since:
        reason = f"ends before {source.source} began, which was on {source.since:%Y-%m-%d}"
        raise InvalidRange(window.start, window.end, reason)
    return Window(max(window.start, source.since), min(window.end, now))


def _cut(key: InstrumentKey, kind: DataKind, window: Window, source: MarketSource, now: datetime) -> Iterator[Part]:
    """The window in parts, oldest first: those that an archive may hold, and the rest.

    No archive holds quotes or days, and their sources count requests: years of days come in one.
    """
    if kind is DataKind.DAYS:
        return iter([Part(key, kind, window)])
    if kind is DataKind.QUOTES:
        return (Part(key, kind, piece) for piece in _pieces(window, source.quote_reach))
    archives = list(source.shelf.windows(window, now)) if source.shelf else []
    parts = [Part(key, kind, asked, archive) for archive in archives for asked in within([archive], window)]
    rest = without(window, archives)
    width = _FINE if sum((hole.end - hole.start for hole in rest), timedelta()) <= _FINE_UP_TO else _COARSE
    parts += [Part(key, kind, piece) for hole in rest for piece in _pieces(hole, width)]
    return iter(sorted(parts, key=lambda part: part.window))


def _pieces(window: Window, width: timedelta) -> Iterator[Window]:
    start = window.start
    while start < window.end:
        end = min(start + width, window.end)
        yield Window(start, end)
        start = end


def _silent(_: Outcome, __: float) -> None: ...


def _moments(window: Window) -> list[str]:
    return [window.start.isoformat(), window.end.isoformat()]


def _window(moments: Sequence[str]) -> Window:
    start, end = map(datetime.fromisoformat, moments)
    return Window(start, end)
