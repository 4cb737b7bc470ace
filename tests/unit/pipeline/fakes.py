"""The ports of the use cases in memory: what an import leaves behind, and how often it wrote it."""

# ruff: noqa: ARG002, ASYNC240  (a fake takes what its port takes, and waits for nothing)

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from candlewick.domain.batch import Rejected, TradeBatch
from candlewick.domain.candle import Candle, MinuteCandle
from candlewick.domain.day import Factor
from candlewick.domain.errors import TapeMismatch
from candlewick.domain.feed import FeedPosition, Run
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
    Trade,
    Venue,
    VenueId,
)
from candlewick.domain.page import AssetFilter, CandleQuery, InstrumentFilter, Page, QuoteQuery, TradeQuery, TradeRow
from candlewick.domain.quote import Quote, QuoteRow
from candlewick.domain.raw import ArchiveFile, DeadLetter, Payload, RawId
from candlewick.domain.time import Window
from candlewick.pipeline.contiguity import runs_of
from candlewick.pipeline.importing import Stores
from candlewick.ports import DayDelivery, Delivery, Listed, Listing, Outcome, Progress, QuoteDelivery
from unit.pipeline.fake_gaps import FakeGaps


class Killed(Exception):
    """The process ended here."""


@dataclass
class FakeInstruments:
    """An InstrumentStore of what was listed."""

    listed: dict[InstrumentKey, Instrument] = field(default_factory=dict)
    aliases: frozenset[str] = frozenset()

    async def list_instrument(self, listing: Listing) -> Instrument:
        made = Instrument(
            InstrumentId(len(self.listed) + 1), listing.key, listing.symbol, VenueId(1), AssetId(1), AssetId(2),
            listing.base_class, listing.tape, InstrumentStatus.TRADING,
        )  # fmt: skip
        return self.listed.setdefault(listing.key, made)

    async def refresh_listings(self, listings: Sequence[Listing]) -> Listed:
        known = len(self.listed)
        for listing in listings:
            await self.list_instrument(listing)
        return Listed(added=len(self.listed) - known, unchanged=len(listings) - len(self.listed) + known)

    async def choose_tape(self, instrument_id: InstrumentId, tape: Tape) -> Instrument:
        """Every instrument here has trades: none changes its tape."""
        return next(known for known in self.listed.values() if known.id == instrument_id)

    async def by_keys(self, keys: Sequence[InstrumentKey]) -> Mapping[InstrumentKey, Instrument]:
        return {key: self.listed[key] for key in keys if key in self.listed}

    async def by_todays_symbols(self, venue_code: str, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        return {
            each.symbol: each for key, each in self.listed.items() if key.venue == venue_code and each.symbol in symbols
        }

    async def symbols(self, instrument_id: InstrumentId, window: Window) -> frozenset[str]:
        return self.aliases | {each.symbol for each in self.listed.values() if each.id == instrument_id}

    async def by_ids(self, ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Instrument]:
        return {each.id: each for each in self.listed.values() if each.id in ids}

    async def by_symbols(self, venue: str, symbols: Sequence[str]) -> Mapping[str, Sequence[SymbolUse]]:
        """Every spelling is of all times."""
        return {
            each.symbol: [SymbolUse(each, None, None)]
            for each in self.listed.values()
            if each.key.venue == venue and each.symbol in symbols
        }

    async def assets_by_ids(self, ids: Sequence[AssetId]) -> Mapping[AssetId, Asset]:
        raise NotImplementedError

    async def venues_by_ids(self, ids: Sequence[VenueId]) -> Mapping[VenueId, Venue]:
        raise NotImplementedError

    async def instruments(self, where: InstrumentFilter, first: int, after: InstrumentKey | None) -> Page[Instrument]:
        """Those of the venue, in order of their keys."""
        keys = sorted((key for key in self.listed if key.venue == where.venue), key=str)
        follow = [key for key in keys if after is None or str(key) > str(after)]
        return Page([self.listed[key] for key in follow[:first]], more=len(follow) > first)

    async def assets(self, where: AssetFilter, first: int, after: tuple[str, AssetClass] | None) -> Page[Asset]:
        raise NotImplementedError


@dataclass
class FakeRaw:
    """A RawStore that leaves the files where they are."""

    files: dict[RawId, ArchiveFile] = field(default_factory=dict)
    paths: dict[RawId, Path] = field(default_factory=dict)
    payloads: list[Payload] = field(default_factory=list)

    async def keep_payload(self, payload: Payload) -> RawId:
        self.payloads.append(payload)
        return RawId(1000 + len(self.payloads))

    async def keep_news(self, payload: Payload) -> RawId:
        for number, kept in reversed(list(enumerate(self.payloads, 1001))):
            if kept.endpoint == payload.endpoint:
                return RawId(number) if kept.body == payload.body else await self.keep_payload(payload)
        return await self.keep_payload(payload)

    async def keep_file(
        self, source: str, name: str, path: Path, *, received_at: datetime, mapping: str | None = None
    ) -> ArchiveFile:
        digest = sha256(path.read_bytes()).hexdigest()
        for file in self.files.values():
            if (file.source, file.name, file.sha256) == (source, name, digest):
                return file
        former = [file.id for file in self.files.values() if (file.source, file.name) == (source, name)]
        made = ArchiveFile(
            RawId(len(self.files) + 1), source, name, digest, received_at, 0, complete=False,
            replaces=former[-1] if former else None, mapping=mapping,
        )  # fmt: skip
        self.files[made.id] = made
        self.paths[made.id] = path
        return made

    def open_path(self, file: ArchiveFile) -> Path:
        return self.paths[file.id]

    def save(self, progress: Progress | None) -> None:
        if progress is not None:
            former = self.files[progress.file_id]
            self.files[former.id] = replace(
                former,
                lines_stored=max(former.lines_stored, progress.lines),
                complete=former.complete or progress.complete,
            )

    @property
    def only(self) -> ArchiveFile:
        (file,) = self.files.values()
        return file


@dataclass
class FakeTrades:
    """A TradeStore that can be killed before its nth batch and counts how often a minute was written."""

    raw: FakeRaw
    kept: dict[tuple[InstrumentId, int], Trade] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    minutes: Counter[int] = field(default_factory=Counter)
    replaced: list[Window] = field(default_factory=list)
    kill_before: int | None = None
    failure: Exception | None = None
    positions: dict[InstrumentId, FeedPosition] = field(default_factory=dict)
    leases: set[Lease | None] = field(default_factory=set)
    origins: dict[int, RawId | None] = field(default_factory=dict)
    """What each trade was read from, by sequence."""

    async def insert(self, delivery: Delivery) -> Outcome:
        if self.kill_before == len(self.batches):
            raise Killed
        if self.failure is not None:
            raise self.failure
        if delivery.tape is not delivery.instrument.tape:
            raise TapeMismatch(str(delivery.instrument.key), delivery.instrument.tape, delivery.tape)
        fresh = {
            (delivery.instrument.id, trade.sequence): trade
            for trade in delivery.batch.trades()
            if (delivery.instrument.id, trade.sequence) not in self.kept
        }
        self.kept.update(fresh)
        self.origins |= {sequence: delivery.raw_id for _, sequence in fresh}
        self.rejected += delivery.rejected
        self.batches.append(len(delivery.batch))
        self.minutes.update(set(delivery.batch.minute.tolist()))
        self.raw.save(delivery.progress)
        self.leases.add(delivery.lease)
        if delivery.position is not None:
            former = self.positions.get(delivery.instrument.id, delivery.position)
            self.positions[delivery.instrument.id] = max(former, delivery.position)
        return Outcome(len(fresh), len(delivery.batch) - len(fresh), len(delivery.rejected))

    async def insert_together(self, deliveries: Sequence[Delivery]) -> Outcome:
        outcome = Outcome()
        written: set[int] = set()
        for delivery in deliveries:
            outcome += await self.insert(delivery)
            minutes = set(delivery.batch.minute.tolist())
            self.minutes.subtract(written & minutes)  # once a transaction
            written |= minutes
        return outcome

    async def replace(self, window: Window, deliveries: AsyncIterator[Delivery]) -> Outcome:
        before = dict(self.kept)
        self.kept = {key: trade for key, trade in self.kept.items() if not window.start <= trade.ts < window.end}
        outcome = Outcome()
        try:
            async for delivery in deliveries:
                outcome += await self.insert(delivery)
        except BaseException:
            self.kept = before
            raise
        self.replaced.append(window)
        return outcome

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: TradeQuery
    ) -> Mapping[InstrumentId, Page[TradeRow]]:
        raise NotImplementedError


