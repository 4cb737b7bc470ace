"""Quotes: what changed of them, each once, with the minute candles made of them, in one transaction a delivery.

A source says the same again and again. Of such a run the first quote is stored, with the time until which it was seen
(`seen_until`): a different quote that comes late, from within the run, cuts it in two, and what was said after it is
said again there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from candlewick.domain.commit import CommitKind
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page, QuoteQuery
from candlewick.domain.quote import Quote, QuoteRow
from candlewick.domain.raw import DeadLetter
from candlewick.ports import Outcome, QuoteDelivery
from candlewick.storage import leases, versions
from candlewick.storage.dead_letters import keep_letters
from candlewick.storage.engine import Database, Driver
from candlewick.storage.merging import MARK
from candlewick.storage.quote_reads import read_latest, read_quotes
from candlewick.storage.raw import save_progress

MINUTE: Final = timedelta(minutes=1)
_FIGURES: Final = ("price", "bid", "ask", "market_cap", "volume_24h", "change_24h")
_COLUMNS: Final = ("ts", *_FIGURES)

_OBSERVED: Final = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS observed (
    ts timestamptz, {", ".join(f"{figure} numeric" for figure in _FIGURES)}
) ON COMMIT DELETE ROWS
"""

_OUTDATED: Final = """
DELETE FROM observed AS o
WHERE (SELECT received_at FROM quote
       WHERE instrument_id = $1 AND source = $2 AND ts = o.ts AND ts >= $4 AND ts <= $5) > $3
"""
"""What was said later about the same moment counts, whenever it is delivered."""

_SPAN: Final = "SELECT first_ts, last_ts FROM quote_span WHERE instrument_id = $1 AND source = $2"
_BEFORE: Final = """
SELECT ts FROM quote WHERE instrument_id = $1 AND source = $2 AND ts <= $3 AND ts >= $4 ORDER BY ts DESC LIMIT 1
"""
_FIRST_STEP: Final = timedelta(hours=1)
_GROWTH: Final = 16

_SAID: Final = f"ARRAY[{', '.join(_FIGURES)}]"
_EXCLUDED: Final = ", ".join(f"excluded.{figure}" for figure in _FIGURES)
_DIFFERS: Final = f"({', '.join(f'kept.{figure}' for figure in _FIGURES)}) IS DISTINCT FROM ({_EXCLUDED})"

# What is said along the line of time: what was observed now; of what is stored, the quotes at and before that, and
# once more the end of each one's run. A quote is written where it differs from the one before it, or from what is
# stored under its time. No join but by key: the planner knows nothing of a batch, and would go through it for each row.
_SETTLE: Final = f"""
WITH near AS MATERIALIZED (
    SELECT DISTINCT ON (kept.ts) kept.ts, kept.said, kept.seen_until
    FROM observed AS o
    CROSS JOIN LATERAL (
        SELECT ts, {_SAID} AS said, seen_until
        FROM quote
        WHERE instrument_id = $1 AND source = $2 AND ts <= o.ts AND ts >= $3 AND ts <= $4
        ORDER BY ts DESC
        LIMIT 1
    ) AS kept
    ORDER BY kept.ts
),
line AS (
    SELECT ts, {_SAID} AS observed, NULL::numeric[] AS kept, NULL::numeric[] AS echo, NULL::timestamptz AS seen_until
    FROM observed
    UNION ALL
    SELECT ts, NULL, said, NULL, seen_until FROM near
    UNION ALL
    SELECT seen_until, NULL, NULL, said, NULL FROM near WHERE seen_until > ts
),
moment AS (
    SELECT ts, coalesce(max(observed), max(kept), max(echo)) AS said, max(observed) IS NOT NULL AS fresh,
           max(kept) AS kept, max(seen_until) AS seen_until
    FROM line
    GROUP BY ts
),
judged AS (
    SELECT *, said IS DISTINCT FROM coalesce(kept, lag(said) OVER (ORDER BY ts)) AS written FROM moment
),
numbered AS (
    SELECT *, count(*) FILTER (WHERE kept IS NOT NULL OR written) OVER (ORDER BY ts) AS run FROM judged
),
ended AS (
    SELECT ts, CASE WHEN written THEN said ELSE kept END AS said, fresh, written, seen_until,
           max(ts) OVER (PARTITION BY run) AS run_end
    FROM numbered
),
put AS (
    INSERT INTO quote AS kept (instrument_id, ts, source, {", ".join(_FIGURES)}, seen_until, version, received_at)
    SELECT $1, ts, $2, said[1], said[2], said[3], said[4], said[5], said[6], run_end, $5, $6
    FROM ended
    WHERE written OR run_end <> seen_until
    ORDER BY ts
    ON CONFLICT (instrument_id, ts, source) DO UPDATE SET
        ({", ".join(_FIGURES)}) = ROW({_EXCLUDED}), seen_until = excluded.seen_until,
        version = CASE WHEN {_DIFFERS} THEN excluded.version ELSE kept.version END,
        received_at = CASE WHEN {_DIFFERS} THEN excluded.received_at ELSE kept.received_at END
    RETURNING ts, version = $5 AS written, price IS NOT NULL OR (bid IS NOT NULL AND ask IS NOT NULL) AS priced
),
span AS (
    INSERT INTO quote_span AS kept (instrument_id, source, first_ts, last_ts, last_priced, last_seen)
    SELECT $1, $2, min(ts), max(ts), max(ts) FILTER (WHERE priced), (SELECT max(ts) FROM observed)
    FROM put WHERE written HAVING count(*) > 0
    ON CONFLICT (instrument_id, source) DO UPDATE SET
        first_ts = least(kept.first_ts, excluded.first_ts), last_ts = greatest(kept.last_ts, excluded.last_ts),
        last_priced = greatest(kept.last_priced, excluded.last_priced),
        last_seen = greatest(kept.last_seen, excluded.last_seen)
),
seen AS (
    UPDATE quote_span SET last_seen = newest.ts FROM (SELECT max(ts) AS ts FROM observed) AS newest
    WHERE instrument_id = $1 AND source = $2 AND last_seen < newest.ts AND NOT EXISTS (SELECT FROM put WHERE written)
)
SELECT (SELECT count(*) FROM put WHERE written) AS written,
       (SELECT count(*) FROM ended WHERE fresh AND written) AS stored,
       (SELECT array_agg(DISTINCT date_trunc('minute', ts, 'UTC')) FROM put WHERE written) AS minutes,
       (SELECT array_agg(ts) FROM put WHERE written AND NOT priced) AS unpriced
"""

