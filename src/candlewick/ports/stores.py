"""What is kept: instruments, trades, candles, raw bytes, dead letters. Adapters live in `storage`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from candlewick.domain.batch import Rejected, TradeBatch
from candlewick.domain.candle import Candle, MinuteCandle
from candlewick.domain.day import DayLines, Factor
from candlewick.domain.feed import FeedPosition
from candlewick.domain.freshness import Freshness
from candlewick.domain.job import Lease
from candlewick.domain.market import (
    Asset,
    AssetClass,
    AssetId,
    Instrument,
    InstrumentId,
    InstrumentKey,
    InstrumentStatus,
    SymbolUse,
    Tape,
    Venue,
    VenueId,
)
from candlewick.domain.page import (
    AssetFilter,
    CandleQuery,
    InstrumentFilter,
    Page,
    QuoteQuery,
    TradeQuery,
    TradeRow,
)
from candlewick.domain.quote import QuoteLines, QuoteRow
from candlewick.domain.raw import ArchiveFile, DeadLetter, Payload, RawId
from candlewick.domain.time import Window


@dataclass(frozen=True, slots=True)
class Listing:
    """An instrument as a venue lists it: enough to make it known here."""

    key: InstrumentKey
    symbol: str
    tape: Tape
    base_class: AssetClass
    quote_class: AssetClass
    venue_name: str
    status: InstrumentStatus | None = None
    """None: the source does not say."""
    tick_size: Decimal | None = None
    lot_size: Decimal | None = None
    base_name: str | None = None
    """What people call the base asset: Bitcoin, Apple Inc. None: the source does not say."""
    other_key: InstrumentKey | None = None
    """For a source where several symbols share a code: the key that it has if it is known by it already, or if `key`
    has become another symbol's.
    """


@dataclass(frozen=True, slots=True)
class Listed:
    """What became of listings."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: Listed) -> Listed:
        return Listed(self.added + other.added, self.changed + other.changed, self.unchanged + other.unchanged)


class InstrumentStore(Protocol):
    """Assets, venues and instruments."""

    async def list_instrument(self, listing: Listing) -> Instrument:
        """The instrument of that key, made if there is none. An existing one stays as it is."""

    async def refresh_listings(self, listings: Sequence[Listing]) -> Listed:
        """Make those known that are new, and take over symbol (as a dated alias), status, tick and lot of the others.

        What a listing does not say stays as it is, the tape of a known instrument and the name of an asset always do;
        what is listed no more stays untouched too: nobody said that it is gone.
        """

    async def choose_tape(self, instrument_id: InstrumentId, tape: Tape) -> Instrument:
        """Keep that tape from now on, if the instrument has no trades yet; the instrument as it then is."""

    async def by_keys(self, keys: Sequence[InstrumentKey]) -> Mapping[InstrumentKey, Instrument]: ...
    async def by_todays_symbols(self, venue_code: str, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        """Instruments of the venue by its own spelling of today."""

    async def by_ids(self, ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Instrument]: ...
    async def assets_by_ids(self, ids: Sequence[AssetId]) -> Mapping[AssetId, Asset]: ...
    async def venues_by_ids(self, ids: Sequence[VenueId]) -> Mapping[VenueId, Venue]: ...
    async def symbols(self, instrument_id: InstrumentId, window: Window) -> frozenset[str]:
        """The venue's spellings of the instrument within the window, aliases included."""

    async def by_symbols(self, venue: str, symbols: Sequence[str]) -> Mapping[str, Sequence[SymbolUse]]:
        """Whom the venue's spellings meant through time, each in the order of `since`."""

    async def instruments(self, where: InstrumentFilter, first: int, after: InstrumentKey | None) -> Page[Instrument]:
        """In order of their keys' text."""

    async def assets(self, where: AssetFilter, first: int, after: tuple[str, AssetClass] | None) -> Page[Asset]:
        """In order of (code, asset class)."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far into an archive file a batch reaches: committed with the batch, so that an import can go on."""

    file_id: RawId
    lines: int
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """Trades of one instrument on their way into the store."""

    instrument: Instrument
    tape: Tape
    batch: TradeBatch
    received_at: datetime
    source: str
    raw_id: RawId | None = None
    progress: Progress | None = None
    rejected: Sequence[Rejected] = ()
    """Rows that came with the batch and are no trades: kept as dead letters in the same transaction."""
    lease: Lease | None = None
    """Who writes: the transaction commits nothing if the lease is no longer held."""
    position: FeedPosition | None = None
    """The trade up to which a live feed has delivered everything: kept in the same transaction."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery's rows."""

    stored: int = 0
    repeated: int = 0
    """Already here, with the same content."""
    dead: int = 0
    """Kept as dead letters: no trades, or another trade with the same key is here."""
    refused: int = 0
    """From before the instrument's retention floor."""

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.stored + other.stored,
            self.repeated + other.repeated,
            self.dead + other.dead,
            self.refused + other.refused,
        )


