"""Where data comes from: archives, REST, streams, a made-up market. Adapters live in `providers`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from candlewick.domain.batch import TradeBatch
from candlewick.domain.day import DayLines
from candlewick.domain.market import DataKind, Instrument, InstrumentKey, Tape
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import ArchiveContents, CandleLines, Payload, TradeLines
from candlewick.domain.source import CircuitStatus
from candlewick.domain.time import Window
from candlewick.ports.stores import Listing


class ArchiveSource(Protocol):
    """One provider's archive files: what they hold and the rows in them. Blocking: for a worker thread."""

    @property
    def source(self) -> str:
        """The provider's code."""

    def listing(self, key: InstrumentKey, tape: Tape) -> Listing:
        """How the venue lists the instrument of that key."""

    def inspect(self, path: Path, name: str | None = None) -> ArchiveContents:
        """What the file holds, after all of its bytes were checked and before any row was stored.

        `name`: what it was called, if it lies there under another name.

        Raises:
            ChecksumMismatch, DamagedFile, UnknownFormat, UnsupportedInterval: nothing of it can be stored.
            WrongEncoding, MisleadingColumns, TooManyRejected, MadeSequences: the same, of a table.
        """

    def trades(self, path: Path, contents: ArchiveContents, *, skip: int = 0) -> Iterator[TradeLines]:
        """The file's trades after its first `skip` lines, in blocks of bounded size. Nothing if its kind is another."""

    def candles(self, path: Path, contents: ArchiveContents, *, skip: int = 0) -> Iterator[CandleLines]:
        """The same of its minute candles."""

    def quotes(self, path: Path, contents: ArchiveContents, *, skip: int = 0) -> Iterator[QuoteLines]:
        """The same of its quotes."""

    def days(self, path: Path, contents: ArchiveContents, *, skip: int = 0) -> Iterator[DayLines]:
        """The same of its days and factors."""


class TableSource(ArchiveSource, Protocol):
    """Files of anybody's making, read by a mapping or by their header."""

    def preview(self, path: Path, name: str) -> ArchiveContents:
        """What the file says that it holds, told by its first rows: cheap, but no promise. `lines` is 0.

        Raises:
            As `inspect`, where the first rows are enough to tell.
        """


class Market(Protocol):
    """A market that can say what was traded in any window up to now: the same answer whenever it is asked."""

    @property
    def source(self) -> str:
        """The provider's code."""

    def listings(self) -> Sequence[Listing]:
        """What is traded there."""

    def trades(self, key: InstrumentKey, window: Window) -> TradeBatch:
        """What was traded in the window. Blocking: for a worker thread."""


class ArchiveShelf(Protocol):
    """Where a provider's archive files can be had."""

    def windows(self, window: Window, now: datetime) -> Sequence[Window]:
        """The whole days and months, in order, that cover `window` as far as files of them may exist at `now`.

        A month is chosen where the window has all of it and its file is due; the rest is days.
        """

    async def fetch(self, instrument: Instrument, kind: DataKind, window: Window, folder: Path) -> Path | None:
        """Put the file of that day or month into `folder`, with its CHECKSUM beside it; None if there is none.

        Raises:
            SourceUnavailable, SourceRefused: it cannot be had now, or not at all.
        """


@dataclass(frozen=True, slots=True)
class Fetched[Rows]:
    """What a payload holds, and where the next one begins; None if there is no more for now."""

    rows: Rows
    next: str | None
    complete: bool = False
    """It has all that the source has up to now: to ask for more would only cost a request."""


class TradeHistory(Protocol):
    """Trades of the past, page by page, in order of their sequence."""

    async def start(self, instrument: Instrument, window: Window) -> str | None:
        """Where the trades of the window begin; None if there are none from there on.

        Raises:
            SourceUnavailable, SourceRefused: see `errors`; the same for `page`.
        """

    def at(self, sequence: int, since: datetime) -> str:
        """Where the trade with that sequence stands: it and those that follow.

        `since`: when the trade before it happened, for sources that are paged by time.
        """

    async def page(self, instrument: Instrument, cursor: str) -> Payload:
        """The bytes of one page, to be kept before they are read."""

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[TradeLines]:
        """The trades in the bytes. Pure.

        Raises:
            MalformedPayload: it is no page of trades.
        """


class CandleHistory(Protocol):
    """Minute candles of the past as the venue publishes them."""

    async def page(self, instrument: Instrument, window: Window) -> Payload:
        """The first candles of the window, as many as the source gives at a time. Errors as for trades."""

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[CandleLines]:
        """The candles in the bytes, unfinished ones left out. Pure. `next` is not used: go on after the last one."""


class Directory(Protocol):
    """What a venue lists."""

    def pages(self) -> AsyncIterator[Payload]:
        """The bytes of the list, or of the lists, one after the other. Errors as for trades."""

    def read(self, payload: Payload) -> Sequence[Listing]:
        """The listings in one payload, inactive ones too. Pure.

        Raises:
            MalformedPayload: it is no list of instruments.
        """


class Lookup(Protocol):
    """Finds single instruments, for a source that has no list of all."""

    def known(self, key: InstrumentKey) -> Listing | None:
        """How the source lists the instrument of that key, where nobody need be asked. Pure."""

    async def page(self, key: InstrumentKey) -> Payload:
        """The bytes of what it answers when it is asked for the instrument. Errors as for trades."""

    def read(self, payload: Payload) -> Sequence[Listing]:
        """The listings in the bytes: the one that was looked for, if there is one, and others. Pure.

        Raises:
            MalformedPayload: it is no answer to that question.
        """