_REPRICE: Final = """
UPDATE quote_span SET last_priced = (
    SELECT max(ts) FROM quote
    WHERE instrument_id = $1 AND source = $2 AND ts < quote_span.last_priced
      AND (price IS NOT NULL OR (bid IS NOT NULL AND ask IS NOT NULL)))
WHERE instrument_id = $1 AND source = $2 AND last_priced = ANY($3)
"""
"""For a correction that takes back the last price."""

# $1 instrument, $2 version, $3 minutes, $4 minutes that open before it are closed, $5 and $6 bounds of the minutes.
# The mid is exact: half of a number needs one place more, which a division would round away.
_FOLD: Final = f"""
WITH said AS (
    SELECT touched.minute, q.ts, q.source, coalesce(q.price, trim_scale((q.bid + q.ask) * 0.5)) AS price
    FROM unnest($3::timestamptz[]) AS touched (minute)
    CROSS JOIN LATERAL (
        SELECT ts, source, price, bid, ask FROM quote
        WHERE instrument_id = $1 AND ts >= touched.minute AND ts < touched.minute + INTERVAL '1 minute'
          AND ts >= $5 AND ts < $6::timestamptz
        OFFSET 0  -- by key, minute by minute: as a join it might go through all minutes for each quote
    ) AS q
    WHERE q.price IS NOT NULL OR (q.bid IS NOT NULL AND q.ask IS NOT NULL)
),
minute_candle AS (
    SELECT minute, (array_agg(price ORDER BY ts, source))[1] AS open, max(price) AS high, min(price) AS low,
           (array_agg(price ORDER BY ts DESC, source DESC))[1] AS close
    FROM said
    GROUP BY minute
),
merged AS (
    INSERT INTO candle_m1 AS kept (instrument_id, origin, open_time, open, high, low, close, volume, revision, version)
    SELECT $1::int, 2, minute, open, high, low, close, 0, 0, $2::bigint FROM minute_candle ORDER BY minute
    ON CONFLICT (instrument_id, origin, open_time) DO UPDATE SET
        open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
        revision = kept.revision + (kept.open_time < $4)::int, version = excluded.version
    WHERE (kept.open, kept.high, kept.low, kept.close)
        IS DISTINCT FROM (excluded.open, excluded.high, excluded.low, excluded.close)
    RETURNING open_time
),{MARK.format(origin=2)}
SELECT count(*) FROM merged
"""

# $1 instrument, $2 version, $3 minutes, $4 and $5 bounds of them.
_TAKE_BACK: Final = f"""
WITH merged AS (
    DELETE FROM candle_m1 AS kept
    WHERE instrument_id = $1::int AND origin = 2 AND open_time = ANY($3::timestamptz[])
      AND open_time >= $4 AND open_time < $5
      AND (
          SELECT ts FROM quote
          WHERE instrument_id = $1 AND ts >= kept.open_time AND ts < kept.open_time + INTERVAL '1 minute'
            AND ts >= $4 AND ts < $5 AND (price IS NOT NULL OR (bid IS NOT NULL AND ask IS NOT NULL))
          LIMIT 1
      ) IS NULL
    RETURNING open_time
),{MARK.format(origin=2)}
SELECT count(*) FROM merged
"""
"""For a correction that takes back the only price of a minute."""