@dataclass
class FakeCandles:
    """A CandleStore that counts its refreshes."""

    raw: FakeRaw
    published: dict[datetime, MinuteCandle] = field(default_factory=dict)
    settled: int = 0
    dirt: timedelta = timedelta()

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
        before = len(self.published)
        self.published |= {candle.open_time: candle for candle in candles}
        self.raw.save(progress)
        stored = len(self.published) - before
        return Outcome(stored, len(candles) - stored)

    async def settle(self, older_than: timedelta = timedelta()) -> int:
        self.settled += 1
        return 0

    async def dirty_minutes(self) -> int:
        return self.dirt // timedelta(minutes=1)

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery
    ) -> Mapping[InstrumentId, Page[Candle]]:
        raise NotImplementedError


def _quote_row(source: str, quote: Quote) -> QuoteRow:
    return QuoteRow(
        quote.ts, source, _text(quote.price), _text(quote.bid), _text(quote.ask), _text(quote.market_cap),
        _text(quote.volume_24h), _text(quote.change_24h), quote.ts, 1,
    )  # fmt: skip


def _text(figure: Decimal | None) -> str | None:
    return None if figure is None else str(figure)


@dataclass
class FakeQuotes:
    """A QuoteStore of the newest quote of each time."""

    raw: FakeRaw
    kept: dict[tuple[InstrumentId, str, datetime], Quote] = field(default_factory=dict)
    deliveries: list[QuoteDelivery] = field(default_factory=list)
    failures: dict[InstrumentId, Exception] = field(default_factory=dict)

    async def put(self, delivery: QuoteDelivery) -> Outcome:
        if delivery.instrument.id in self.failures:
            raise self.failures[delivery.instrument.id]
        self.deliveries.append(delivery)
        said = {(delivery.instrument.id, delivery.source, quote.ts): quote for quote in delivery.lines.quotes}
        fresh = {key: quote for key, quote in said.items() if self.kept.get(key) != quote}
        self.kept.update(fresh)
        self.raw.save(delivery.progress)
        return Outcome(len(fresh), len(delivery.lines.quotes) - len(fresh), len(delivery.lines.rejected))

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: QuoteQuery
    ) -> Mapping[InstrumentId, Page[QuoteRow]]:
        """The newest one of each."""
        pages: dict[InstrumentId, Page[QuoteRow]] = {}
        for (number, source, _), quote in sorted(self.kept.items(), key=lambda each: each[0][2]):
            if number in instrument_ids and source == query.source:
                pages[number] = Page([_quote_row(source, quote)], more=False)
        return pages

    async def latest(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, QuoteRow]:
        raise NotImplementedError


