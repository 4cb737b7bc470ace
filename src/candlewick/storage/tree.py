"""The candle tree: which table holds which interval, and the one refresher that keeps it in step with the minutes.

The dirty ledger says which minutes changed since. A refresh folds them upwards, level by level, then clears exactly
those ledger rows whose version is still the one it saw; a read in between takes the finer candles there.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import asyncpg

from candlewick.domain.interval import PARENT, Duration, Interval
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window, coalesce
from candlewick.storage.engine import Database, Driver

_LOCK: Final = 0x74726565  # "tree": one refresher in a database
ROWS_A_PASS: Final = 2_000
_NEARBY: Final = timedelta(hours=2)
"""Windows of a continuous aggregate that are closer than this are refreshed in one call."""

_FOLDED: Final = """
(min(ARRAY[extract(epoch FROM open_time), open]))[2] AS open, max(high) AS high, min(low) AS low,
(max(ARRAY[extract(epoch FROM open_time), close]))[2] AS close, {volume} AS volume,
CASE WHEN count(quote_volume) = count(*) THEN sum(quote_volume) END AS quote_volume,
CASE WHEN count(trade_count) = count(*) THEN sum(trade_count)::bigint END AS trade_count,
CASE WHEN count(taker_buy_volume) = count(*) THEN sum(taker_buy_volume) END AS taker_buy_volume,
CASE WHEN count(taker_buy_quote_volume) = count(*) THEN sum(taker_buy_quote_volume) END AS taker_buy_quote_volume,
sum(revision)::bigint AS revision, max(version) AS version"""
FOLDED: Final = _FOLDED.format(volume="sum(volume)")
"""Candles into a wider one, in portable SQL: what the continuous aggregates of migration 0002 do, to the last digit."""
FOLDED_DAYS: Final = _FOLDED.format(volume="CASE WHEN count(volume) = count(*) THEN sum(volume) END")
"""The same where a volume may be missing, as of days that were published without one."""

_DUE: Final = """
SELECT instrument_id, start_time, end_time, version
FROM dirty_range
WHERE marked_at <= now() - $1::interval
ORDER BY marked_at
LIMIT $2
"""

# A row that a writer holds is about to get another version. Waiting for it could end in a deadlock.
_CLEAR: Final = """
WITH settled AS (
    SELECT instrument_id, start_time, end_time
    FROM dirty_range
    JOIN unnest($1::int[], $2::timestamptz[], $3::timestamptz[], $4::bigint[])
        AS seen (instrument_id, start_time, end_time, version) USING (instrument_id, start_time, end_time, version)
    FOR UPDATE OF dirty_range SKIP LOCKED
)
DELETE FROM dirty_range AS kept
USING settled
WHERE (kept.instrument_id, kept.start_time, kept.end_time)
    = (settled.instrument_id, settled.start_time, settled.end_time)
"""

_IS_AGGREGATES: Final = "SELECT relkind = 'v' FROM pg_class WHERE oid = 'candle_m5'::regclass"
"""What the migration made of the tree: the licence may have changed since."""

_TAKE_OUT: Final = "DELETE FROM {table} WHERE instrument_id = $1 AND open_time >= $2 AND open_time < $3"
_ROLL_UP: Final = """
INSERT INTO {table} (instrument_id, origin, open_time, open, high, low, close, volume, quote_volume, trade_count,
                     taker_buy_volume, taker_buy_quote_volume, revision, version)
SELECT instrument_id, origin, {bucket} AS bucket, {folded}
FROM {parent}
WHERE instrument_id = $1 AND open_time >= $2 AND open_time < $3
GROUP BY instrument_id, origin, bucket
"""


def table_of(interval: Interval) -> str:
    """The table or view that holds the candles of an interval."""
    return f"candle_{interval.lower()}"


def bucket_of(duration: Duration) -> str:
    """SQL for the open time of the candle of `duration` that `open_time` falls into, in UTC."""
    if duration.months:
        utc = "open_time AT TIME ZONE 'UTC'"
        index = f"(12 * extract(year FROM {utc}) + extract(month FROM {utc}) - 24001)"
        first = f"{duration.months} * floor({index} / {duration.months})"
        return f"TIMESTAMPTZ '2000-01-01 00:00:00+00' + ({first} * INTERVAL '1 month')"
    seconds = duration.span // timedelta(seconds=1)
    return f"date_bin(INTERVAL '{seconds} seconds', open_time, TIMESTAMPTZ '2000-01-03 00:00:00+00')"


async def refresh(database: Database, *, older_than: timedelta) -> int:
    """One pass: the ledger rows that were marked at least `older_than` ago; how many it cleared. Serialised."""
    async with database.exclusive(_LOCK) as driver:
        due = await driver.fetch(_DUE, older_than, ROWS_A_PASS)
        if not due:
            return 0
        if await driver.fetchval(_IS_AGGREGATES):
            await _refresh_aggregates(driver, due)
        else:
            await _refresh_rollups(driver, due)
        cleared = await driver.execute(_CLEAR, *(list(column) for column in zip(*due, strict=True)))
        return int(cleared.rpartition(" ")[2])


async def _refresh_aggregates(driver: Driver, due: Iterable[asyncpg.Record]) -> None:
    """A continuous aggregate is refreshed for all instruments at once, outside a transaction.

    Months are forced: where a change ends on the first of a month, as daily candles do, TimescaleDB 2.28 forgets
    that month (the invalidation's end is taken for exclusive when buckets vary in width).
    """
    dirty = [Window(row["start_time"], row["end_time"]) for row in due]
    for interval in PARENT:
        for window in _joined(aligned(dirty, interval.duration)):
            await driver.execute(
                f"CALL refresh_continuous_aggregate('{table_of(interval)}', "
                f"'{window.start.isoformat()}'::timestamptz, '{window.end.isoformat()}'::timestamptz, "
                f"force => {str(interval is Interval.MO1).lower()})"
            )


async def _refresh_rollups(driver: Driver, due: Iterable[asyncpg.Record]) -> None:
    """A rollup is made again for the instrument that changed, all levels in one transaction."""
    dirty: dict[InstrumentId, list[Window]] = {}
    for row in due:
        dirty.setdefault(row["instrument_id"], []).append(Window(row["start_time"], row["end_time"]))
    for instrument_id, windows in dirty.items():
        async with driver.transaction():
            for interval, parent in PARENT.items():
                statement = _ROLL_UP.format(
                    table=table_of(interval),
                    parent=table_of(parent),
                    bucket=bucket_of(interval.duration),
                    folded=FOLDED,
                )
                for window in aligned(windows, interval.duration):
                    span = (instrument_id, window.start, window.end)
                    await driver.execute(_TAKE_OUT.format(table=table_of(interval)), *span)
                    await driver.execute(statement, *span)


def aligned(windows: Iterable[Window], duration: Duration) -> list[Window]:
    """The whole candles of `duration` that the windows touch, coalesced."""
    return coalesce([Window(duration.floor(window.start), duration.ceil(window.end)) for window in windows])


def _joined(windows: list[Window]) -> list[Window]:
    padded = coalesce([Window(window.start, window.end + _NEARBY) for window in windows])
    return [Window(window.start, window.end - _NEARBY) for window in padded]