class Quotes:
    """The QuoteStore on PostgreSQL. `allowed_lateness`: how long after its end a minute may still change unrevised."""

    def __init__(self, database: Database, allowed_lateness: timedelta = timedelta(seconds=5)) -> None:
        self._database = database
        self._lateness = allowed_lateness

    async def put(self, delivery: QuoteDelivery) -> Outcome:
        """See `QuoteStore.put`. Of two quotes of one time in a delivery the later one counts."""
        quotes = {quote.ts: quote for quote in delivery.lines.quotes}
        async with self._database.transaction() as driver:
            version = (await versions.lock(driver, delivery.instrument.id)).version
            await leases.hold(driver, delivery.lease)
            stored = await self._store(driver, delivery, quotes, version) if quotes else 0
            await keep_letters(driver, _letters(delivery))
            if delivery.progress is not None:
                await save_progress(driver, delivery.progress, delivery.instrument.id)
        return Outcome(stored, len(delivery.lines.quotes) - stored, len(delivery.lines.rejected))

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: QuoteQuery
    ) -> Mapping[InstrumentId, Page[QuoteRow]]:
        """See `QuoteStore.read`."""
        return await read_quotes(self._database, instrument_ids, query)

    async def latest(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, QuoteRow]:
        """See `QuoteStore.latest`."""
        return await read_latest(self._database, instrument_ids)

    async def _store(
        self, driver: Driver, delivery: QuoteDelivery, quotes: Mapping[datetime, Quote], version: int
    ) -> int:
        """What of the quotes is new, and its candles, within a transaction that holds the instrument's lock."""
        settled = await _settle(driver, delivery, quotes, version)
        if settled["written"]:
            await self._fold(driver, delivery, sorted(settled["minutes"]), version)
            await versions.commit(
                driver, delivery.instrument.id, version, CommitKind.QUOTES, min(settled["minutes"]),
                max(settled["minutes"]), rows=settled["written"], raw_id=delivery.raw_id,
            )  # fmt: skip
        if settled["unpriced"]:
            minutes = sorted({ts.replace(second=0, microsecond=0) for ts in settled["unpriced"]})
            bounds = minutes[0], minutes[-1] + MINUTE
            await driver.execute(_TAKE_BACK, delivery.instrument.id, version, minutes, *bounds)
            await driver.execute(_REPRICE, delivery.instrument.id, delivery.source, settled["unpriced"])
        return int(settled["stored"])

    async def _fold(self, driver: Driver, delivery: QuoteDelivery, minutes: Sequence[datetime], version: int) -> None:
        """Make the minutes' candles anew from all quotes in them."""
        closed_before = delivery.received_at - self._lateness - MINUTE
        await driver.execute(
            _FOLD, delivery.instrument.id, version, minutes, closed_before, minutes[0], minutes[-1] + MINUTE
        )


async def _settle(
    driver: Driver, delivery: QuoteDelivery, quotes: Mapping[datetime, Quote], version: int
) -> asyncpg.Record:
    rows = [tuple(getattr(quote, column) for column in _COLUMNS) for quote in quotes.values()]
    await driver.execute(_OBSERVED)
    await driver.copy_records_to_table("observed", records=rows, columns=_COLUMNS)
    first, last = min(quotes), max(quotes)
    await driver.execute(_OUTDATED, delivery.instrument.id, delivery.source, delivery.received_at, first, last)
    before = await _before(driver, delivery.instrument.id, delivery.source, first)
    settled = await driver.fetchrow(
        _SETTLE, delivery.instrument.id, delivery.source, before, last, version, delivery.received_at
    )
    assert settled is not None
    await driver.execute("TRUNCATE observed")
    return settled


async def _before(driver: Driver, instrument_id: InstrumentId, source: str, moment: datetime) -> datetime:
    """The time of the source's stored quote at or before the moment; the moment itself, if there is none."""
    span = await driver.fetchrow(_SPAN, instrument_id, source)
    if span is None or moment < span["first_ts"]:
        return moment
    if span["last_ts"] <= moment:
        return span["last_ts"]  # type: ignore[no-any-return]
    step = _FIRST_STEP
    while True:
        start = max(span["first_ts"], moment - step)
        found: datetime | None = await driver.fetchval(_BEFORE, instrument_id, source, moment, start)
        if found is not None or start == span["first_ts"]:
            return found or moment
        step *= _GROWTH


def _letters(delivery: QuoteDelivery) -> list[DeadLetter]:
    subject = str(delivery.instrument.key)
    return [DeadLetter.of_row(delivery.source, subject, row, delivery.raw_id) for row in delivery.lines.rejected]