class QuoteSource(Protocol):
    """What prices are now, asked again and again."""

    async def pages(self, instruments: Sequence[Instrument]) -> Sequence[Payload]:
        """The bytes of as few answers as it takes, all instruments in them. Errors as for trades."""

    def read(self, payload: Payload) -> Mapping[str, QuoteLines]:
        """The quotes in the bytes by the venue's symbol. Pure.

        Raises:
            MalformedPayload: it is no answer to that question.
        """


class Ranking(Protocol):
    """Which of a source's instruments are the largest, as it ranks them."""

    async def pages(self, first: int) -> Sequence[Payload]:
        """The bytes of as few answers as have so many of the largest, if there are. Errors as for trades."""

    def read(self, payload: Payload) -> Sequence[str]:
        """The symbols in the bytes, the largest first. Pure.

        Raises:
            MalformedPayload: it is no such answer.
        """


class QuoteHistory(Protocol):
    """Quotes of the past, as fine as the source still has them."""

    async def page(self, instrument: Instrument, window: Window) -> Payload:
        """The first quotes of the window, as many as the source gives at a time. Errors as for trades."""

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[QuoteLines]:
        """The quotes in the bytes. Pure. `next` is not used: go on after the last one, unless it was `complete`."""


class DayHistory(Protocol):
    """Daily candles and factors of the past."""

    async def page(self, instrument: Instrument, window: Window) -> Payload:
        """The days of the window, or more. Errors as for trades."""

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[DayLines]:
        """The days in the bytes, unfinished ones left out. Pure. `next` is not used: go on after the last one,
        unless it was `complete`."""


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a payload holds, by the venue's symbol."""

    trades: Mapping[str, TradeLines] = field(default_factory=dict)
    candles: Mapping[str, CandleLines] = field(default_factory=dict)
    quotes: Mapping[str, QuoteLines] = field(default_factory=dict)
    days: Mapping[str, DayLines] = field(default_factory=dict)
    listings: Sequence[Listing] = ()
    tapes: Mapping[str, Tape] = field(default_factory=dict)
    """Which numbering the trades carry, where the venue has two and the payload says which."""


class PayloadReader(Protocol):
    """Reads any payload that its source ever sent and that was kept: how a replay gets at its rows."""

    def read(self, payload: Payload) -> Contents:
        """What the payload holds, told by its endpoint. Pure.

        What was rejected of it and belongs to no symbol stands under "".

        Raises:
            MalformedPayload: nothing in it can be read.
        """


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of a stream, as received."""

    body: bytes
    received_at: datetime


class TradeStream(Protocol):
    """Trades as they happen."""

    def connect(self, instruments: Sequence[Instrument]) -> AbstractAsyncContextManager[AsyncIterator[Frame]]:
        """A connection that delivers the instruments' trades; the iterator ends when the venue says goodbye.

        Nothing is read from the socket until a frame is asked for: backpressure reaches the venue.

        Raises:
            SourceUnavailable: it cannot be had, or it broke.
        """

    def read(self, frames: Sequence[Frame]) -> Mapping[str, TradeLines]:
        """The trades in the frames by the venue's symbol; `lines` are positions in `frames`, from 1. Pure.

        What is no trade and is expected (an answer to a subscription) is nothing; the rest is rejected under "".
        """

    def tips(self, frames: Sequence[Frame]) -> Mapping[str, int]:
        """The newest sequence that the venue says there is, by symbol, where a frame says so (a heartbeat). Pure."""

    def quotes(self, frames: Sequence[Frame]) -> Mapping[str, QuoteLines]:
        """Quotes in the frames by the venue's symbol; none if the stream was not to carry any. Pure."""


class MarketSource(Protocol):
    """All that one provider can do over the network. What it cannot do is None."""

    @property
    def source(self) -> str:
        """The provider's code, which is its venue's."""

    @property
    def since(self) -> datetime:
        """When the venue began: there is nothing before."""

    @property
    def archive_files(self) -> ArchiveSource | None: ...

    @property
    def shelf(self) -> ArchiveShelf | None: ...

    @property
    def trades(self) -> TradeHistory | None: ...

    @property
    def candles(self) -> CandleHistory | None: ...

    @property
    def directory(self) -> Directory | None: ...

    @property
    def lookup(self) -> Lookup | None: ...

    @property
    def stream(self) -> TradeStream | None: ...

    @property
    def quotes(self) -> QuoteSource | None: ...

    @property
    def ranking(self) -> Ranking | None: ...

    @property
    def quote_history(self) -> QuoteHistory | None: ...

    @property
    def quote_reach(self) -> timedelta:
        """How much of the past a step of a backfill of quotes should have: what a few requests give."""

    @property
    def days(self) -> DayHistory | None: ...

    @property
    def reader(self) -> PayloadReader | None: ...

    def circuits(self) -> Sequence[CircuitStatus]:
        """How it stands with the endpoints that this process asked."""


class RateBudget(Protocol):
    """How much may be asked of one provider, shared by all workers."""

    async def spend(self, weight: int) -> None:
        """Wait until so much is left in the running minute, and take it."""

    async def learn(self, used: int) -> None:
        """The provider's own count of what was used in the running minute."""

    async def pause(self, seconds: float) -> None:
        """Nobody asks for so long: the provider said so."""
