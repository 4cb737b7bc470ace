"""The one path of corrections: a window's trades and their candles are taken out, others put in, in one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from candlewick.domain.commit import CommitKind
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import EPOCH, Window
from candlewick.ports import Delivery
from candlewick.storage import versions
from candlewick.storage.engine import Driver
from candlewick.storage.merging import MARK, MINUTE_COLUMNS

MINUTE: Final = timedelta(minutes=1)

_FORMER = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS former (open_time timestamptz PRIMARY KEY, revision bigint, {
    ", ".join(f"{column} {'bigint' if column == 'trade_count' else 'numeric'}" for column in MINUTE_COLUMNS.split(", "))
}) ON COMMIT DELETE ROWS
"""

_REMEMBER = f"""
INSERT INTO former
SELECT open_time, revision, {MINUTE_COLUMNS}
FROM candle_m1
WHERE instrument_id = $1 AND origin = 0 AND open_time >= $2 AND open_time < $3
"""

_TAKE_OUT = f"""
WITH gone AS (
    DELETE FROM trade WHERE instrument_id = $1 AND minute >= $3 AND minute < $4 RETURNING 1
),
merged AS (
    DELETE FROM candle_m1
    WHERE instrument_id = $1 AND origin = 0 AND open_time >= $3 AND open_time < $4
    RETURNING open_time
),{MARK.format(origin=0)}
SELECT (SELECT count(*) FROM gone) AS gone, min(open_time) AS first_open, max(open_time) AS last_open FROM merged
"""

_KEPT = ", ".join(f"kept.{column}" for column in MINUTE_COLUMNS.split(", "))
_THEN = ", ".join(f"former.{column}" for column in MINUTE_COLUMNS.split(", "))
_COMPARE = f"""
UPDATE candle_m1 AS kept
SET revision = coalesce(
    (SELECT former.revision + (({_KEPT}) IS DISTINCT FROM ({_THEN}))::int
     FROM former WHERE former.open_time = kept.open_time),
    1)
WHERE instrument_id = $1 AND origin = 0 AND open_time >= $2 AND open_time < $3
"""


_NOTE: Final = "UPDATE archive_file SET replaced_from = $2, replaced_to = $3 WHERE raw_id = $1"


def replaceable(window: Window, floor: datetime | None) -> Window | None:
    """The minutes of the window whose trades are kept whole. Older candles stay: nothing here could make them again."""
    if floor is None:
        return window
    start = max(window.start, floor + (EPOCH - floor) % MINUTE)
    return Window(start, window.end) if start < window.end else None


async def take_out(driver: Driver, delivery: Delivery, window: Window, version: int) -> int:
    """Remove what the instrument has in the window, remembering the candles for `compare`; the version that is next."""
    instrument_id = delivery.instrument.id
    await driver.execute(_NOTE, delivery.raw_id, window.start, window.end)
    await driver.execute(_FORMER)
    await driver.execute("TRUNCATE former")
    await driver.execute(_REMEMBER, instrument_id, window.start, window.end)
    taken = await driver.fetchrow(_TAKE_OUT, instrument_id, version, window.start, window.end)
    if taken is None or taken["first_open"] is None:
        return version
    await versions.commit(
        driver, instrument_id, version, CommitKind.CORRECTION, taken["first_open"], taken["last_open"],
        rows=taken["gone"], raw_id=delivery.raw_id,
    )  # fmt: skip
    return version + 1


async def compare(driver: Driver, instrument_id: InstrumentId, window: Window) -> None:
    """Count a revision for each candle that is not what it was; the others keep theirs."""
    await driver.execute(_COMPARE, instrument_id, window.start, window.end)
