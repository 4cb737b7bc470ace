"""The import of Binance archives into a test database."""

from __future__ import annotations

from pathlib import Path

from candlewick.domain.market import InstrumentKey
from candlewick.pipeline.batches import BATCH_ROWS
from candlewick.pipeline.importing import ArchiveImport, Stores
from candlewick.providers.sources import archives_of
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
    """What `candlewick import` runs; archives are kept below `folder`."""
    clock = FrozenClock()
    stores = Stores(
        Instruments(database),
        RawFiles(database, folder / "archives"),
        Trades(database),
        Candles(database, clock),
        DeadLetters(database),
        Quotes(database),
        Days(database),
        StoredGaps(database),
    )
    return ArchiveImport(archives_of(BTC, clock), stores, clock, batch_rows=batch_rows)
