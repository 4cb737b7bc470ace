"""A venue that speaks Binance's formats and that no other test knows, with all that is kept of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from candlewick.domain.market import AssetClass, Instrument, InstrumentKey, Side, Tape, Trade
from candlewick.domain.raw import STREAM, Payload, RawId, TradeLines
from candlewick.domain.time import Window, microseconds
from candlewick.pipeline.history import Target, fetch_candles, fetch_trades
from candlewick.pipeline.importing import ArchiveImport, Imported, Stores
from candlewick.pipeline.redelivery import Replayed
from candlewick.pipeline.replay import Replay, ReplayRequest
from candlewick.pipeline.strangers import letters_of
from candlewick.ports import ArchiveSource, Delivery, Fetched, Frame, Outcome, PayloadReader
from candlewick.providers.binance import frames
from candlewick.providers.binance.archive import BinanceArchives
from candlewick.providers.binance.listing import Exchange
from candlewick.providers.binance.reader import BinanceReader
from candlewick.providers.csv.archive import SOURCE, CsvFiles
from candlewick.providers.csv.mapping import FileMapping
from candlewick.storage.candles import Candles
from candlewick.storage.days import Days
from candlewick.storage.dead_letters import DeadLetters
from candlewick.storage.engine import Database
from candlewick.storage.gaps import StoredGaps
from candlewick.storage.instruments import Instruments
from candlewick.storage.quotes import Quotes
from candlewick.storage.raw import RawFiles
from candlewick.storage.raw_reads import RawPayloads
from candlewick.storage.trades import Trades
from markets import FrozenClock

ORIGIN = datetime(2024, 8, 8, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
SYMBOL = "BTCUSDT"
PAGE = 50
"""Trades on a page."""
_NUMBER = count(1)
_OURS = {
    table: f"SELECT * FROM {table} AS t WHERE instrument_id = $1 ORDER BY t::text"
    for table in ("trade", "candle_m1", "quote", "candle_day", "commit_log", "instrument_version")
}


def a_trade(number: int, *, price: int = 100) -> Trade:
    """A trade a second from ORIGIN on."""
    side = Side.BUY if number % 2 else Side.SELL
    return Trade(number, Decimal(price + number % 7), Decimal("0.5"), side, ORIGIN + number * SECOND)


def as_row(trade: Trade) -> dict[str, Any]:
    """As /api/v3/historicalTrades writes it."""
    return {
        "id": trade.sequence, "price": f"{trade.price}.00", "qty": str(trade.size), "quoteQty": "1",
        "time": microseconds(trade.ts), "isBuyerMaker": trade.side is Side.SELL, "isBestMatch": True,
    }  # fmt: skip


def as_event(trade: Trade, symbol: str = SYMBOL) -> dict[str, Any]:
    """As a stream says it."""
    return {
        "e": "trade", "E": microseconds(trade.ts), "s": symbol, "t": trade.sequence, "p": f"{trade.price}.00",
        "q": str(trade.size), "T": microseconds(trade.ts), "m": trade.side is Side.SELL, "M": True,
    }  # fmt: skip


def as_line(trade: Trade) -> str:
    """As an archive writes it."""
    maker = trade.side is Side.SELL
    return f"{trade.sequence},{trade.price}.00,{trade.size},1,{microseconds(trade.ts) // 1000},{maker},True"


def as_kline(minute: int, volume: str = "1") -> list[Any]:
    """As /api/v3/klines writes it."""
    opened = microseconds(ORIGIN + minute * MINUTE) // 1000
    return [opened, "100", "106", "100", "101", volume, opened + 59_999, "500", 3, "0.5", "250", "0"]


@dataclass
class History:
    """The venue's past: the trades given, a page at a time; the klines given, all at once."""

    reader: BinanceReader
    code: str
    rows: Sequence[Any]
    received_at: datetime = ORIGIN + DAY

    async def start(self, instrument: Instrument, window: Window) -> str | None:  # noqa: ARG002
        times = [row["time"] for row in self.rows]
        return next((str(at) for at, time in enumerate(times) if time >= microseconds(window.start)), None)

    def at(self, sequence: int, since: datetime) -> str:  # noqa: ARG002
        return str(sequence)

    async def page(self, instrument: Instrument, cursor: Any) -> Payload:  # noqa: ARG002
        received_at = self.received_at
        if isinstance(cursor, Window):
            return Payload(self.code, f"/api/v3/klines?symbol={SYMBOL}", json.dumps(self.rows).encode(), received_at)
        rows = self.rows[int(cursor) : int(cursor) + PAGE]
        endpoint = f"/api/v3/historicalTrades?symbol={SYMBOL}&fromId={cursor}"
        return Payload(self.code, endpoint, json.dumps(rows).encode(), received_at)

    def read(self, instrument: Instrument, payload: Payload) -> Any:  # noqa: ARG002
        contents = self.reader.read(payload)
        if contents.candles:
            return Fetched(contents.candles[SYMBOL], None)
        lines: TradeLines = contents.trades[SYMBOL]
        first = int(payload.endpoint.rpartition("=")[2])
        return Fetched(lines, str(first + PAGE) if len(json.loads(payload.body)) == PAGE else None)


