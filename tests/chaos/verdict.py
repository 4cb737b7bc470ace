"""What a chaos run must have left behind, checked against the markets themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import asyncpg

from candlewick.clock import SystemClock
from candlewick.domain.batch import SIDE_CODES, TradeBatch
from candlewick.domain.candle import CandleOrigin
from candlewick.domain.interval import STORED, Interval
from candlewick.domain.market import Instrument, InstrumentId, InstrumentKey
from candlewick.domain.page import CandleQuery
from candlewick.domain.time import microseconds
from candlewick.storage.candles import Candles
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.tree import bucket_of

PAGE = 5_000

_COUNTS = """
SELECT instrument_id, count(*) AS trades, count(DISTINCT sequence) AS sequences, min(sequence) AS first,
       max(sequence) AS last
FROM trade GROUP BY instrument_id
"""
_RECOMPUTED = """
SELECT bucket, (array_agg(price ORDER BY sequence))[1] AS open, max(price) AS high, min(price) AS low,
       (array_agg(price ORDER BY sequence DESC))[1] AS close, sum(size) AS volume, sum(price * size) AS quote_volume,
       count(*) AS trade_count, coalesce(sum(size) FILTER (WHERE side = 1), 0) AS taker_buy_volume
FROM (
    SELECT {bucket} AS bucket, sequence, price, size, side
    FROM (SELECT ts AS open_time, sequence, price, size, side FROM trade WHERE instrument_id = $1) AS moved
) AS bucketed
GROUP BY bucket
"""
_HOLES = """
SELECT instrument_id, max(version) AS last, count(*) AS commits,
       (SELECT version FROM instrument_version AS v WHERE v.instrument_id = c.instrument_id) AS version,
       (SELECT version FROM relay_position AS r WHERE r.instrument_id = c.instrument_id) AS relayed
FROM commit_log AS c GROUP BY instrument_id
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """What of an instrument is stored."""

    trades: int
    sequences: int
    first: int
    last: int

    @property
    def whole(self) -> bool:
        """Whether every sequence from the first to the last is there once."""
        return self.trades == self.sequences == self.last - self.first + 1


class Emitted(Protocol):
    """What venues have traded."""

    def between(self, key: InstrumentKey, first: int, last: int) -> TradeBatch:
        """The trades of these sequences, both included."""


class Verdict:
    """Reads the database of the run; collects what is wrong."""

    def __init__(self, database: Database, markets: Emitted, expected_letters: Collection[str] = ()) -> None:
        """`expected_letters`: kinds of dead letters that the venue has earned."""
        self._database = database
        self._markets = markets
        self._expected_letters = expected_letters
        self.wrong: list[str] = []

    async def stored(self) -> Mapping[InstrumentKey, Stored]:
        async with self._database.driver() as driver:
            rows = {row["instrument_id"]: row for row in await driver.fetch(_COUNTS)}
        instruments = await Instruments(self._database).by_ids([InstrumentId(key) for key in rows])
        return {
            instruments[InstrumentId(key)].key: Stored(row["trades"], row["sequences"], row["first"], row["last"])
            for key, row in rows.items()
        }

    async def relayed(self) -> bool:
        """Whether every commit was published."""
        async with self._database.driver() as driver:
            return all(row["relayed"] == row["version"] for row in await driver.fetch(_HOLES))

    async def dirty(self) -> int:
        async with self._database.driver() as driver:
            return int(await driver.fetchval("SELECT count(*) FROM dirty_range"))

    async def check(self) -> None:
        """Trades against the markets, candles against the trades, the log against itself."""
        instruments = await Instruments(self._database).by_keys(list(await self.stored()))
        for key, stored in (await self.stored()).items():
            await self._check_trades(instruments[key], stored)
            for interval in STORED:
                await self._check_candles(instruments[key], interval)
        async with self._database.driver() as driver:
            for row in await driver.fetch(_HOLES):
                if not row["last"] == row["commits"] == row["version"]:
                    self.wrong.append(f"the commit log has holes: {dict(row)}")
            for row in await driver.fetch("SELECT kind, count(*) AS letters FROM dead_letter GROUP BY kind"):
                if row["kind"] not in self._expected_letters:
                    self.wrong.append(f"{row['letters']} dead letters of kind {row['kind']}")

    async def _check_trades(self, instrument: Instrument, stored: Stored) -> None:
        if not stored.whole:
            self.wrong.append(f"{instrument.key}: {stored} has holes or repetitions")
            return
        async with self._database.transaction() as driver:
            cursor = await driver.cursor(
                "SELECT sequence, ts, price, size, side FROM trade WHERE instrument_id = $1 ORDER BY sequence",
                instrument.id,
            )
            first = stored.first
            while rows := await cursor.fetch(50_000):
                self._compare(instrument, first, rows)
                first += len(rows)

    def _compare(self, instrument: Instrument, first: int, rows: list[asyncpg.Record]) -> None:
        made = self._markets.between(instrument.key, first, first + len(rows) - 1).trades()
        for trade, row in zip(made, rows, strict=True):
            numbers = (row["sequence"], row["price"], row["size"], row["side"])
            # REST gives milliseconds: a time may have been cut
            cut = 0 <= microseconds(trade.ts) - microseconds(row["ts"]) < 1000
            if numbers != (trade.sequence, trade.price, trade.size, SIDE_CODES[trade.side]) or not cut:
                self.wrong.append(f"{instrument.key}: stored {tuple(row)}, the venue has {trade}")
                return

    async def _check_candles(self, instrument: Instrument, interval: Interval) -> None:
        statement = _RECOMPUTED.format(bucket=bucket_of(interval.duration))
        async with self._database.driver() as driver:
            expected = await driver.fetch(statement, instrument.id)
        found = await self._candles(instrument, interval)
        names = ("open", "high", "low", "close", "volume", "quote_volume", "trade_count", "taker_buy_volume")
        for row in expected:
            candle = found.pop(row["bucket"], None)
            shown = [row[name] for name in names]
            if candle is None or [Decimal(getattr(candle, name)) for name in names] != shown:
                self.wrong.append(f"{instrument.key} {interval} {row['bucket']}: {candle}, recomputed {shown}")
                return
        if found:
            self.wrong.append(f"{instrument.key} {interval}: {len(found)} candles without trades")

    async def _candles(self, instrument: Instrument, interval: Interval) -> dict[datetime, object]:
        """All candles of the interval by their open times."""
        store = Candles(self._database, SystemClock())
        query = CandleQuery(interval.duration, PAGE, CandleOrigin.TRADES)
        page = (await store.read([instrument.id], query))[instrument.id]
        assert not page.more, "the run was too long for one page"
        return {candle.open_time: candle for candle in page.rows}
