"""The rows of gaps: what is missing is told by the trades that are here, in a transaction that has the instrument."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Self

import asyncpg

from candlewick.domain.gap import Gap, GapEvidence, GapId, GapState, NewGap
from candlewick.domain.job import Lease
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import MICROSECOND, Window
from candlewick.storage.engine import Driver

MINUTE: Final = timedelta(minutes=1)
MANY: Final = 20_000
"""Sequences of which minute candles are looked at first."""
MOST_RUNS: Final = 100
"""Gaps that one hole falls into. What has more pieces ends in a gap that holds the rest, and some of what is here."""

GAP_COLUMNS: Final = """
id, instrument_id, source, evidence, state, start_time, end_time, first_sequence, last_sequence, missing, reason, tries,
retry_at, detected_at, closed_at"""

_UNFILLED: Final = f"""
SELECT {GAP_COLUMNS} FROM gap
WHERE instrument_id = $1 AND state <> 'REPAIRED' AND start_time <= $3 AND end_time >= $2
ORDER BY start_time, id
"""
_ENDED_AT: Final = f"""
SELECT {GAP_COLUMNS} FROM gap
WHERE instrument_id = $1 AND state = 'REPAIRED' AND last_sequence = $2 AND start_time <= $3 AND end_time >= $3
ORDER BY id DESC LIMIT 1
"""

# Trades of consecutive sequences may be a little out of order in time.
_MISSING: Final = f"""
WITH here AS (
    SELECT sequence, ts FROM trade
    WHERE instrument_id = $1 AND sequence BETWEEN $2 AND $3
      AND minute >= $4::timestamptz - INTERVAL '2 minutes' AND minute < $5::timestamptz + INTERVAL '1 minute'
    UNION ALL SELECT $2 - 1, $4
    UNION ALL SELECT $3 + 1, $5 - INTERVAL '1 microsecond'
),
tape AS (
    SELECT sequence, ts, lead(sequence) OVER follows AS next_sequence, lead(ts) OVER follows AS next_ts
    FROM here WINDOW follows AS (ORDER BY sequence)
)
SELECT sequence + 1 AS first, next_sequence - 1 AS last, least(ts, next_ts) AS start_time,
       greatest(ts, next_ts) + INTERVAL '1 microsecond' AS end_time
FROM tape
WHERE next_sequence > sequence + 1
ORDER BY sequence
LIMIT {MOST_RUNS}
"""
_WHOLE_MINUTES: Final = """
SELECT open_time, first_sequence, last_sequence FROM candle_m1
WHERE instrument_id = $1 AND origin = 0 AND first_sequence >= $2 AND last_sequence <= $3
  AND trade_count = last_sequence - first_sequence + 1
  AND open_time >= $4::timestamptz - INTERVAL '2 minutes' AND open_time < $5::timestamptz + INTERVAL '1 minute'
ORDER BY first_sequence
"""
_BETWEEN: Final = """
WITH tape AS (
    SELECT sequence, ts, lead(sequence) OVER follows AS next_sequence, lead(ts) OVER follows AS next_ts
    FROM trade
    WHERE instrument_id = $1 AND minute >= $2 AND minute < $3 AND sequence >= 0
    WINDOW follows AS (ORDER BY sequence)
)
SELECT sequence + 1 AS first, next_sequence - 1 AS last, least(ts, next_ts) AS start_time,
       greatest(ts, next_ts) + INTERVAL '1 microsecond' AS end_time
FROM tape
WHERE next_sequence > sequence + 1
ORDER BY sequence
LIMIT 1000
"""
_ANY_TRADE: Final = """
SELECT EXISTS (
    SELECT FROM trade
    WHERE instrument_id = $1 AND minute >= date_trunc('minute', $2::timestamptz, 'UTC') AND minute < $3
      AND ts > $2 AND ts < $3)
"""
_LACKING: Final = """
SELECT EXISTS (
    SELECT FROM candle_m1 AS venue
    LEFT JOIN candle_m1 AS ours
        ON ours.instrument_id = $1 AND ours.origin = 0 AND ours.open_time = venue.open_time
        AND ours.open_time >= $2 AND ours.open_time < $3
    WHERE venue.instrument_id = $1 AND venue.origin = 1 AND venue.open_time >= $2 AND venue.open_time < $3
      AND venue.volume > coalesce(ours.volume, 0))
