"""Days as published, and the factors of splits and dividends: stored here, read as candles with all the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from candlewick.domain.commit import CommitKind
from candlewick.domain.day import DayCandle, Factor, Spelling
from candlewick.domain.market import InstrumentId
from candlewick.domain.raw import DeadLetter
from candlewick.domain.time import Window
from candlewick.ports import DayDelivery, Outcome
from candlewick.storage import leases, versions
from candlewick.storage.dead_letters import keep_letters
from candlewick.storage.engine import Database, Driver
from candlewick.storage.merging import WIDEN
from candlewick.storage.raw import save_progress
from candlewick.storage.series import DAYS_CODE

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_COLUMNS: Final = ("open_time", "open", "high", "low", "close", "volume")
_PUBLISHED: Final = """
CREATE TEMPORARY TABLE IF NOT EXISTS published_day (
    open_time timestamptz, open numeric, high numeric, low numeric, close numeric, volume numeric
) ON COMMIT DELETE ROWS
"""
_PUT_DAYS: Final = f"""
WITH merged AS (
    INSERT INTO candle_day AS kept (instrument_id, source, {", ".join(_COLUMNS)}, revision, version)
    SELECT $1::int, $4::text, {", ".join(_COLUMNS)}, 0, $2::bigint FROM published_day ORDER BY open_time
    ON CONFLICT (instrument_id, open_time) DO UPDATE SET
        source = excluded.source, open = excluded.open, high = excluded.high, low = excluded.low,
        close = excluded.close, volume = excluded.volume,
        revision = kept.revision + (kept.open_time < $3)::int, version = excluded.version
    WHERE (kept.open, kept.high, kept.low, kept.close, kept.volume)
        IS DISTINCT FROM (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume)
      AND NOT EXISTS (SELECT FROM commit_log AS later
                      WHERE later.instrument_id = $1 AND later.version = kept.version AND later.raw_id > $5)
    RETURNING open_time
),{WIDEN.format(origin=DAYS_CODE)}
SELECT count(*) AS stored, min(open_time) AS first_open, max(open_time) AS last_open FROM merged
"""
_PUT_FACTORS: Final = """
WITH put AS (
    INSERT INTO factor AS kept (instrument_id, source, day, price_factor, split_factor, reference_price)
    SELECT $1::int, $2::text, * FROM unnest($3::date[], $4::numeric[], $5::numeric[], $6::numeric[])
    ON CONFLICT (instrument_id, day) DO UPDATE SET
        source = excluded.source, price_factor = excluded.price_factor, split_factor = excluded.split_factor,
        reference_price = excluded.reference_price
    WHERE (kept.price_factor, kept.split_factor, kept.reference_price)
        IS DISTINCT FROM (excluded.price_factor, excluded.split_factor, excluded.reference_price)
      AND NOT EXISTS (SELECT FROM commit_log AS later
                      WHERE later.instrument_id = $1 AND later.kind = 1 AND later.raw_id > $7)
    RETURNING day
)
SELECT count(*) FROM put
"""
_PUT_SPELLINGS: Final = """
WITH put AS (
    INSERT INTO symbol_alias AS kept (instrument_id, symbol, valid_from, valid_to)
    SELECT $1::int, symbol, coalesce(since, '-infinity'), until
    FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[]) AS said (symbol, since, until)
    ON CONFLICT (instrument_id, symbol, valid_from) DO UPDATE SET valid_to = excluded.valid_to
    WHERE kept.valid_to <> excluded.valid_to
    RETURNING symbol
)
SELECT count(*) FROM put
"""
_SPAN: Final = "SELECT first_open, last_open FROM candle_span WHERE instrument_id = $1 AND origin = $2"
_FACTORS: Final = """
SELECT instrument_id, day, price_factor, split_factor, reference_price
FROM unnest($1::int[]) AS piece (piece_id)
CROSS JOIN LATERAL (
    SELECT * FROM factor WHERE instrument_id = piece_id ORDER BY day DESC LIMIT $2
) AS newest
ORDER BY instrument_id, day
"""


class Days:
    """The DayStore on PostgreSQL."""

    def __init__(self, database: Database, allowed_lateness: timedelta = timedelta(seconds=5)) -> None:
        self._database = database
        self._lateness = allowed_lateness

    async def put(self, delivery: DayDelivery) -> Outcome:
        """See `DayStore.put`. Factors and names count as rows; a change of factors is a change of all days."""
        lines, instrument_id = delivery.lines, delivery.instrument.id
        async with self._database.transaction() as driver:
            version = (await versions.lock(driver, instrument_id)).version
            await leases.hold(driver, delivery.lease)
            days, changed = await self._put_days(driver, delivery, version)
            factors = await _put_factors(driver, delivery)
            if factors:
                changed = await _span(driver, instrument_id)
            spellings = await _put_spellings(driver, instrument_id, lines.spellings)
            await keep_letters(driver, _letters(delivery))
            if changed is not None:
                await versions.commit(
                    driver, instrument_id, version, CommitKind.PUBLISHED, changed.start, changed.end - _MINUTE,
                    rows=days + factors, raw_id=delivery.raw_id,
                )  # fmt: skip
            if delivery.progress is not None:
                await save_progress(driver, delivery.progress, instrument_id)
        rows = len(lines.candles) + len(lines.factors) + len(lines.spellings)
        stored = days + factors + spellings
        return Outcome(stored, repeated=rows - stored, dead=len(lines.rejected))

    async def factors(
        self, instrument_ids: Sequence[InstrumentId], limit: int
    ) -> Mapping[InstrumentId, Sequence[Factor]]:
        """See `DayStore.factors`."""
        found: dict[InstrumentId, list[Factor]] = {key: [] for key in instrument_ids}
        async with self._database.driver() as driver:
            for row in await driver.fetch(_FACTORS, list(found), limit):
                found[row["instrument_id"]].append(
                    Factor(row["day"], row["price_factor"], row["split_factor"], row["reference_price"])
                )
        return found

    async def _put_days(self, driver: Driver, delivery: DayDelivery, version: int) -> tuple[int, Window | None]:
        """How many of the days were new, and where they lie."""
        newest = {candle.day: candle for candle in delivery.lines.candles}
        if not newest:
            return 0, None
        await driver.execute(_PUBLISHED)
        await driver.copy_records_to_table("published_day", records=map(_record, newest.values()), columns=_COLUMNS)
        closed_before = delivery.received_at - self._lateness - _DAY
        put = await driver.fetchrow(
            _PUT_DAYS, delivery.instrument.id, version, closed_before, delivery.source, delivery.raw_id
        )
        assert put is not None
        return put["stored"], _window(put["first_open"], put["last_open"]) if put["stored"] else None


async def _put_factors(driver: Driver, delivery: DayDelivery) -> int:
    """How many of the factors were new."""
    newest = {factor.day: factor for factor in delivery.lines.factors}
    if not newest:
        return 0
    rows = [(each.day, each.price_factor, each.split_factor, each.reference_price) for each in newest.values()]
    columns = (list(column) for column in zip(*sorted(rows), strict=True))
    return int(await driver.fetchval(_PUT_FACTORS, delivery.instrument.id, delivery.source, *columns, delivery.raw_id))


async def _put_spellings(driver: Driver, instrument_id: InstrumentId, spellings: Sequence[Spelling]) -> int:
    """How many of the names were new, or hold until another day than before."""
    newest = {(each.symbol, each.since): each for each in spellings}
    rows = [(each.symbol, _midnight(each.since), _midnight(each.until, _DAY)) for each in newest.values()]
    if not rows:
        return 0
    columns = (list(column) for column in zip(*rows, strict=True))
    return int(await driver.fetchval(_PUT_SPELLINGS, instrument_id, *columns))


def _midnight(day: date | None, later: timedelta = timedelta()) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC) + later


async def _span(driver: Driver, instrument_id: InstrumentId) -> Window | None:
    """From the first day that there is to the last; None if there is none."""
    row = await driver.fetchrow(_SPAN, instrument_id, DAYS_CODE)
    return _window(*row) if row is not None else None


def _window(first_open: datetime, last_open: datetime) -> Window:
    return Window(first_open, last_open + _DAY)


def _record(candle: DayCandle) -> tuple[object, ...]:
    return tuple(getattr(candle, column) for column in _COLUMNS)


def _letters(delivery: DayDelivery) -> list[DeadLetter]:
    subject = str(delivery.instrument.key)
    return [DeadLetter.of_row(delivery.source, subject, row, delivery.raw_id) for row in delivery.lines.rejected]
