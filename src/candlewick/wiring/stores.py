"""The stores of a database, opened and put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from candlewick.clock import SystemClock
from candlewick.domain.errors import SchemaOutOfDate
from candlewick.domain.market import InstrumentKey
from candlewick.pipeline import importing
from candlewick.pipeline.backtesting import Backtesting
from candlewick.pipeline.bar_building import BarBuilding
from candlewick.pipeline.importing import ArchiveImport
from candlewick.pipeline.markets import Markets
from candlewick.pipeline.pricing import Pricing
from candlewick.pipeline.tapes import Tapes
from candlewick.pipeline.watching import Watching
from candlewick.ports import Clock, Ingests, MarketSource
from candlewick.providers.csv.mapping import FileMapping
from candlewick.providers.registry import providers
from candlewick.providers.sources import archives_of, tables_of
from candlewick.settings import Settings
from candlewick.storage import schema
from candlewick.storage.backtests import StoredBacktests
from candlewick.storage.bars import Bars
from candlewick.storage.calendars import StoredCalendars
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
from candlewick.storage.leases import StoredLeases
from candlewick.storage.live_positions import StoredPositions
from candlewick.storage.markets import MarketViews
from candlewick.storage.prices import Prices
from candlewick.storage.quotes import Quotes
from candlewick.storage.raw import RawFiles
from candlewick.storage.raw_reads import RawPayloads
from candlewick.storage.source_figures import SourceFigureReads
from candlewick.storage.trades import Trades
from candlewick.storage.watch import StoredWatchList
from candlewick.wiring.addresses import Addresses

CONTROL_POOL: Final = 3
"""Connections for jobs and leases: a heartbeat must not wait behind those who wait for an instrument."""


SERVER: Final = "server"
"""The role whose statements are bounded: anybody may ask for them."""
GRACE: Final = timedelta(seconds=1)
"""How much longer than an operation one of its statements may take: the server, which can say so, gives up first."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything that is kept in the database."""

    database: Database
    clock: Clock
    instruments: Instruments
    trades: Trades
    candles: Candles
    quotes: Quotes
    prices: Prices
    market_views: MarketViews
    freshness: FreshnessReads
    days: Days
    raw: RawFiles
    raw_reads: RawPayloads
    dead_letters: DeadLetters
    keys: ApiKeys
    jobs: Jobs
    leases: StoredLeases
    live_positions: StoredPositions
    commit_log: StoredCommits
    watch_list: StoredWatchList
    figures: SourceFigureReads
    gaps: StoredGaps
    calendars: StoredCalendars
    kept: KeptIndicators
    bars: Bars

    @property
    def bar_building(self) -> BarBuilding:
        """What makes event bars."""
        return BarBuilding(self.instruments, self.bars, self.jobs, self.clock)

    backtests: StoredBacktests

    @property
    def pricing(self) -> Pricing:
        """What answers what things cost."""
        made_up = frozenset(offer.code for offer in providers() if offer.market is not None)
        return Pricing(self.prices, self.clock, made_up)

    @property
    def markets(self) -> Markets:
        """What answers how markets stand."""
        return Markets(self.market_views, self.prices, self.pricing, self.clock)

    @property
    def backtesting(self) -> Backtesting:
        """What runs backtests, and makes jobs of them."""
        tapes = Tapes(self.candles, self.days, self.commit_log)
        return Backtesting(self.instruments, tapes, self.backtests, self.jobs, self.clock)

    @property
    def import_stores(self) -> importing.Stores:
        """Where the use cases put what comes in."""
        return importing.Stores(
            self.instruments,
            self.raw,
            self.trades,
            self.candles,
            self.dead_letters,
            self.quotes,
            self.days,
            self.gaps,
        )


async def migrate(settings: Settings, where: Addresses, revision: str = "head") -> tuple[str | None, str | None]:
    """Bring the tables to `revision`; the revisions before and after."""
    return await schema.migrate(where.database, revision, timescaledb=settings.database.timescaledb)


@asynccontextmanager
async def open_stores(settings: Settings, where: Addresses, role: str = "candlewick") -> AsyncIterator[Stores]:
    """The stores of the database; `role` names the connections there. A private database is migrated on the way.

    Raises:
        DatabaseUnavailable, UnsupportedDatabase: as the database is.
        SchemaOutOfDate: a database that is not ours alone is migrated only when somebody asks for it.
    """
    database = await _open_at_head(settings, where, role)
    control = database.beside(where.database, pool_size=CONTROL_POOL, application_name=f"candlewick {role} control")
    try:
        yield _stores(settings, database, control)
    finally:
        await control.close()
        await database.close()


async def _open_at_head(settings: Settings, where: Addresses, role: str) -> Database:
    database = await open_database(settings, where, role)
    try:
        await schema.require_head(database)
    except SchemaOutOfDate:
        await database.close()
        if where.private_postgres is None:
            raise
        await migrate(settings, where)
        return await open_database(settings, where, role)  # anew: now it may have TimescaleDB
    except BaseException:
        await database.close()
        raise
    return database


async def open_database(settings: Settings, where: Addresses, role: str = "candlewick") -> Database:
    """The pool, whatever the tables look like. A server's statements may take as long as its operations.

    Half of its connections are for the reads that nearly every request makes.
    """
    serves = role == SERVER
    return await Database.open(
        where.database,
        pool_size=settings.database.pool_size,
        application_name=f"candlewick {role}",
        statement_timeout=settings.limits.operation_time + GRACE if serves else None,
        readers=settings.database.pool_size // 2 if serves else 0,
    )


def archive_import(stores: Stores, key: InstrumentKey, mapping: FileMapping | None = None) -> ArchiveImport:
    """The import of files of the instrument: of its venue's archive, or of tables if a mapping is given or needed."""
    source = archives_of(key, stores.clock) if mapping is None else tables_of(key, stores.clock, mapping)
    return ArchiveImport(source, stores.import_stores, stores.clock)


def watching(
    stores: Stores,
    settings: Settings,
    sources: Mapping[str, MarketSource] | None = None,
    ingests: Ingests | None = None,
) -> Watching:
    """The watch list with what the settings name. Without sources nothing can be added to it."""
    return Watching(sources or {}, stores.import_stores, stores.watch_list, settings.live.instruments, ingests)


def _stores(settings: Settings, database: Database, control: Database) -> Stores:
    clock = SystemClock()
    return Stores(
        database=database,
        clock=clock,
        instruments=Instruments(database),
        trades=Trades(database, settings.storage.allowed_lateness),
        candles=Candles(database, clock, settings.storage.allowed_lateness),
        quotes=Quotes(database, settings.storage.allowed_lateness),
        prices=Prices(database),
        market_views=MarketViews(database),
        freshness=FreshnessReads(database),
        days=Days(database, settings.storage.allowed_lateness),
        raw=RawFiles(database, settings.archive_dir),
        raw_reads=RawPayloads(database),
        dead_letters=DeadLetters(database),
        keys=ApiKeys(database, clock),
        jobs=Jobs(control),
        leases=StoredLeases(control),
        live_positions=StoredPositions(database),
        commit_log=StoredCommits(database),
        watch_list=StoredWatchList(database),
        figures=SourceFigureReads(database),
        gaps=StoredGaps(database),
        calendars=StoredCalendars(database),
        kept=KeptIndicators(database),
        bars=Bars(database),
        backtests=StoredBacktests(database),
    )
