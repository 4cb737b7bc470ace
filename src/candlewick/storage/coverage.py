"""What is covered: spans in which everything that the source has is here. And what is known of candles' windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.coverage import Knowledge
from candlewick.domain.market import InstrumentId
from candlewick.domain.ruler import LocalRuler
from candlewick.domain.time import Window, coalesce, within, without
from candlewick.storage.engine import Driver
from candlewick.storage.series import ORIGIN_CODES

_TRADES: Final = ORIGIN_CODES[CandleOrigin.TRADES]
_VENUE: Final = ORIGIN_CODES[CandleOrigin.VENUE]

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
_GAP, _SESSION, _CALENDAR = -1, -2, -3

_KNOWN: Final = f"""
WITH ruled AS (
    SELECT instrument.id, calendar
    FROM instrument
    JOIN venue ON venue.id = instrument.venue_id
    JOIN venue_calendar ON venue_calendar.venue = venue.code
        AND venue_calendar.asset_class IN ('', instrument.asset_class)
    WHERE instrument.id = ANY($1)
)
SELECT instrument_id, origin, start_time, end_time FROM (
    SELECT instrument_id, origin::int, start_time, end_time
    FROM covered WHERE instrument_id = ANY($1) AND start_time < $3 AND end_time > $2
    UNION ALL
    SELECT instrument_id, 0, since, greatest(ts, quiet_until)
    FROM live_position WHERE instrument_id = ANY($1) AND since < $3 AND greatest(ts, quiet_until) > greatest(since, $2)
    UNION ALL
    SELECT instrument_id, {_GAP}, start_time, end_time
    FROM gap WHERE instrument_id = ANY($1) AND state <> 'REPAIRED' AND start_time < $3 AND end_time > $2
    UNION ALL
    SELECT ruled.id, {_SESSION}, open_time, close_time
    FROM ruled JOIN trading_session USING (calendar) WHERE open_time < $3 AND close_time > $2
    UNION ALL
    SELECT ruled.id, {_CALENDAR}, known_from, known_until FROM ruled JOIN trading_calendar ON name = calendar
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


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one instrument's windows."""

    trades: Knowledge
    venue: Knowledge
    """Of the venue's own candles."""
    either: Knowledge


async def known_of(
    driver: Driver, bounds: Mapping[InstrumentId, Window], sessions: LocalRuler | None = None
) -> Mapping[InstrumentId, Known]:
    """What is known of each instrument within its bounds, or within the sessions of them: one look for all."""
    if not bounds:
        return {}
    start, end = min(each.start for each in bounds.values()), max(each.end for each in bounds.values())
    rows = await driver.fetch(_KNOWN, list(bounds), start, end)
    spans: dict[InstrumentId, dict[int, list[Window]]] = {key: {} for key in bounds}
    for key, kind, start_time, end_time in rows:
        spans[key].setdefault(kind, []).append(Window(start_time, end_time))
    if len(rows) == _MOST:
        cut_off: InstrumentId = rows[-1]["instrument_id"]
        spans = {key: found if key < cut_off else {} for key, found in spans.items()}
    asked = {window: [part for _, part in sessions.parts(window)] for window in bounds.values()} if sessions else {}
    return {key: _known(window, spans[key], asked.get(window)) for key, window in bounds.items()}


def _known(bounds: Window, spans: Mapping[int, Sequence[Window]], asked: Sequence[Window] | None) -> Known:
    """`asked`: the sessions that are asked for; what is missing outside does not matter."""
    trades, venue, gaps = spans.get(_TRADES, ()), spans.get(_VENUE, ()), spans.get(_GAP, ())
    sessions = None
    if calendar := spans.get(_CALENDAR):  # beyond what it knows there may be a session at any time
        sessions = [*spans.get(_SESSION, ()), *without(bounds, within(calendar, bounds))]
    if asked is not None:
        sessions = list(asked) if sessions is None else _common(asked, coalesce(sessions))
        gaps = _common(asked, coalesce(list(gaps)))
    return Known(
        Knowledge(bounds, trades, gaps, sessions),
        Knowledge(bounds, venue, (), sessions),
        Knowledge(bounds, [*trades, *venue], gaps, sessions),
    )


def _common(some: Sequence[Window], others: Sequence[Window]) -> list[Window]:
    """What lies in windows of both; those of each are in order and do not overlap."""
    common, at = [], 0
    for window in some:
        while at < len(others) and others[at].end <= window.start:
            at += 1
        for other in islice(others, at, None):
            if other.start >= window.end:
                break
            common.append(Window(max(window.start, other.start), min(window.end, other.end)))
    return common
