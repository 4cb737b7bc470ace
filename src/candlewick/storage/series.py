"""What an instrument can answer with: its span, its origins and what of it is dirty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.hours import ALWAYS
from candlewick.domain.interval import Interval, largest_dividing
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery
from candlewick.domain.ruler import Ruler
from candlewick.domain.time import Window, coalesce
from candlewick.storage.engine import Driver

ORIGIN_CODES: Final = {CandleOrigin.TRADES: 0, CandleOrigin.VENUE: 1, CandleOrigin.QUOTES: 2}
ORIGINS: Final = {code: origin for origin, code in ORIGIN_CODES.items()}
VENUE: Final = ORIGIN_CODES[CandleOrigin.VENUE]
DAYS_CODE: Final = 3
"""In `candle_span`: the days in `candle_day`. They are the venue's own, but no minute candles stand for them."""

_SERIES: Final = """
SELECT instrument_id, origin, first_open AS start_time, last_open AS end_time
FROM candle_span WHERE instrument_id = ANY($1) AND origin = ANY($2)
UNION ALL
SELECT instrument_id, NULL, start_time, end_time FROM dirty_range WHERE instrument_id = ANY($1)
"""


@dataclass(frozen=True, slots=True)
class Series:
    """What one instrument can answer with: from its first candle to its last, and what of it is dirty."""

    window: Window
    origins: frozenset[int]
    dirty: Sequence[Window] = field(default=())
    days: bool = False
    """Whether there are days as published too: more venue candles than `origins` says."""


async def series_of(
    driver: Driver, instrument_ids: Sequence[InstrumentId], query: CandleQuery, ruler: Ruler
) -> dict[InstrumentId, Series]:
    """Where each instrument has candles that the query can mean. One without any is left out."""
    spans: dict[InstrumentId, list[asyncpg.Record]] = {}
    dirty: dict[InstrumentId, list[Window]] = {}
    for row in await driver.fetch(_SERIES, list(instrument_ids), origins_of(query)):
        if row["origin"] is None:
            dirty.setdefault(row["instrument_id"], []).append(Window(row["start_time"], row["end_time"]))
        else:
            spans.setdefault(row["instrument_id"], []).append(row)
    found = {}
    for key, rows in spans.items():
        window = _asked(query, ruler, min(row["start_time"] for row in rows), max(row["end_time"] for row in rows))
        if window is not None:
            origin_codes = frozenset(row["origin"] for row in rows)
            found[key] = Series(
                window, origin_codes - {DAYS_CODE}, coalesce(dirty.get(key, [])), days=DAYS_CODE in origin_codes
            )
    return found


def origins_of(query: CandleQuery) -> list[int]:
    """The codes of the candles that the query can mean.

    Candles that are no whole minutes can only be made of trades; published days only show in those of whole days.
    """
    origins = set(ORIGINS) if query.origin is None else {ORIGIN_CODES[query.origin]}
    if VENUE in origins and query.hours == ALWAYS and Interval.D1.duration.divides(query.duration):
        origins.add(DAYS_CODE)
    if largest_dividing(query.duration) is Interval.S1:
        origins &= {ORIGIN_CODES[CandleOrigin.TRADES]}
    return sorted(origins)


def _asked(query: CandleQuery, ruler: Ruler, first: datetime, last: datetime) -> Window | None:
    """From the first candle's open time to the last one's end, as far as there are candles and the query wants them."""
    start, end = ruler.floor(first), ruler.after(ruler.floor(last + timedelta(minutes=1) - timedelta(microseconds=1)))
    if query.window is not None:  # clipped first: no candle opens at the ends of the calendar
        start, end = max(start, min(end, query.window.start)), max(start, min(end, query.window.end))
        start, end = ruler.ceil(start), ruler.ceil(end)
    return Window(start, end) if start < end else None