@dataclass(frozen=True)
class Venue:
    """The venue, its one instrument, and the stores. It is also the Readers."""

    database: Database
    folder: Path
    exchange: Exchange
    instrument: Instrument
    stores: Stores

    @classmethod
    async def new(cls, database: Database, folder: Path) -> Venue:
        code = f"replay{next(_NUMBER)}"
        exchange = Exchange(code, "A venue", ORIGIN, lambda _: AssetClass.CRYPTO)
        stores = Stores(
            Instruments(database), RawFiles(database, folder / "archive"), Trades(database),
            Candles(database, FrozenClock()), DeadLetters(database), Quotes(database), Days(database),
            StoredGaps(database),
        )  # fmt: skip
        listing = exchange.list_instrument(InstrumentKey(code, "BTC", "USDT"), Tape.TRADES)
        return cls(database, folder, exchange, await stores.instruments.list_instrument(listing), stores)

    @property
    def code(self) -> str:
        return self.exchange.code

    @property
    def reads(self) -> RawPayloads:
        return RawPayloads(self.database)

    def payloads(self, source: str) -> PayloadReader | None:
        """See `Readers.payloads`: of this venue alone."""
        return BinanceReader(self.exchange) if source == self.code else None

    def files(self, source: str, mapping: str | None = None) -> ArchiveSource | None:
        """See `Readers.files`: of this venue alone, and tables."""
        if source == SOURCE:
            return CsvFiles(FrozenClock(), FileMapping.parse(mapping or ""))
        return BinanceArchives(FrozenClock(), exchange=self.exchange) if source == self.code else None

    def replay(self) -> Replay:
        return Replay(self, self.stores, self.reads, DeadLetters(self.database))

    async def replayed(self, **asked: Any) -> Replayed:
        """All of the venue, or what is asked for."""
        return await self.replay().run(ReplayRequest(sources=(self.code,), **asked))

    async def backfill(
        self, trades: Iterable[Trade], window: Window, *odd: Any, received_at: datetime = ORIGIN + DAY
    ) -> Outcome:
        """As a job would, page by page; `odd` rows come with them."""
        history = History(BinanceReader(self.exchange), self.code, [*map(as_row, trades), *odd], received_at)
        return await fetch_trades(history, self.stores, self._target, window, lambda _, __: None, FrozenClock())

    async def publish(self, *klines: Any, minutes: int = 60) -> Outcome:
        """The venue's candles, as a job would fetch them."""
        history = History(BinanceReader(self.exchange), self.code, klines)
        window = Window(ORIGIN, ORIGIN + minutes * MINUTE)
        return await fetch_candles(history, self.stores, self._target, window, lambda _, __: None)

    async def hear(self, *events: Any, received_at: datetime) -> RawId:
        """What a live feed does with a batch of messages."""
        bodies = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in events]
        payload = Payload(self.code, f"{STREAM}stream/{self.code}/1", b"\n".join(bodies), received_at)
        raw_id = await self.stores.raw.keep_payload(payload)
        for symbol, lines in frames.read([Frame(body, received_at) for body in bodies]).items():
            if symbol == self.instrument.symbol:
                await self.stores.trades.insert(self.delivery(lines, received_at, raw_id))
            else:
                await self.stores.letters.keep(letters_of(payload, symbol, lines.rejected, raw_id))
        return raw_id

    async def keep(self, endpoint: str, body: Any, received_at: datetime = ORIGIN + DAY, **facts: Any) -> RawId:
        """A payload, with nothing of it stored."""
        encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.stores.raw.keep_payload(Payload(self.code, endpoint, encoded, received_at, **facts))

    async def import_file(self, path: Path, archives: ArchiveSource | None = None) -> Imported:
        archives = archives or BinanceArchives(FrozenClock(), exchange=self.exchange)
        return await ArchiveImport(archives, self.stores, FrozenClock()).run(path, self.instrument.key)

    def delivery(self, lines: TradeLines, received_at: datetime, raw_id: RawId) -> Delivery:
        return Delivery(
            self.instrument, self.instrument.tape, lines.trades, received_at, self.code, raw_id, rejected=lines.rejected
        )

    async def state(self) -> dict[str, list[Any]]:
        """Everything that is stored of the instrument."""
        async with self.database.driver() as driver:
            return {table: await driver.fetch(query, self.instrument.id) for table, query in _OURS.items()}

    async def trades(self) -> list[tuple[Any, ...]]:
        """The rows but for the commit that stored each."""
        rows = (await self.state())["trade"]
        return sorted(tuple(value for name, value in row.items() if name != "version") for row in rows)

    async def letters(self) -> list[Any]:
        async with self.database.driver() as driver:
            return await driver.fetch("SELECT * FROM dead_letter WHERE source = $1 ORDER BY id", self.code)

    async def lose(self, window: Window | None = None, *, candles: bool = True) -> None:
        """Somebody deleted trades and the candles made of them."""
        start, end = (window.start, window.end) if window else (ORIGIN - DAY, ORIGIN + 30 * DAY)
        async with self.database.driver() as driver:
            await driver.execute(
                "DELETE FROM trade WHERE instrument_id = $1 AND minute >= $2 AND minute < $3",
                self.instrument.id, start, end,
            )  # fmt: skip
            if candles:
                await driver.execute(
                    "DELETE FROM candle_m1 WHERE instrument_id = $1 AND open_time >= $2 AND open_time < $3",
                    self.instrument.id, start, end,
                )  # fmt: skip

    def with_instrument(self, instrument: Instrument) -> Venue:
        return replace(self, instrument=instrument)

    @property
    def _target(self) -> Target:
        return Target(self.instrument, self.code)
