"""Ingesting: a source asked now, for its largest instruments or for some that are named, whatever the schedule says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import structlog

from candlewick.domain.errors import (
    CannotBeIngested,
    ForeignInstrument,
    InvalidLimit,
    SourceRefused,
    UnknownInstrument,
    UnknownSource,
)
from candlewick.domain.job import IngestRequest, Job, JobKind, NewJob, NewStep, Step
from candlewick.domain.market import DataKind, Instrument, InstrumentKey
from candlewick.domain.page import InstrumentFilter, QuoteQuery
from candlewick.domain.quote import QuoteRow
from candlewick.domain.time import Window
from candlewick.pipeline.discovery import discover
from candlewick.pipeline.history import Report, Target, fetch_trades
from candlewick.pipeline.importing import Stores
from candlewick.pipeline.keeping import keep_news
from candlewick.pipeline.polling import poll, poll_days
from candlewick.pipeline.ranking import by_size
from candlewick.ports import Clock, JobStore, MarketSource, Outcome, Ranking

log = structlog.get_logger(__name__)

USUAL: Final = 100
"""Instruments of a source that are asked for if nobody says which, and none is watched."""
MOST: Final = 5_000
"""Instruments that a source is asked for at once."""
MOST_RANKED: Final = 3_000
"""Instruments that are compared where the source does not rank them itself."""
TRADES_OF: Final = timedelta(hours=1)
"""How much of the past belongs to now."""
_PAGE: Final = 500

Watched = Callable[[], Awaitable[Sequence[InstrumentKey]]]


class Ingest:
    """Makes ingest jobs (`ports.Ingests`) and does their steps."""

    def __init__(
        self, sources: Mapping[str, MarketSource], stores: Stores, jobs: JobStore, watched: Watched, clock: Clock
    ) -> None:
        self._sources = sources
        self._stores = stores
        self._jobs = jobs
        self._watched = watched
        self._clock = clock

    async def submit(self, request: IngestRequest, *, requested_by: str) -> Job:
        """See `Ingests.submit`. The same request, made again before it is done, is the same job."""
        if request.limit is not None and not 1 <= request.limit <= MOST:
            raise InvalidLimit(request.limit)
        sources = self._chosen(request)
        await self._require_known(request.instruments)
        watched = await self._watched()
        now = self._clock.now()
        recent = Window(now - TRADES_OF, now)
        steps = [step for source in sources for step in self._steps(request, source, watched, recent)]
        if not steps:
            raise CannotBeIngested(request.source or "none of the sources")
        return await self._jobs.submit(
            NewJob(JobKind.INGEST, _arguments(request), steps, exclusive=_name(request), requested_by=requested_by)
        )

    async def run(self, step: Step, report: Report) -> Outcome:
        """Do one step. Doing it again changes nothing; what was stored before it breaks stays.

        Raises:
            CandlewickError: its class says whether to try again.
        """
        source = self._sources.get(step.arguments["source"])
        if source is None:
            raise UnknownSource(step.arguments["source"], self._sources)
        keys = [InstrumentKey.parse(key) for key in step.arguments.get("instruments", ())]
        known = await self._stores.instruments.by_keys(keys)
        match step.arguments["kind"]:
            case DataKind.TRADES.value:
                return await self._trades(source, known, step, report)
            case DataKind.DAYS.value:
                return await poll_days(self._clock, source, list(known.values()), self._stores, step.lease)
        if not keys:
            return await self._largest(source, int(step.arguments["limit"]), step, report)
        return await poll(source, list(known.values()), self._stores, step.lease)

    def _chosen(self, request: IngestRequest) -> list[MarketSource]:
        """The sources that are meant, each once."""
        if request.source is not None and request.source not in self._sources:
            raise UnknownSource(request.source, self._sources)
        for key in request.instruments:
            if request.source is not None and key.venue != request.source:
                raise ForeignInstrument(str(key), request.source)
            if key.venue not in self._sources:
                raise UnknownSource(key.venue, self._sources)
        if request.source is not None:
            return [self._sources[request.source]]
        named = {key.venue for key in request.instruments}
        return [source for code, source in self._sources.items() if not named or code in named]

    async def _require_known(self, keys: Sequence[InstrumentKey]) -> None:
        """Ask their venues for those that are not known yet."""
        known = await self._stores.instruments.by_keys(keys)
        for venue in dict.fromkeys(key.venue for key in keys if key not in known):
            await discover(self._sources[venue], self._stores, [key for key in keys if key.venue == venue])
        known = await self._stores.instruments.by_keys(keys)
        for key in keys:
            if key not in known:
                raise UnknownInstrument(str(key))

    def _steps(
        self, request: IngestRequest, source: MarketSource, watched: Sequence[InstrumentKey], window: Window
    ) -> Iterator[NewStep]:
        """What of the source is asked: of named instruments all that is new, else quotes of the largest."""
        named = [key for key in request.instruments or watched if key.venue == source.source]
        if request.limit is not None and not request.instruments:
            named = []
        if not named:
            limit = request.limit or USUAL
            if source.quotes is not None:
                yield _step(source, DataKind.QUOTES, f"the largest {limit}", limit=limit)
            return
        if source.quotes is not None:
            yield _step(source, DataKind.QUOTES, _some(named), instruments=list(map(str, named)))
        for key in named:
            if source.trades is not None:
                span = [window.start.isoformat(), window.end.isoformat()]
                yield _step(source, DataKind.TRADES, str(key), instruments=[str(key)], window=span)
            if source.days is not None:
                yield _step(source, DataKind.DAYS, str(key), instruments=[str(key)])

    async def _trades(
        self, source: MarketSource, known: Mapping[InstrumentKey, Instrument], step: Step, report: Report
    ) -> Outcome:
        if (history := source.trades) is None:
            raise SourceRefused(source.source, 404, "it has no trades")
        outcome = Outcome()
        for instrument in known.values():
            target = Target(instrument, source.source, step.lease)
            outcome += await fetch_trades(history, self._stores, target, _window(step), report, self._clock)
        return outcome

    async def _largest(self, source: MarketSource, limit: int, step: Step, report: Report) -> Outcome:
        """Quotes of the largest instruments."""
        if source.ranking is not None:
            instruments = await self._ranked(source, source.ranking, limit)
            return await poll(source, instruments, self._stores, step.lease)
        listed = await self._listed(source)
        if not listed:
            await discover(source, self._stores)
            listed = await self._listed(source)
        quoted = await self._quoted(source, listed)
        unseen = [instrument for instrument in listed if instrument not in quoted]
        outcome = await poll(source, unseen, self._stores, step.lease) if unseen else Outcome()
        report(outcome, 0.5)
        fresh = await self._quoted(source, unseen) if unseen else {}
        largest = by_size({**quoted, **fresh})[:limit]
        return outcome + await poll(source, [each for each in largest if each in quoted], self._stores, step.lease)

    async def _ranked(self, source: MarketSource, ranking: Ranking, limit: int) -> list[Instrument]:
        """The largest, as the source ranks them, as far as they are known or become known."""
        symbols: list[str] = []
        for payload in await ranking.pages(limit):
            symbols += await (await keep_news(self._stores, payload)).read(ranking.read)
        wanted = list(dict.fromkeys(symbols))[:limit]
        known = await self._stores.instruments.by_todays_symbols(source.source, wanted)
        if len(known) < len(wanted):
            await discover(source, self._stores)
            known = await self._stores.instruments.by_todays_symbols(source.source, wanted)
        return [known[symbol] for symbol in wanted if symbol in known]

    async def _listed(self, source: MarketSource) -> list[Instrument]:
        """What the source lists and trades, as far as it is compared."""
        found: list[Instrument] = []
        after: InstrumentKey | None = None
        while len(found) < MOST_RANKED:
            where = InstrumentFilter(venue=source.source, active=True)
            page = await self._stores.instruments.instruments(where, _PAGE, after)
            found += page.rows
            if not page.more:
                break
            after = page.rows[-1].key
        return found[:MOST_RANKED]

    async def _quoted(self, source: MarketSource, instruments: Sequence[Instrument]) -> dict[Instrument, QuoteRow]:
        """The newest quote of each that has one of this source."""
        ids = [instrument.id for instrument in instruments]
        pages = await self._stores.quotes.read(ids, QuoteQuery(1, source=source.source)) if ids else {}
        return {each: pages[each.id].rows[0] for each in instruments if each.id in pages and pages[each.id].rows}


def _step(source: MarketSource, kind: DataKind, about: str, **arguments: Any) -> NewStep:
    subject = about if about.startswith(f"{source.source}:") else f"{source.source}: {about}"
    return NewStep(f"{kind.lower()} of {subject}", {"source": source.source, "kind": kind.value, **arguments})


def _some(keys: Sequence[InstrumentKey]) -> str:
    return str(keys[0]) if len(keys) == 1 else f"{len(keys)} instruments"


def _window(step: Step) -> Window:
    start, end = map(datetime.fromisoformat, step.arguments["window"])
    return Window(start, end)


def _arguments(request: IngestRequest) -> dict[str, Any]:
    return {
        "source": request.source or "all",
        "limit": request.limit,
        "instruments": [str(key) for key in request.instruments],
    }


def _name(request: IngestRequest) -> str:
    said = " ".join(sorted(map(str, request.instruments)))
    return f"ingest/{request.source or 'all'}/{request.limit or ''}/{sha256(said.encode()).hexdigest()[:12]}"
