"""What is covered: spans in which everything that the source has is here. And what is known of candles' windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from candlewick.domain.coverage import Knowledge
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window
from candlewick.storage.engine import Driver
from candlewick.storage.series import ORIGIN_CODES

# One row less or as many as before: what touches the window becomes one with it.
_COVER: Final = """
WITH touching AS (
    DELETE FROM covered WHERE instrument_id = $1 AND origin = $4 AND start_time <= $3 AND end_time >= $2
    RETURNING start_time, end_time
)
INSERT INTO covered (instrument_id, origin, start_time, end_time)
SELECT $1, $4, least($2, min(start_time)), greatest($3, max(end_time)) FROM touching
"""
_IS_COVERED: Final = """
SELECT EXISTS (
    SELECT FROM covered WHERE instrument_id = $1 AND origin = $4 AND start_time <= $2 AND end_time >= $3)
"""

_MOST: Final = 50_000
"""Spans and gaps that one page is judged by. Where there are more, the instruments that come last count as unknown."""
_GAP: Final = -1

_KNOWN: Final = f"""
SELECT instrument_id, origin, start_time, end_time FROM (
    SELECT instrument_id, origin::int, start_time, end_time
    FROM covered WHERE instrument_id = ANY($1) AND start_time < $3 AND end_time > $2
    UNION ALL
    SELECT instrument_id, 0, since, greatest(ts, quiet_until)
    FROM live_position WHERE instrument_id = ANY($1) AND since < $3 AND greatest(ts, quiet_until) > greatest(since, $2)
    UNION ALL
    SELECT instrument_id, {_GAP}, start_time, end_time
    FROM gap WHERE instrument_id = ANY($1) AND state <> 'REPAIRED' AND start_time < $3 AND end_time > $2
) AS known
ORDER BY instrument_id
LIMIT {_MOST}
"""


async def is_covered(driver: Driver, instrument_id: InstrumentId, window: Window, origin: int = 0) -> bool:
    """Whether one span has all of the window."""
    return bool(await driver.fetchval(_IS_COVERED, instrument_id, window.start, window.end, origin))


async def cover(driver: Driver, instrument_id: InstrumentId, window: Window, origin: int = 0) -> None:
    """Add the window, in a transaction that holds the instrument's lock: so spans never overlap."""
    if not await is_covered(driver, instrument_id, window, origin):
        await driver.execute(_COVER, instrument_id, window.start, window.end, origin)


type Known = Mapping[tuple[InstrumentId, int], Knowledge]
"""By instrument and origin: of trades and of the venue's own candles."""


async def known_of(driver: Driver, bounds: Mapping[InstrumentId, Window]) -> Known:
    """What is known of each instrument within its bounds: one look for all."""
    if not bounds:
        return {}
    start, end = min(each.start for each in bounds.values()), max(each.end for each in bounds.values())
    rows = await driver.fetch(_KNOWN, list(bounds), start, end)
    spans: dict[tuple[InstrumentId, int], list[Window]] = {}
    for key, origin, start_time, end_time in rows:
        spans.setdefault((key, origin), []).append(Window(start_time, end_time))
    unread = rows[-1]["instrument_id"] if len(rows) == _MOST else None
    known = {}
    for key, window in bounds.items():
        for origin in ORIGIN_CODES.values():
            is_read = unread is None or key < unread
            covered = spans.get((key, origin), []) if is_read else []
            gaps = spans.get((key, _GAP), []) if origin == 0 else []
            known[key, origin] = Knowledge(window, covered, gaps)
    return known
