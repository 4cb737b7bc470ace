"""In-memory stand-ins for the ports, which remember how they were called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from candlewick.domain.access import ApiKey, ApiKeyId, Role
from candlewick.domain.candle import Candle, CandleOrigin, CandleStatus
from candlewick.domain.market import (
    Asset,
    AssetClass,
    AssetId,
    Instrument,
    InstrumentId,
    InstrumentKey,
    InstrumentStatus,
    Side,
    Tape,
    Venue,
    VenueId,
)
from candlewick.domain.page import (
    AssetFilter,
    CandleQuery,
    InstrumentFilter,
    Page,
    TradePosition,
    TradeQuery,
    TradeRow,
)
from candlewick.domain.service import DatabaseEdition

START = datetime(2024, 8, 8, tzinfo=UTC)
READER, SECRET = "cwk_reader", "cwk_operator"


def page[Row](rows: Sequence[Row], limit: int, *, newest: bool) -> Page[Row]:
    """The newest or the oldest `limit` of the rows."""
    kept = rows[-limit:] if newest else rows[:limit]
    return Page(kept, more=len(rows) > limit)


@dataclass
class Recorded:
    """Calls by method name, with their arguments."""

    calls: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    failure: Exception | None = None

    def note(self, method: str, *arguments: Any) -> None:
        self.calls.append((method, arguments))
        if self.failure is not None:
            raise self.failure


class FakeInstruments(Recorded):
    """Some instruments of one venue, all priced in USDT."""

    def __init__(self, bases: Sequence[str] = ("BTC", "ETH", "SOL")) -> None:
        super().__init__()
        self.venue = Venue(VenueId(1), "binance", "Binance")
        codes = ["USDT", *bases]
        self.asset_rows = [Asset(AssetId(i), code, AssetClass.CRYPTO) for i, code in enumerate(codes, 1)]
        self.rows = [self._instrument(number, asset) for number, asset in enumerate(self.asset_rows[1:], 1)]

    def _instrument(self, number: int, base: Asset) -> Instrument:
        return Instrument(
            id=InstrumentId(number),
            key=InstrumentKey("binance", base.code, "USDT"),
            symbol=f"{base.code}USDT",
            venue_id=self.venue.id,
            base_id=base.id,
            quote_id=AssetId(1),
            asset_class=AssetClass.CRYPTO,
            tape=Tape.TRADES,
            status=InstrumentStatus.TRADING,
            tick_size=Decimal("0.01"),
        )

    async def by_keys(self, keys: Sequence[InstrumentKey]) -> Mapping[InstrumentKey, Instrument]:
        self.note("by_keys", tuple(keys))
        return {row.key: row for row in self.rows if row.key in keys}

    async def by_ids(self, ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Instrument]:
        self.note("by_ids", tuple(ids))
        return {row.id: row for row in self.rows if row.id in ids}

    async def assets_by_ids(self, ids: Sequence[AssetId]) -> Mapping[AssetId, Asset]:
        self.note("assets_by_ids", tuple(ids))
        return {row.id: row for row in self.asset_rows if row.id in ids}

    async def venues_by_ids(self, ids: Sequence[VenueId]) -> Mapping[VenueId, Venue]:
        self.note("venues_by_ids", tuple(ids))
        return {self.venue.id: self.venue} if self.venue.id in ids else {}

    async def instruments(self, where: InstrumentFilter, first: int, after: InstrumentKey | None) -> Page[Instrument]:
        self.note("instruments", where, first, after)
        rows = sorted(self.rows, key=lambda row: str(row.key))
        found = [row for row in rows if where.search is None or where.search.lower() in str(row.key).lower()]
        return page([row for row in found if after is None or str(row.key) > str(after)], first, newest=False)

    async def assets(self, where: AssetFilter, first: int, after: tuple[str, AssetClass] | None) -> Page[Asset]:
        self.note("assets", where, first, after)
        rows = sorted(self.asset_rows, key=lambda row: row.code)
        return page([row for row in rows if after is None or (row.code, row.asset_class) > after], first, newest=False)


class FakeCandles(Recorded):
    """The same hundred-odd candles from START on, for every instrument and width."""

    def __init__(self, count: int = 250) -> None:
        super().__init__()
        self.count = count

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: CandleQuery
    ) -> dict[InstrumentId, Page[Candle]]:
        self.note("read", tuple(instrument_ids), query)
        opens = [query.duration.after(query.duration.floor(START), number) for number in range(self.count)]
        window = query.window
        inside = [moment for moment in opens if window is None or window.start <= moment < window.end]
        rows = [self._candle(moment, query) for moment in inside]
        return {instrument_id: page(rows, query.limit, newest=query.newest) for instrument_id in instrument_ids}

    def _candle(self, opened: datetime, query: CandleQuery) -> Candle:
        wave = f"{61000 + (opened.day * 37 + opened.hour * 113) % 900}.50000000"
        return Candle(
            open_time=opened,
            close_time=query.duration.after(opened),
            open="61234.10000000",
            high="62000.00000001",
            low="61000.00000000",
            close=wave,
            volume="12.340000000000000000001",
            quote_volume="755000.1",
            vwap="61183.152350081037277147",
            trade_count=42,
            taker_buy_volume=None,
            origin=query.origin or CandleOrigin.TRADES,
            status=CandleStatus.FINAL,
            version=1,
        )


class FakeTrades(Recorded):
    """Trades seven seconds apart from START on."""

    def __init__(self, count: int = 50) -> None:
        super().__init__()
        self.rows = [self._trade(number) for number in range(count)]

    def _trade(self, number: int) -> TradeRow:
        ts = START + timedelta(seconds=7 * number, microseconds=123456)
        minute = ts.replace(second=0, microsecond=0)
        sequence = 9007199254740993 + number
        return TradeRow(minute, sequence, "61234.10000000", "0.00100000", Side.BUY, ts, ts + timedelta(seconds=1))

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: TradeQuery
    ) -> dict[InstrumentId, Page[TradeRow]]:
        self.note("read", tuple(instrument_ids), query)
        rows = [row for row in self.rows if _matches(row, query)]
        return {instrument_id: page(rows, query.limit, newest=query.newest) for instrument_id in instrument_ids}


def _matches(row: TradeRow, query: TradeQuery) -> bool:
    position = TradePosition(row.minute, row.sequence)
    within = query.window is None or query.window.start <= row.ts < query.window.end
    follows = query.after is None or position > query.after
    return within and follows and (query.before is None or position < query.before)


class FakeKeys(Recorded):
    """Two keys: READER's may read, SECRET's is an operator's."""

    async def authenticate(self, secret: str) -> ApiKey | None:
        self.note("authenticate", secret)
        role = {READER: Role.READ, SECRET: Role.OPERATOR}.get(secret)
        return ApiKey(ApiKeyId(1), "test", role, secret[:8], START) if role else None


class FakeProbe:
    """Ready, unless told otherwise."""

    edition = DatabaseEdition.TIMESCALEDB_COMMUNITY
    capabilities = ("hypertables", "continuous aggregates", "columnstore")

    def __init__(self) -> None:
        self.components: dict[str, str | None] = {"database": None, "migrations": None, "redis": None}

    async def ready(self) -> Mapping[str, str | None]:
        return self.components


class FakeServices:
    """All of them."""

    def __init__(self) -> None:
        self.instruments: Any = FakeInstruments()
        self.trades: Any = FakeTrades()
        self.candles: Any = FakeCandles()
        self.keys: Any = FakeKeys()
        self.service: Any = FakeProbe()
