"""What comes next of a series of bars: from which checkpoint to go on, and the trades to go on with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import numpy as np

from candlewick.bars.stretch import MINUTES, TradedMinute, stretch
from candlewick.domain.bar_series import SeriesId
from candlewick.domain.batch import TradeBatch
from candlewick.domain.commit import CommitKind
from candlewick.domain.errors import TradesNotKept, TradesOutOfOrder
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import EPOCH, from_microseconds, microseconds
from candlewick.ports.bars import BarTurn
from candlewick.storage.bar_series import series_from
from candlewick.storage.engine import Driver
from candlewick.storage.trade_columns import TradeSpan, read_columns
from candlewick.storage.versions import KIND_CODES

MINUTE: Final = timedelta(minutes=1)
_TRADES: Final = KIND_CODES[CommitKind.TRADES]
_CORRECTION: Final = KIND_CODES[CommitKind.CORRECTION]

_SERIES: Final = """
SELECT series.*, instrument.key, newest.version AS newest, span.first_open, span.last_open
FROM bar_series AS series
JOIN instrument ON instrument.id = series.instrument_id
JOIN instrument_version AS newest ON newest.instrument_id = series.instrument_id
LEFT JOIN candle_span AS span ON span.instrument_id = series.instrument_id AND span.origin = 0
WHERE series.id = $1
"""
_CHECKPOINT: Final = """
SELECT number, version, bars, last_sequence, reached, state
FROM bar_checkpoint
WHERE series_id = $1 AND ($2::bigint IS NULL OR last_sequence < $2) AND ($3::timestamptz IS NULL OR reached < $3)
ORDER BY number DESC
LIMIT 1
"""
_COMMITTED: Final = f"""
SELECT min(start_time) AS since, min(start_time) FILTER (WHERE kind = {_CORRECTION}) AS corrected
FROM commit_log
WHERE instrument_id = $1 AND version > $2 AND version <= $3 AND kind IN ({_TRADES}, {_CORRECTION})
"""

# A minute that was last touched by an earlier commit has no new trade.
_LATE: Final = """
SELECT min(trade.sequence)
FROM candle_m1 AS touched
JOIN trade ON trade.instrument_id = $1 AND trade.minute = touched.open_time
    AND trade.minute >= $2
WHERE touched.instrument_id = $1 AND touched.origin = 0 AND touched.open_time >= $2
  AND touched.version > $3 AND touched.first_sequence <= $4
  AND trade.version > $3 AND trade.sequence <= $4
  AND ($5::timestamptz IS NULL OR trade.ts >= $5) AND ($6::timestamptz IS NULL OR trade.ts < $6)
"""
_MINUTES: Final = """
SELECT open_time, first_sequence, last_sequence, trade_count
FROM candle_m1
WHERE instrument_id = $1 AND origin = 0 AND open_time >= $2 AND open_time < $3
  AND ($4::bigint IS NULL OR last_sequence > $4 OR open_time > $5)
