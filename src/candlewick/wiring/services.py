"""All that a server or a worker works with, opened and put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Final

import structlog
from redis.asyncio import Redis

from candlewick.bus.budget import RedisBudgets
from candlewick.bus.indicators import SUBJECT, RemoteIndicators
from candlewick.bus.latest import CachedLatest
from candlewick.bus.notices import RedisBus
from candlewick.bus.questions import RedisQuestions
from candlewick.bus.rates import RedisRates
from candlewick.bus.status import RedisStatusBoard
from candlewick.domain.calendar import CalendarRules
from candlewick.domain.errors import CandlewickError, SchemaOutOfDate
from candlewick.pipeline.backfill import Backfill
from candlewick.pipeline.calendars import CalendarKeeping
from candlewick.pipeline.inbox import BatchBounds
from candlewick.pipeline.ingesting import Ingest
from candlewick.pipeline.kept_first import KeptFirst
from candlewick.pipeline.letters import LetterRetry
from candlewick.pipeline.live import LiveFeed
from candlewick.pipeline.overseeing import Overseer
from candlewick.pipeline.repairing import GapRepair
from candlewick.pipeline.uploads import Uploads
from candlewick.pipeline.verifying import Verification
from candlewick.pipeline.watching import Watching
from candlewick.ports import MarketSource
from candlewick.probe import Check, Probe
from candlewick.providers.calendars import ExchangeCalendars
from candlewick.providers.profiles import profiles
from candlewick.providers.readers import SourceReaders
from candlewick.providers.registry import providers
from candlewick.providers.sources import look_at_start, market_sources, requested_tables
from candlewick.settings import LiveSettings, Settings
from candlewick.storage import schema
from candlewick.storage.engine import Database
from candlewick.storage.room import require_archive_room, require_database_room
from candlewick.waiting import paused
from candlewick.wiring.access import access_of
from candlewick.wiring.addresses import Addresses
from candlewick.wiring.redis import lazy_redis, open_redis, ping_redis
from candlewick.wiring.replaying import Replays, replays_of
from candlewick.wiring.stores import Stores, open_stores, watching

log = structlog.get_logger(__name__)

STARTING: Final = timedelta(minutes=1)
"""How long a process that stays waits for its services when it starts."""
RETRY: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Services(Stores):
    """All that a server or a worker works with."""

    redis: Redis
    bus: RedisBus
    latest: CachedLatest
    rates: RedisRates
    questions: RedisQuestions
    indicators: KeptFirst
    sources: Mapping[str, MarketSource]
    """By code, which is the venue's."""
    poll_every: Mapping[str, timedelta]
    """How often each of them is asked for quotes."""
    backfills: Backfill
    ingests: Ingest
    watching: Watching
    status_board: RedisStatusBoard
    overseer: Overseer
    repairs: GapRepair
    calendar_keeping: CalendarKeeping
    verification: Verification
    replays: Replays
    imports: Uploads
    service: Probe
    live: LiveSettings
    raw_kept_for: timedelta

    @property
    def letter_retry(self) -> LetterRetry:
        """What tries dead letters again."""
        return self.replays.letters

    async def watched_venues(self) -> list[str]:
        """The venues of what is watched, as far as they can be asked."""
        venues = dict.fromkeys(key.venue for key in await self.watching.keys())
        return [venue for venue in venues if venue in self.sources]

    def live_feeds(self) -> dict[str, LiveFeed]:
        """What following a stream takes, for each source that has one."""
        bounds = BatchBounds(self.live.batch_rows, self.live.batch_span)
        return {
            code: LiveFeed(
                code, source.stream, source.trades, self.import_stores, self.live_positions, self.clock, bounds
            )
            for code, source in self.sources.items()
            if source.stream is not None
        }