"""
_INSERT: Final = f"""
INSERT INTO gap (instrument_id, source, evidence, state, start_time, end_time, first_sequence, last_sequence, missing,
                 reason, tries, retry_at, lease_name, lease_token, detected_at, closed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
RETURNING {GAP_COLUMNS}
"""
_LENGTHEN: Final = f"""
UPDATE gap SET start_time = $2, end_time = $3, first_sequence = $4, last_sequence = $5, missing = $6,
    state = CASE WHEN state = 'REPAIRING' THEN state ELSE $7 END, closed_at = NULL, retry_at = $8,
    lease_name = CASE WHEN state = 'REPAIRING' THEN lease_name ELSE $9 END,
    lease_token = CASE WHEN state = 'REPAIRING' THEN lease_token ELSE $10::bigint END
WHERE id = $1 RETURNING {GAP_COLUMNS}
"""
_END: Final = f"""
UPDATE gap SET state = $2, missing = $3, reason = $4, tries = $5, retry_at = $6, closed_at = $7,
               lease_name = NULL, lease_token = NULL
WHERE id = $1 RETURNING {GAP_COLUMNS}
"""


@dataclass(frozen=True, slots=True)
class Missing:
    """Consecutive sequences that are not here, both included, or a window without sequences."""

    window: Window
    first: int | None = None
    last: int | None = None

    @classmethod
    def of(cls, gap: Gap | NewGap) -> Self:
        """The whole of it."""
        return cls(gap.window, gap.first_sequence, gap.last_sequence)

    @property
    def count(self) -> int | None:
        return None if self.first is None or self.last is None else self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class End:
    """What a gap came to."""

    state: GapState
    now: datetime
    reason: str | None = None
    tries: int = 0
    retry_at: datetime | None = None

    @property
    def closed_at(self) -> datetime | None:
        return self.now if self.state in {GapState.REPAIRED, GapState.UNREPAIRABLE} else None


async def unfilled_near(driver: Driver, instrument_id: InstrumentId, window: Window) -> list[Gap]:
    """Gaps in which something is missing that overlap the window or touch it."""
    return [gap_of(row) for row in await driver.fetch(_UNFILLED, instrument_id, window.start, window.end)]


async def ended_before(driver: Driver, instrument_id: InstrumentId, span: Missing) -> Gap | None:
    """The repaired gap that ended where the span begins: nothing came by itself in between, so it goes on."""
    if span.first is None:
        return None
    row = await driver.fetchrow(_ENDED_AT, instrument_id, span.first - 1, span.window.start)
    return None if row is None else gap_of(row)


async def holes_between(driver: Driver, instrument_id: InstrumentId, window: Window) -> list[Missing]:
    """What is missing between the trades of the window, the first thousand holes."""
    return [_missing(row) for row in await driver.fetch(_BETWEEN, instrument_id, window.start, window.end)]


async def missing_of(driver: Driver, instrument_id: InstrumentId, span: Missing) -> list[Missing]:
    """What of the span's sequences is not here, in order."""
    if span.first is None or span.last is None:
        return [span]
    found: list[Missing] = []
    for piece in await _doubtful(driver, instrument_id, span):
        bounds = (piece.first, piece.last, piece.window.start, piece.window.end)
        found += [_missing(row) for row in await driver.fetch(_MISSING, instrument_id, *bounds)]
        if len(found) >= MOST_RUNS:
            last = found[MOST_RUNS - 1]
            window = Window(last.window.start, max(last.window.end, span.window.end))
            return [*found[: MOST_RUNS - 1], replace(last, window=window, last=span.last)]
    return found


async def _doubtful(driver: Driver, instrument_id: InstrumentId, span: Missing) -> list[Missing]:
    """The span without the minutes whose candles say that they have each of their sequences: hours are soon counted."""
    assert span.first is not None
    assert span.last is not None
    if span.last - span.first < MANY:
        return [span]
    pieces, first, start = [], span.first, span.window.start
    rows = await driver.fetch(_WHOLE_MINUTES, instrument_id, span.first, span.last, span.window.start, span.window.end)
    for row in rows:
        if row["first_sequence"] < first:
            continue
        end = max(row["open_time"] + MINUTE, start + MICROSECOND)
        if first < row["first_sequence"]:
            pieces.append(Missing(Window(start, end), first, row["first_sequence"] - 1))
        first, start = row["last_sequence"] + 1, row["open_time"]
    if first <= span.last:
        pieces.append(Missing(Window(start, max(span.window.end, start + MICROSECOND)), first, span.last))
    return pieces


async def has_trades(driver: Driver, instrument_id: InstrumentId, window: Window) -> bool:
    """Whether something was traded within the window."""
    return bool(await driver.fetchval(_ANY_TRADE, instrument_id, window.start, window.end))


async def lacks_volume(driver: Driver, instrument_id: InstrumentId, window: Window) -> bool:
    """Whether a minute of the venue's own holds more than ours."""
    return bool(await driver.fetchval(_LACKING, instrument_id, window.start, window.end))


async def insert(driver: Driver, new: NewGap, span: Missing, end: End, lease: Lease | None) -> Gap:
    """Make a row of it."""
    row = await driver.fetchrow(
        _INSERT,
        new.instrument_id,
        new.source,
        new.evidence,
        end.state,
        span.window.start,
        span.window.end,
        span.first,
        span.last,
        span.count,
        end.reason,
        end.tries,
        end.retry_at,
        lease.name if lease else None,
        lease.token if lease else None,
        end.now,
        end.closed_at,
    )
    assert row is not None
    return gap_of(row)


async def lengthen(driver: Driver, gap: Gap, span: Missing, end: End, lease: Lease | None) -> Gap:
    """Let the row have the span as well. Unless it is being repaired, it goes on as `end` says."""
    whole = together(gap, span)
    missing = None if span.count is None else (gap.missing or 0) + span.count
    row = await driver.fetchrow(
        _LENGTHEN,
        gap.id,
        whole.window.start,
        whole.window.end,
        whole.first,
        whole.last,
        missing,
        end.state,
        end.retry_at,
        lease.name if lease else None,
        lease.token if lease else None,
    )
    assert row is not None
    return gap_of(row)


async def finish(driver: Driver, gap: Gap, end: End) -> Gap:
    """Write down what it came to; nobody repairs it any more."""
    missing = 0 if end.state is GapState.REPAIRED and gap.missing is not None else gap.missing
    row = await driver.fetchrow(_END, gap.id, end.state, missing, end.reason, end.tries, end.retry_at, end.closed_at)
    assert row is not None
    return gap_of(row)


def sequences_without(span: Missing, known: Iterable[Gap]) -> list[Missing]:
    """The span less the sequences that the gaps have already."""
    rest, first = [], span.first
    assert first is not None
    assert span.last is not None
    for gap in sorted(known, key=lambda gap: gap.first_sequence or 0):
        if gap.first_sequence is None or gap.last_sequence is None or gap.last_sequence < first:
            continue
        if gap.first_sequence > span.last:
            break
        if first < gap.first_sequence:
            rest.append(replace(span, first=first, last=gap.first_sequence - 1))
        first = gap.last_sequence + 1
    if first <= span.last:
        rest.append(replace(span, first=first))
    return rest


def adjoining(span: Missing, evidence: GapEvidence, known: Iterable[Gap]) -> Gap | None:
    """The untried gap that the span makes longer: by its sequences, or by its time if the evidence is the same."""
    for gap in known:
        if gap.tries or gap.state is GapState.UNREPAIRABLE:
            continue
        if span.first is None or span.last is None:
            if gap.first_sequence is None and gap.evidence is evidence and _touch(gap.window, span.window):
                return gap
        elif span.first - 1 == gap.last_sequence or span.last + 1 == gap.first_sequence:
            return gap
    return None


def _touch(one: Window, other: Window) -> bool:
    return one.start <= other.end and other.start <= one.end


def _missing(row: asyncpg.Record) -> Missing:
    return Missing(Window(row["start_time"], row["end_time"]), row["first"], row["last"])


def together(gap: Gap, span: Missing) -> Missing:
    """The gap with what adjoins it."""
    window = Window(min(gap.window.start, span.window.start), max(gap.window.end, span.window.end))
    firsts = [number for number in (gap.first_sequence, span.first) if number is not None]
    lasts = [number for number in (gap.last_sequence, span.last) if number is not None]
    return Missing(window, min(firsts, default=None), max(lasts, default=None))


def whole_minutes(window: Window) -> Window:
    """The minutes that the window has a part of."""
    start = window.start.replace(second=0, microsecond=0)
    end = window.end.replace(second=0, microsecond=0)
    return Window(start, end if end == window.end else end + MINUTE)


def gap_of(row: asyncpg.Record) -> Gap:
    """The row as the domain knows it."""
    return Gap(
        id=GapId(row["id"]),
        instrument_id=InstrumentId(row["instrument_id"]),
        source=row["source"],
        evidence=GapEvidence(row["evidence"]),
        window=Window(row["start_time"], row["end_time"]),
        state=GapState(row["state"]),
        detected_at=row["detected_at"],
        first_sequence=row["first_sequence"],
        last_sequence=row["last_sequence"],
        missing=row["missing"],
        reason=row["reason"],
        tries=row["tries"],
        retry_at=row["retry_at"],
        closed_at=row["closed_at"],
    )