@dataclass
class FakeDays:
    """A DayStore that notes what is delivered."""

    deliveries: list[DayDelivery] = field(default_factory=list)

    async def put(self, delivery: DayDelivery) -> Outcome:
        self.deliveries.append(delivery)
        lines = delivery.lines
        return Outcome(stored=len(lines.candles) + len(lines.factors), dead=len(lines.rejected))

    async def factors(
        self, instrument_ids: Sequence[InstrumentId], limit: int
    ) -> Mapping[InstrumentId, Sequence[Factor]]:
        raise NotImplementedError


@dataclass
class FakeLetters:
    """A DeadLetterStore."""

    kept: list[DeadLetter] = field(default_factory=list)

    async def keep(self, letters: Sequence[DeadLetter]) -> None:
        self.kept += letters


@dataclass
class FakePositions:
    """LivePositions, the same that deliveries move."""

    trades: FakeTrades
    quiet_until: dict[InstrumentId, datetime] = field(default_factory=dict)

    async def read(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, FeedPosition]:
        return {key: self.trades.positions[key] for key in instrument_ids if key in self.trades.positions}

    async def ahead(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Sequence[Run]]:
        return {key: self._ahead_of(key) for key in instrument_ids}

    def _ahead_of(self, key: InstrumentId) -> Sequence[Run]:
        position = self.trades.positions[key].sequence
        later = [trade for (kept, sequence), trade in self.trades.kept.items() if kept == key and sequence > position]
        return runs_of(TradeBatch.of(later))

    async def confirm(self, positions: Mapping[InstrumentId, FeedPosition], until: datetime, lease: Lease) -> None:
        self.quiet_until |= {key: until for key in positions if positions[key].ts < until}

    async def advance(self, instrument_id: InstrumentId, position: FeedPosition, lease: Lease) -> None:
        self.trades.positions[instrument_id] = max(self.trades.positions.get(instrument_id, position), position)


class FakeStores:
    """All of them, one on the other."""

    def __init__(self) -> None:
        self.instruments = FakeInstruments()
        self.raw = FakeRaw()
        self.trades = FakeTrades(self.raw)
        self.candles = FakeCandles(self.raw)
        self.quotes = FakeQuotes(self.raw)
        self.days = FakeDays()
        self.letters = FakeLetters()
        self.positions = FakePositions(self.trades)
        self.gaps = FakeGaps(self.trades.kept)

    def stores(self) -> Stores:
        return Stores(
            self.instruments, self.raw, self.trades, self.candles, self.letters, self.quotes, self.days, self.gaps
        )