ORDER BY open_time
LIMIT $6
"""

# Beyond a checkpoint there is the bar that is not full. After a rewind there are also full ones that end before what
# changed, until building comes to them.
_KEPT: Final = """
SELECT coalesce(min(number) FILTER (WHERE NOT complete OR last_sequence >= $3), max(number) + 1, $2)
FROM bar
WHERE series_id = $1 AND number >= $2
"""


async def read_turn(driver: Driver, series_id: SeriesId, most: int) -> BarTurn | None:
    """See `BarStore.turn`. Within a snapshot."""
    row = await driver.fetchrow(_SERIES, series_id)
    if row is None:
        return None
    begin = await _beginning(driver, row)
    return await _Reading(driver, row, begin).turn(most)


@dataclass(frozen=True, slots=True)
class _Begin:
    """Where to go on from."""

    checkpoint: asyncpg.Record | None
    since: datetime | None
    """The first minute that changed after it; None: none did."""
    kept: int
    rewound: bool = False

    @property
    def last(self) -> int | None:
        return self.checkpoint["last_sequence"] if self.checkpoint else None

    @property
    def reached(self) -> datetime | None:
        return self.checkpoint["reached"] if self.checkpoint else None

    @property
    def bars(self) -> int:
        return self.checkpoint["bars"] if self.checkpoint else 0


async def _beginning(driver: Driver, row: asyncpg.Record) -> _Begin:
    """The last checkpoint, or the last one before the first trade that changed since then."""
    newest = await driver.fetchrow(_CHECKPOINT, row["id"], None, None)
    if newest is None:
        return _Begin(None, None, 0)
    since, corrected = await _committed(driver, row, newest["version"])
    unchanged = since is None and corrected is None
    if corrected is not None and corrected > newest["reached"]:
        corrected = None
    late = None
    if since is not None:
        late = await driver.fetchval(
            _LATE, row["instrument_id"], since, newest["version"], newest["last_sequence"],
            row["start_time"], row["end_time"],
        )  # fmt: skip
    if late is None and corrected is None:
        # What changed may lie beyond the checkpoint, in bars that a rewind of several turns has not come to yet.
        kept = await _kept(driver, row, newest["bars"], None) if unchanged else newest["bars"]
        return _Begin(newest, since, kept)
    former = await driver.fetchrow(_CHECKPOINT, row["id"], late, corrected)
    if former is not None:
        since, _ = await _committed(driver, row, former["version"])
    bars = former["bars"] if former else 0
    kept = bars if corrected is not None else await _kept(driver, row, bars, late)
    return _Begin(former, since if former else None, kept, rewound=True)


async def _kept(driver: Driver, row: asyncpg.Record, bars: int, late: int | None) -> int:
    """How many bars stand as they are, of which `bars` do for sure."""
    return int(await driver.fetchval(_KEPT, row["id"], bars, late))


async def _committed(driver: Driver, row: asyncpg.Record, version: int) -> tuple[datetime | None, datetime | None]:
    """The first minutes that commits of trades, and of corrections, changed after that version."""
    found = await driver.fetchrow(_COMMITTED, row["instrument_id"], version, row["newest"])
    assert found is not None
    return found["since"], found["corrected"]


class _Reading:
    """The trades after a beginning."""

    def __init__(self, driver: Driver, row: asyncpg.Record, begin: _Begin) -> None:
        self._driver = driver
        self._row = row
        self._begin = begin
        self._instrument_id = InstrumentId(row["instrument_id"])

    async def turn(self, most: int) -> BarTurn:
        start, end = self._bounds()
        batch, more, after = TradeBatch.of([]), start < end, start
        while more and not len(batch):
            batch, after, more = await self._read(after, end, most)
        begin, row = self._begin, self._row
        return BarTurn(
            series=series_from(row),
            turn=row["turn"],
            state=begin.checkpoint["state"] if begin.checkpoint else None,
            bars=begin.bars,
            kept=begin.kept,
            batch=batch,
            checkpoint=begin.checkpoint["number"] if begin.checkpoint else 0,
            version=row["newest"],
            reached=self._reached(batch),
            more=more,
            part=self._part(after, end) if more else 1.0,
            rewound=begin.rewound,
        )

    def _bounds(self) -> tuple[datetime, datetime]:
        """The minutes that can have trades to go on with."""
        first, last = self._row["first_open"], self._row["last_open"]
        if first is None:
            return EPOCH, EPOCH
        begin = self._begin
        if begin.reached is not None:
            first = max(first, begin.reached if begin.since is None else min(begin.reached, begin.since))
        start_time, end_time = self._row["start_time"], self._row["end_time"]
        start = first if start_time is None else max(first, start_time.replace(second=0, microsecond=0))
        end = last + MINUTE
        return start, end if end_time is None else min(end, end_time)

    async def _read(self, start: datetime, end: datetime, most: int) -> tuple[TradeBatch, datetime, bool]:
        """Some trades from `start` on, the first minute after them, and whether it has any."""
        last, reached = self._begin.last, self._begin.reached
        rows = await self._driver.fetch(_MINUTES, self._instrument_id, start, end, last, reached, MINUTES)
        minutes = [TradedMinute(*row) for row in rows]
        if last is not None and reached is not None:
            _check_order(minutes, last, reached)
        if not minutes:
            return TradeBatch.of([]), end, False
        whole = len(minutes) < MINUTES
        taken = stretch(minutes, most, whole=whole)
        if not taken:
            raise TradesOutOfOrder(minutes[-1].first, minutes[0].last)
        after = minutes[taken - 1].open_time + MINUTE
        span = TradeSpan(self._instrument_id, minutes[0].open_time, after, self._begin.last)
        batch = await read_columns(self._driver, span)
        self._check_all_kept(minutes[:taken], batch)
        return self._within_series(batch), after, taken < len(minutes) or not whole

    def _check_all_kept(self, minutes: list[TradedMinute], batch: TradeBatch) -> None:
        """Minutes of which no trade was taken before must have all that their candles count."""
        last = self._begin.last
        expected = sum(each.trades for each in minutes if last is None or each.first > last)
        if len(batch) < expected:
            raise TradesNotKept(
                self._row["key"], minutes[0].open_time, minutes[-1].open_time + MINUTE, expected, len(batch)
            )

    def _within_series(self, batch: TradeBatch) -> TradeBatch:
        start, end = self._row["start_time"], self._row["end_time"]
        if start is not None:
            batch = batch[batch.ts >= microseconds(start)]
        return batch if end is None else batch[batch.ts < microseconds(end)]

    def _reached(self, batch: TradeBatch) -> datetime | None:
        before = self._begin.reached
        if not len(batch):
            return before
        newest = from_microseconds(int(np.max(batch.minute)))
        return newest if before is None else max(before, newest)

    def _part(self, after: datetime, end: datetime) -> float:
        first = self._row["first_open"]
        if self._row["start_time"] is not None:
            first = max(first, self._row["start_time"])
        return min(max((after - first) / (end - first), 0.0), 1.0) if end > first else 1.0


def _check_order(minutes: list[TradedMinute], last: int, reached: datetime) -> None:
    """Of a minute after the last one no trade was taken: all of them come after the last trade."""
    for minute in minutes:
        if minute.open_time > reached and minute.first <= last:
            raise TradesOutOfOrder(minute.first, last)