class TradeStore(Protocol):
    """Trades, each exactly once, with the minute candles made of them, in one transaction a delivery."""

    async def insert(self, delivery: Delivery) -> Outcome:
        """Store what is new. A repeated delivery changes nothing.

        Raises:
            TapeMismatch: the delivery carries the tape that the instrument does not keep.
            LeaseLost: the delivery's lease is somebody else's by now; nothing is stored.
        """

    async def insert_together(self, deliveries: Sequence[Delivery]) -> Outcome:
        """Store several of one instrument in one transaction, each as a commit of its own with its own payload.

        A candle that more than one of them make has changed once for those who read it. Errors as for `insert`.
        """

    async def replace(self, window: Window, deliveries: AsyncIterator[Delivery]) -> Outcome:
        """Put these trades in the place of all the instrument has in `window`: one transaction, all or nothing."""

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: TradeQuery
    ) -> Mapping[InstrumentId, Page[TradeRow]]: ...


class CandleStore(Protocol):
    """Candles: written as minutes, read at any width, never stale."""

    async def put_published(
        self,
        instrument: Instrument,
        candles: Sequence[MinuteCandle],
        *,
        received_at: datetime,
        raw_id: RawId | None = None,
        progress: Progress | None = None,
        lease: Lease | None = None,
    ) -> Outcome:
        """Store minutes as the venue published them (origin VENUE); a newer publication of one replaces the older.

        With `raw_id`, or a file's progress, it is known which of two publications is the newer one: the one that was
        received later, whenever it is delivered.

        Raises:
            LeaseLost: the lease is somebody else's by now; nothing is stored.
        """

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery
    ) -> Mapping[InstrumentId, Page[Candle]]: ...

    async def settle(self, older_than: timedelta = timedelta()) -> int:
        """Refresh what has been dirty in the tree for that long; how many rows of the ledger were cleared."""

    async def dirty_minutes(self) -> int:
        """The dirty span of the instrument that has most of it: what a read may have to fold from minutes."""


@dataclass(frozen=True, slots=True)
class QuoteDelivery:
    """Quotes of one instrument on their way into the store."""

    instrument: Instrument
    source: str
    lines: QuoteLines
    received_at: datetime
    raw_id: RawId | None = None
    progress: Progress | None = None
    lease: Lease | None = None


class LatestQuotes(Protocol):
    """What things cost now."""

    async def latest(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, QuoteRow]:
        """The newest price of each, from quotes or from trades, whichever is newer. What has none is left out."""


class FreshnessStore(Protocol):
    """How new what is here is."""

    async def read(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Freshness]:
        """Of each instrument that there is."""


class QuoteStore(LatestQuotes, Protocol):
    """Quotes, each once, with the minute candles (origin QUOTES) made of them, in one transaction a delivery."""

    async def put(self, delivery: QuoteDelivery) -> Outcome:
        """Store what is new. Of one source and time the newest delivery counts; a quote that says the same as the
        one before it (of the same source) is counted as repeated and not stored again.

        Raises:
            LeaseLost: the delivery's lease is somebody else's by now; nothing is stored.
        """

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: QuoteQuery
    ) -> Mapping[InstrumentId, Page[QuoteRow]]: ...


@dataclass(frozen=True, slots=True)
class DayDelivery:
    """Days of one instrument on their way into the store."""

    instrument: Instrument
    source: str
    lines: DayLines
    received_at: datetime
    raw_id: RawId | None = None
    progress: Progress | None = None
    lease: Lease | None = None


class DayStore(Protocol):
    """Days as published, with their factors: what D1 and wider candles are read from where nothing finer is here."""

    async def put(self, delivery: DayDelivery) -> Outcome:
        """Store what is new; a newer publication of a day replaces the older. Names are dated aliases of the symbol.

        Raises:
            LeaseLost: the delivery's lease is somebody else's by now; nothing is stored.
        """

    async def factors(
        self, instrument_ids: Sequence[InstrumentId], limit: int
    ) -> Mapping[InstrumentId, Sequence[Factor]]:
        """The newest `limit` factors of each, oldest first."""


class RawStore(Protocol):
    """Bytes as received, kept before anyone parses them."""

    async def keep_file(
        self, source: str, name: str, path: Path, *, received_at: datetime, mapping: str | None = None
    ) -> ArchiveFile:
        """Copy the file into the archive store, once per sha256, and register it; an earlier import is found again."""

    async def keep_payload(self, payload: Payload) -> RawId:
        """Commit a provider's answer, compressed."""

    async def keep_news(self, payload: Payload) -> RawId:
        """The same, unless the last payload of its endpoint had the same bytes: then that one stands for both."""

    def open_path(self, file: ArchiveFile) -> Path:
        """Where the kept bytes lie."""


class DeadLetterStore(Protocol):
    """Rows that could not be stored."""

    async def keep(self, letters: Sequence[DeadLetter]) -> None: ...