@asynccontextmanager
async def open_services(settings: Settings, where: Addresses, role: str = "candlewick") -> AsyncIterator[Services]:
    """The stores and Redis. See `open_stores` for the errors; RedisUnavailable comes on top."""
    assert where.redis is not None  # noqa: S101  (asked for with `addresses`)
    access = access_of(settings)
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(settings, where, role))
        redis = await stack.enter_async_context(open_redis(where.redis))
        budgets, board = RedisBudgets(redis), RedisStatusBoard(redis)
        questions = _questions(redis, settings)
        sources = await stack.enter_async_context(market_sources(access, stores.clock, budgets))
        backfills = Backfill(sources, stores.import_stores, stores.jobs, stores.clock, settings.data_dir / "downloads")
        fixed_and_listed = watching(stores, settings).keys
        ingests = Ingest(sources, stores.import_stores, stores.jobs, fixed_and_listed, stores.clock)
        yield Services(
            **{name: getattr(stores, name) for name in Stores.__dataclass_fields__},
            redis=redis,
            bus=RedisBus(redis),
            latest=CachedLatest(redis, stores.quotes),
            rates=RedisRates(redis),
            questions=questions,
            indicators=KeptFirst(stores.kept, RemoteIndicators(questions, stores.commit_log)),
            sources=sources,
            poll_every={code: each.poll_every for code, each in access.items()},
            status_board=board,
            overseer=Overseer(profiles(sources), board, budgets, stores.figures, stores.clock),
            ingests=ingests,
            watching=watching(stores, settings, sources, ingests),
            backfills=backfills,
            calendar_keeping=CalendarKeeping(
                ExchangeCalendars(),
                stores.calendars,
                _calendar_rules(),
                stores.clock,
                settings.storage.calendar_names,
            ),
            repairs=GapRepair(sources, stores.import_stores, stores.jobs, backfills, stores.clock),
            verification=Verification(sources, stores.import_stores, stores.jobs, stores.clock),
            replays=replays_of(SourceReaders(sources, stores.clock), stores),
            imports=_uploads(stores),
            service=_probe(stores.database, redis, settings.archive_dir, await asyncio.to_thread(schema.head_revision)),
            live=settings.live,
            raw_kept_for=settings.storage.raw_kept_for,
        )


@asynccontextmanager
async def open_overseer(settings: Settings, where: Addresses) -> AsyncIterator[Overseer]:
    """Only what it takes to see how it stands with the sources. Redis may be away."""
    assert where.redis is not None  # noqa: S101  (asked for with `addresses`)
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(settings, where, "sources"))
        redis = await stack.enter_async_context(lazy_redis(where.redis))
        budgets = RedisBudgets(redis)
        sources = await stack.enter_async_context(market_sources(access_of(settings), stores.clock, budgets))
        yield Overseer(profiles(sources), RedisStatusBoard(redis), budgets, stores.figures, stores.clock)


@asynccontextmanager
async def await_services(
    settings: Settings, where: Addresses, role: str, stop: asyncio.Event
) -> AsyncIterator[Services]:
    """`open_services` for a process that stays: a database or a Redis that is just away is waited for, a minute long.

    Raises:
        CandlewickError: it stayed away, `stop` came first, or waiting makes no sense.
    """
    deadline = monotonic() + STARTING.total_seconds()
    async with AsyncExitStack() as stack:
        while True:
            try:
                services = await stack.enter_async_context(open_services(settings, where, role))
                break
            except CandlewickError as error:
                if not error.retryable or stop.is_set() or monotonic() > deadline:
                    raise
                log.warning("services_waited_for", reason=str(error))
            await paused(stop, RETRY)
        yield services


def _questions(redis: Redis, settings: Settings) -> RedisQuestions:
    given = settings.indicators
    return RedisQuestions(redis, SUBJECT, most=given.max_waiting, patience=given.patience, kept_bytes=given.cache_bytes)


def _uploads(stores: Stores) -> Uploads:
    tables = partial(requested_tables, stores.clock)
    return Uploads(tables, look_at_start, stores.import_stores, stores.raw_reads, stores.jobs, stores.clock)


def _calendar_rules() -> CalendarRules:
    return {(offer.code, asset_class): name for offer in providers() for asset_class, name in offer.calendars.items()}


def _probe(database: Database, redis: Redis, archives: Path, head: str) -> Probe:
    async def require_head() -> None:
        if (found := await schema.current_revision(database)) != head:
            raise SchemaOutOfDate(found, head)

    checks: dict[str, Check] = {
        "database": partial(require_database_room, database),
        "migrations": require_head,
        "redis": partial(ping_redis, redis),
        "archive": partial(require_archive_room, archives),
    }
    return Probe(database.capabilities, checks)
