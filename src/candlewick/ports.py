"""What the use cases need from outside, in domain types. Adapters live in `storage`, `bus`, `providers` and `clock`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from candlewick.domain.batch import Rejected, TradeBatch
from candlewick.domain.candle import Candle, MinuteCandle
from candlewick.domain.market import (
    Asset,
    AssetClass,
    AssetId,
    Instrument,
    InstrumentId,
    InstrumentKey,
    Tape,
    Venue,
    VenueId,
)
from candlewick.domain.page import (
    AssetFilter,
    CandleQuery,
    InstrumentFilter,
    Page,
    TradeQuery,
    TradeRow,
)
from candlewick.domain.raw import ArchiveContents, ArchiveFile, CandleLines, DeadLetter, RawId, TradeLines
from candlewick.domain.time import Window


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Listing:
    """An instrument as a venue lists it: enough to make it known here."""

    key: InstrumentKey
    symbol: str
    tape: Tape
    base_class: AssetClass
    quote_class: AssetClass
    venue_name: str


class InstrumentStore(Protocol):
    """Assets, venues and instruments."""

    async def list_instrument(self, listing: Listing) -> Instrument:
        """The instrument of that key, made if there is none. An existing one stays as it is."""

    async def choose_tape(self, instrument_id: InstrumentId, tape: Tape) -> Instrument:
        """Keep that tape from now on, if the instrument has no trades yet; the instrument as it then is."""

    async def by_keys(self, keys: Sequence[InstrumentKey]) -> Mapping[InstrumentKey, Instrument]: ...
    async def by_ids(self, ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Instrument]: ...
    async def assets_by_ids(self, ids: Sequence[AssetId]) -> Mapping[AssetId, Asset]: ...
    async def venues_by_ids(self, ids: Sequence[VenueId]) -> Mapping[VenueId, Venue]: ...
    async def symbols(self, instrument_id: InstrumentId, window: Window) -> frozenset[str]:
        """The venue's spellings of the instrument within the window, aliases included."""

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
        progress: Progress | None = None,
    ) -> Outcome:
        """Store minutes as the venue published them (origin VENUE); a newer publication of one replaces the older."""

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery
    ) -> Mapping[InstrumentId, Page[Candle]]: ...

    async def settle(self, older_than: timedelta = timedelta()) -> int:
        """Refresh what has been dirty in the tree for that long; how many rows of the ledger were cleared."""

    async def dirty_minutes(self) -> int:
        """The dirty span of the instrument that has most of it: what a read may have to fold from minutes."""


class RawStore(Protocol):
    """Bytes as received, kept before anyone parses them."""

    async def keep_file(self, source: str, name: str, path: Path, *, received_at: datetime) -> ArchiveFile:
        """Copy the file into the archive store, once per sha256, and register it; an earlier import is found again."""

    def open_path(self, file: ArchiveFile) -> Path:
        """Where the kept bytes lie."""


class DeadLetterStore(Protocol):
    """Rows that could not be stored."""

    async def keep(self, letters: Sequence[DeadLetter]) -> None: ...


class ArchiveSource(Protocol):
    """One provider's archive files: what they hold and the rows in them. Blocking: for a worker thread."""

    @property
    def source(self) -> str:
        """The provider's code."""

    def listing(self, key: InstrumentKey, tape: Tape) -> Listing:
        """How the venue lists the instrument of that key."""

    def inspect(self, path: Path) -> ArchiveContents:
        """What the file holds, after all of its bytes were checked and before any was parsed.

        Raises:
            ChecksumMismatch, DamagedFile, UnknownFormat, UnsupportedInterval: nothing of it can be stored.
        """

    def trades(self, path: Path, contents: ArchiveContents, *, skip: int = 0) -> Iterator[TradeLines]:
        """The file's trades after its first `skip` lines, in blocks of bounded size. Only if it has a tape."""

    def candles(self, path: Path, contents: ArchiveContents, *, skip: int = 0) -> Iterator[CandleLines]:
        """The file's minute candles after its first `skip` lines. Only if it has no tape."""


class Market(Protocol):
    """A market that can say what was traded in any window up to now: the same answer whenever it is asked."""

    @property
    def source(self) -> str:
        """The provider's code."""

    def listings(self) -> Sequence[Listing]:
        """What is traded there."""

    def trades(self, key: InstrumentKey, window: Window) -> TradeBatch:
        """What was traded in the window. Blocking: for a worker thread."""
