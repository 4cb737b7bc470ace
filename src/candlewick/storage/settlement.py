"""Whether what is kept of a span will stay as it is, as far as that can be known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window
from candlewick.storage.engine import Driver

_UNSETTLED: Final = """
SELECT EXISTS (
    SELECT FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS asked (asked_id, asked_start, asked_end)
    WHERE EXISTS (
        SELECT FROM dirty_range
        WHERE instrument_id = asked_id AND start_time < asked_end AND end_time > asked_start)
    OR EXISTS (
        SELECT FROM gap
        WHERE instrument_id = asked_id AND start_time < asked_end AND end_time > asked_start
          AND state IN ('OPEN', 'REPAIRING'))
)
"""


async def is_clean_and_whole(driver: Driver, spans: Mapping[InstrumentId, Window]) -> bool:
    """Whether nothing of these spans is dirty, and no gap in them may yet be repaired."""
    starts, ends = ([getattr(window, name) for window in spans.values()] for name in ("start", "end"))
    return not await driver.fetchval(_UNSETTLED, list(spans), starts, ends)
