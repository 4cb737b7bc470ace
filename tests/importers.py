"""The import of files into a test database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from candlewick.domain.market import InstrumentKey
from candlewick.pipeline.batches import BATCH_ROWS
from candlewick.pipeline.importing import ArchiveImport, Stores
from candlewick.providers.csv.mapping import FileMapping
from candlewick.providers.sources import archives_of, tables_of
from candlewick.storage.candles import Candles
from candlewick.storage.days import Days
from candlewick.storage.dead_letters import DeadLetters
from candlewick.storage.engine import Database
from candlewick.storage.gaps import StoredGaps
from candlewick.storage.instruments import Instruments
from candlewick.storage.quotes import Quotes
from candlewick.storage.raw import RawFiles
from candlewick.storage.trades import Trades
from markets import FrozenClock

BTC = InstrumentKey("binance", "BTC", "USDT")


def importer(database: Database, folder: Path, batch_rows: int = BATCH_ROWS) -> ArchiveImport:
    """What `candlewick import` runs on Binance's archives; they are kept below `folder`."""
    clock = FrozenClock()
    return ArchiveImport(archives_of(BTC, clock), stores_of(database, folder), clock, batch_rows=batch_rows)


def table_importer(
    database: Database, folder: Path, key: InstrumentKey, mapping: str = "", batch_rows: int = BATCH_ROWS
) -> ArchiveImport:
    """The same for tables of the instrument, read by a mapping."""
    clock = FrozenClock(datetime(2026, 9, 1, tzinfo=UTC))
    source = tables_of(key, clock, FileMapping.parse(mapping))
    return ArchiveImport(source, stores_of(database, folder), clock, batch_rows=batch_rows)


def stores_of(database: Database, folder: Path) -> Stores:
    """Where an import puts things."""
    clock = FrozenClock()
    return Stores(
        Instruments(database),
        RawFiles(database, folder / "archives"),
        Trades(database),
        Candles(database, clock),
        DeadLetters(database),
        Quotes(database),
        Days(database),
        StoredGaps(database),
    )
