"""What is covered: spans in which everything that the source has is here."""

from __future__ import annotations

from typing import Final

from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window
from candlewick.storage.engine import Driver

# One row less or as many as before: what touches the window becomes one with it.
_COVER: Final = """
WITH touching AS (
    DELETE FROM covered WHERE instrument_id = $1 AND start_time <= $3 AND end_time >= $2 RETURNING start_time, end_time
)
INSERT INTO covered (instrument_id, start_time, end_time)
SELECT $1, least($2, min(start_time)), greatest($3, max(end_time)) FROM touching
"""
_IS_COVERED: Final = """
SELECT EXISTS (SELECT FROM covered WHERE instrument_id = $1 AND start_time <= $2 AND end_time >= $3)
"""


async def is_covered(driver: Driver, instrument_id: InstrumentId, window: Window) -> bool:
    """Whether one span has all of the window."""
    return bool(await driver.fetchval(_IS_COVERED, instrument_id, window.start, window.end))


async def cover(driver: Driver, instrument_id: InstrumentId, window: Window) -> None:
    """Add the window, in a transaction that holds the instrument's lock: so spans never overlap."""
    if not await is_covered(driver, instrument_id, window):
        await driver.execute(_COVER, instrument_id, window.start, window.end)
