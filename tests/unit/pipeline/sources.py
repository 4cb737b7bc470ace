"""A provider in memory: its payloads are JSON lists of sequences, its trades a second apart."""

# ruff: noqa: ARG002  (a fake takes what its port takes)

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

from candlewick.domain.batch import Rejected, TradeBatch
from candlewick.domain.candle import MinuteCandle
from candlewick.domain.day import DayCandle, DayLines, Factor
from candlewick.domain.errors import SourceUnavailable
from candlewick.domain.market import AssetClass, DataKind, Instrument, InstrumentKey, Side, Tape, Trade
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.domain.raw import CandleLines, Payload, TradeLines
from candlewick.domain.source import CircuitStatus
from candlewick.domain.time import Window
from candlewick.ports import (
    ArchiveSource,
    CandleHistory,
    DayHistory,
    Fetched,
    Frame,
    Listing,
    Lookup,
    PayloadReader,
    QuoteHistory,
    QuoteSource,
    Ranking,
)

BTC = InstrumentKey("binance", "BTC", "USDT")
ORIGIN = datetime(2024, 8, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def listing(key: InstrumentKey = BTC) -> Listing:
    return Listing(key, f"{key.base}{key.quote}", Tape.TRADES, AssetClass.CRYPTO, AssetClass.CRYPTO, "Test venue")


def trade(sequence: int) -> Trade:
    return Trade(sequence, Decimal(100 + sequence), Decimal(1), Side.BUY, ORIGIN + timedelta(seconds=sequence))


def lines(sequences: Sequence[int]) -> TradeLines:
    batch = TradeBatch.of([trade(number) for number in sequences])
    return TradeLines(batch, np.arange(1, len(batch) + 1), (), len(batch))


@dataclass
class FakeHistory:
    """Trades 0 to `last`, ten a page, less those that are `gone`."""

    last: int = 100
    gone: frozenset[int] = frozenset()
    asked: list[int] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    since: list[datetime] = field(default_factory=list)
    now: datetime = ORIGIN

    async def start(self, instrument: Instrument, window: Window) -> str | None:
        first = max((window.start - ORIGIN) // timedelta(seconds=1), 0)
        return str(first) if first <= self.last else None

    def at(self, sequence: int, since: datetime) -> str:
        self.since.append(since)
        return str(sequence)

    async def page(self, instrument: Instrument, cursor: str) -> Payload:
        if self.failures:
            raise self.failures.pop(0)
        self.asked.append(int(cursor))
        numbers = [n for n in range(int(cursor), self.last + 1) if n not in self.gone][:10]
        return Payload("binance", f"/trades?from={cursor}", json.dumps(numbers).encode(), self.now)

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[TradeLines]:
        numbers = json.loads(payload.body)
        return Fetched(lines(numbers), str(numbers[-1] + 1) if len(numbers) == 10 else None)


@dataclass
class FakeCandleHistory:
    """A candle a minute, three a page."""

    async def page(self, instrument: Instrument, window: Window) -> Payload:
        opens = [window.start + number * MINUTE for number in range(3)]
        body = json.dumps([moment.isoformat() for moment in opens if moment < window.end])
        return Payload("binance", "/klines", body.encode(), ORIGIN)

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[CandleLines]:
        one = Decimal(1)
        candles = [
            MinuteCandle(datetime.fromisoformat(text), one, one, one, one, one, one, 1, one, one)
            for text in json.loads(payload.body)
        ]
        return Fetched(CandleLines(candles, (), len(candles)), None)


@dataclass
class FakeQuoteHistory:
    """A quote an hour, from one before the window on; three a page."""

    asked: list[Window] = field(default_factory=list)

    async def page(self, instrument: Instrument, window: Window) -> Payload:
        self.asked.append(window)
        hour = timedelta(hours=1)
        first = ORIGIN + (window.start - ORIGIN) // hour * hour
        body = json.dumps([(first + n * hour).isoformat() for n in range(4) if first + n * hour < window.end])
        return Payload("binance", "/prices", body.encode(), ORIGIN)

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[QuoteLines]:
        times = map(datetime.fromisoformat, json.loads(payload.body))
        return Fetched(QuoteLines([Quote(moment, Decimal(moment.hour + 1)) for moment in times]), None)


@dataclass
class FakeDayHistory:
    """A day as often as a page of three has room; after `last` there is none."""

    last: date
    complete: bool = False
    factors: Sequence[Factor] = ()
    rejected: Sequence[Rejected] = ()
    asked: list[Window] = field(default_factory=list)

    async def page(self, instrument: Instrument, window: Window) -> Payload:
        self.asked.append(window)
        days = [window.start.date() + timedelta(days=number) for number in range(3)]
        body = json.dumps([day.isoformat() for day in days if day <= self.last])
        return Payload("binance", "/days", body.encode(), ORIGIN)

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[DayLines]:
        one = Decimal(1)
        days = [DayCandle(date.fromisoformat(text), one, one, one, one) for text in json.loads(payload.body)]
        return Fetched(DayLines(days, self.factors, self.rejected), None, self.complete)


class FakeStream:
    """Delivers what a test sends: a frame is [symbol, sequences], [symbol, tip] or [symbol, price] in JSON."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[Frame | Exception | None] = asyncio.Queue()
        self.connections = 0

    def send(self, *sequences: int, symbol: str = "BTCUSDT") -> None:
        self.sent.put_nowait(Frame(json.dumps([symbol, list(sequences)]).encode(), ORIGIN))

    def beat(self, tip: int, symbol: str = "BTCUSDT", at: int | None = None) -> None:
        moment = ORIGIN + timedelta(seconds=tip if at is None else at)
        self.sent.put_nowait(Frame(json.dumps([symbol, tip]).encode(), moment))

    def break_off(self) -> None:
        self.sent.put_nowait(SourceUnavailable("binance", "the connection was cut"))

    def say_goodbye(self) -> None:
        self.sent.put_nowait(None)

    @asynccontextmanager
    async def connect(self, instruments: Sequence[Instrument]) -> AsyncIterator[AsyncIterator[Frame]]:
        self.connections += 1
        yield self._frames()

    async def _frames(self) -> AsyncIterator[Frame]:
        while True:
            match await self.sent.get():
                case Frame() as frame:
                    yield frame
                case None:
                    return
                case error:
                    raise error

    def read(self, frames: Sequence[Frame]) -> Mapping[str, TradeLines]:
        found: dict[str, list[int]] = {}
        for symbol, numbers in (json.loads(frame.body) for frame in frames):
            if isinstance(numbers, list):
                found.setdefault(symbol, []).extend(numbers)
        return {symbol: lines(numbers) for symbol, numbers in found.items()}

    def tips(self, frames: Sequence[Frame]) -> Mapping[str, int]:
        said = (json.loads(frame.body) for frame in frames)
        return {symbol: tip for symbol, tip in said if isinstance(tip, int)}

    def quote(self, price: str, symbol: str = "BTCUSDT") -> None:
        self.sent.put_nowait(Frame(json.dumps([symbol, price]).encode(), ORIGIN))

    def quotes(self, frames: Sequence[Frame]) -> Mapping[str, QuoteLines]:
        """A price is text; what is no number is rejected."""
        found: dict[str, QuoteLines] = {}
        for number, (symbol, said) in enumerate((json.loads(frame.body) for frame in frames), 1):
            if isinstance(said, str) and said.isdigit():
                found[symbol] = QuoteLines([Quote(ORIGIN, Decimal(said))], ())
            elif isinstance(said, str):
                found[symbol] = QuoteLines([], [Rejected(number, said, "it is no price")])
        return found


@dataclass
class FakeDirectory:
    """Lists what it is told to."""

    listings: Sequence[Listing] = ()
    asked: int = 0

    async def pages(self) -> AsyncIterator[Payload]:
        self.asked += 1
        yield Payload("binance", "/exchangeInfo", b"{}", ORIGIN)

    def read(self, payload: Payload) -> Sequence[Listing]:
        return self.listings


@dataclass
class FakeShelf:
    """Has the files of whole days, some of which exist."""

    files: Mapping[datetime, Path] = field(default_factory=dict)
    fetched: list[Window] = field(default_factory=list)

    def windows(self, window: Window, now: datetime) -> Sequence[Window]:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        days = [part.start.replace(hour=0, minute=0, second=0, microsecond=0) for part in window.days()]
        return [Window(day, day + timedelta(days=1)) for day in days if day < midnight]

    async def fetch(self, instrument: Instrument, kind: DataKind, window: Window, folder: Path) -> Path | None:
        self.fetched.append(window)
        return self.files.get(window.start)


@dataclass
class FakeSource:
    """A MarketSource of the parts above."""

    trades: FakeHistory | None = field(default_factory=FakeHistory)
    candles: CandleHistory | None = field(default_factory=FakeCandleHistory)
    directory: FakeDirectory | None = field(default_factory=FakeDirectory)
    lookup: Lookup | None = None
    shelf: FakeShelf | None = field(default_factory=FakeShelf)
    archive_files: ArchiveSource | None = None
    stream: FakeStream | None = field(default_factory=FakeStream)
    source: str = "binance"
    since: datetime = datetime(2017, 7, 14, tzinfo=UTC)
    quotes: QuoteSource | None = None
    ranking: Ranking | None = None
    quote_history: QuoteHistory | None = None
    quote_reach: timedelta = timedelta(days=90)
    days: DayHistory | None = None
    reader: PayloadReader | None = None

    def circuits(self) -> Sequence[CircuitStatus]:
        return ()
