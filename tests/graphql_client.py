"""The API over a real database, in this process: what a client sends and gets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from candlewick.bus.rates import LocalRates
from candlewick.domain.commit import CommitNotice
from candlewick.domain.errors import UnknownFormat, UnknownLetter, UnknownSource, UnknownVenue, WorkerSilent
from candlewick.domain.indicator_query import IndicatorPage, IndicatorQuery
from candlewick.domain.job import BackfillRequest, ImportRequest, IngestRequest, Job
from candlewick.domain.letter import LetterId, Retried
from candlewick.domain.market import InstrumentKey
from candlewick.domain.service import DatabaseEdition
from candlewick.domain.source import SourceProfile, SourceStatus
from candlewick.domain.watch import Watched
from candlewick.graphql.app import HttpOptions, create_app
from candlewick.pipeline.backtesting import Backtesting
from candlewick.pipeline.bar_building import BarBuilding
from candlewick.pipeline.markets import Markets
from candlewick.pipeline.pricing import Pricing
from candlewick.pipeline.tapes import Tapes
from candlewick.ports import Imports, IndicatorDesk
from candlewick.storage.backtests import StoredBacktests
from candlewick.storage.bars import Bars
from candlewick.storage.candles import Candles
from candlewick.storage.commit_log import StoredCommits
from candlewick.storage.days import Days
from candlewick.storage.dead_letters import DeadLetters
from candlewick.storage.engine import Database
from candlewick.storage.freshness import FreshnessReads
from candlewick.storage.gaps import StoredGaps
from candlewick.storage.instruments import Instruments
from candlewick.storage.jobs import Jobs
from candlewick.storage.kept import KeptIndicators
from candlewick.storage.keys import ApiKeys
from candlewick.storage.markets import MarketViews
from candlewick.storage.prices import Prices
from candlewick.storage.quotes import Quotes
from candlewick.storage.raw_reads import RawPayloads
from candlewick.storage.trades import Trades
from markets import FrozenClock


@dataclass(frozen=True, slots=True)
class _Probe:
    database: Database

    @property
    def edition(self) -> DatabaseEdition:
        return self.database.capabilities.edition

    @property
    def capabilities(self) -> tuple[str, ...]:
        return self.database.capabilities.names

    async def ready(self) -> Mapping[str, str | None]:
        await self.database.ping()
        return {"database": None}


class _SilentBus:
    """Says nothing: the commit log has it all."""

    async def listen(self) -> AsyncIterator[CommitNotice | None]:
        yield None
        await asyncio.Event().wait()


class _NoBackfills:
    """No venue has a source."""

    async def submit(self, request: BackfillRequest, **_: str | None) -> Job:
        raise UnknownVenue(request.instruments[0].venue, ())


class _NoImports:
    """Takes no files."""

    def look(self, start: bytes, name: str) -> None:
        raise UnknownFormat(name, f"no files are taken here, whatever {start!r} may be")

    async def submit(self, request: ImportRequest, path: Path, **_: str | None) -> Job:  # noqa: ARG002
        raise UnknownFormat(request.name, "no files are taken here")


class _NoIngests:
    """Nothing can be asked."""

    async def submit(self, request: IngestRequest, **_: str) -> Job:
        raise UnknownSource(request.source or "all", ())


class _NothingWatched:
    """No venue has a source: nothing can be taken live."""

    async def all(self) -> Sequence[Watched]:
        return []

    async def watch(self, keys: Sequence[InstrumentKey], _: str) -> Sequence[Watched]:
        raise UnknownVenue(keys[0].venue, ())

    async def unwatch(self, _: Sequence[InstrumentKey]) -> Sequence[Watched]:
        return []


class _NoSources:
    """Nothing can be asked."""

    profiles: Mapping[str, SourceProfile] = {}

    async def statuses(self) -> Mapping[str, SourceStatus]:
        return {}


class _NoRetries:
    """Nothing is tried again."""

    async def run(self, ids: Sequence[LetterId], **_: str) -> Sequence[Retried]:
        raise UnknownLetter(ids[0])


class _NoWorkers:
    """Nobody computes."""

    async def page(self, query: IndicatorQuery) -> IndicatorPage:  # noqa: ARG002
        raise WorkerSilent(0, taken=False)


class _NoQuestions:
    """Nobody was asked."""

    outcomes: Mapping[str, int] = {}
    waiting = 0


class Services:
    """The services of the API on one database."""

    def __init__(self, database: Database) -> None:
        self.clock = FrozenClock()
        self.bus = _SilentBus()
        self.backfills = _NoBackfills()
        self.imports: Imports = _NoImports()
        self.ingests = _NoIngests()
        self.backtests = StoredBacktests(database)
        self.watching = _NothingWatched()
        self.overseer = _NoSources()
        self.commit_log = StoredCommits(database)
        self.jobs = Jobs(database)
        self.instruments = Instruments(database)
        self.bars = Bars(database)
        self.bar_building = BarBuilding(self.instruments, self.bars, self.jobs, self.clock)
        self.trades = Trades(database)
        self.candles = Candles(database, self.clock)
        self.quotes = self.latest = Quotes(database)
        self.pricing = Pricing(Prices(database), self.clock)
        self.markets = Markets(MarketViews(database), Prices(database), self.pricing, self.clock)
        self.indicators: IndicatorDesk = _NoWorkers()
        self.questions = _NoQuestions()
        self.kept = KeptIndicators(database)
        self.freshness = FreshnessReads(database)
        self.days = Days(database)
        self.gaps = StoredGaps(database)
        self.raw_reads = RawPayloads(database)
        self.dead_letters = DeadLetters(database)
        self.letter_retry = _NoRetries()
        self.keys = ApiKeys(database, self.clock)
        self.rates = LocalRates()
        self.service = _Probe(database)
        tapes = Tapes(self.candles, self.days, self.commit_log)
        self.backtesting = Backtesting(self.instruments, tapes, self.backtests, self.jobs, self.clock)


def client(database: Database, *, anonymous: bool = True) -> httpx.AsyncClient:
    """A client of the API; close it."""
    app = create_app(Services(database), HttpOptions(anonymous=anonymous))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


async def ask(api: httpx.AsyncClient, query: str, **variables: object) -> Any:
    """The data of an answer without errors."""
    answer = await api.post("/graphql", json={"query": query, "variables": variables})
    body = answer.json()
    assert "errors" not in body, body
    return body["data"]
