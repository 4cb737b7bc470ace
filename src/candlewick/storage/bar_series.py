"""Series of event bars: what there is, what is made, and what waits to be carried on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg

from candlewick.domain.bar import EventBarSpec
from candlewick.domain.bar_series import MOST_SERIES, BarSeries, BuildBarsRequest, SeriesId
from candlewick.domain.errors import BarsBeginElsewhere, TooManySeries
from candlewick.domain.market import InstrumentId
from candlewick.storage.engine import Driver

_COLUMNS: Final = "id, instrument_id, spec, start_time, end_time, bars, reached, ready, error"
_OF_INSTRUMENTS: Final = f"""
SELECT {_COLUMNS} FROM bar_series WHERE instrument_id = ANY($1) ORDER BY instrument_id, spec
"""
_FIND: Final = f"""
SELECT {_COLUMNS}, restarted_by FROM bar_series WHERE instrument_id = $1 AND spec = $2 FOR UPDATE
"""
_MAKE: Final = f"""
INSERT INTO bar_series (instrument_id, spec, start_time, end_time, restarted_by) VALUES ($1, $2, $3, $4, $5)
RETURNING {_COLUMNS}
"""
_LENGTHEN: Final = f"""
UPDATE bar_series SET end_time = $2, error = NULL, turn = turn + 1, version = 0,
    ready = ready AND end_time IS NOT DISTINCT FROM $2
WHERE id = $1
RETURNING {_COLUMNS}
"""
_EMPTY: Final = f"""
UPDATE bar_series
SET start_time = $2, end_time = $3, restarted_by = $4, turn = turn + 1, bars = 0, most_bars = 0, version = 0,
    reached = NULL, ready = false, error = NULL
WHERE id = $1
RETURNING {_COLUMNS}
"""
_BEHIND: Final = """
SELECT series.id
FROM bar_series AS series JOIN instrument_version AS newest USING (instrument_id)
WHERE series.ready AND series.version < newest.version
ORDER BY series.version - newest.version, series.id
LIMIT $1
"""
_GIVE_UP: Final = "UPDATE bar_series SET ready = false, error = $2, turn = turn + 1 WHERE id = $1"


async def series_of(
    driver: Driver, instrument_ids: Sequence[InstrumentId]
) -> Mapping[InstrumentId, Sequence[BarSeries]]:
    """See `BarReads.series`."""
    found: dict[InstrumentId, list[BarSeries]] = {}
    for row in await driver.fetch(_OF_INSTRUMENTS, list(instrument_ids)):
        found.setdefault(row["instrument_id"], []).append(series_from(row))
    return found


async def begin(
    driver: Driver, instrument_id: InstrumentId, request: BuildBarsRequest, restarted_by: str | None
) -> BarSeries:
    """See `BarStore.begin`. In the transaction that `driver` is in."""
    key = await driver.fetchval("SELECT key FROM instrument WHERE id = $1 FOR KEY SHARE", instrument_id)
    await driver.execute("SELECT pg_advisory_xact_lock(hashtextextended('bar_series', $1))", instrument_id)
    kept = await driver.fetchrow(_FIND, instrument_id, str(request.spec))
    if kept is None:
        return await _make(driver, instrument_id, key, request, restarted_by)
    if request.restart and restarted_by != kept["restarted_by"]:
        return await _restart(driver, kept["id"], request, restarted_by)
    if request.start is not None and request.start != kept["start_time"]:
        raise BarsBeginElsewhere(key, kept["start_time"], request.start)
    end = _later(kept["end_time"], request.end)
    if end == kept["end_time"] and kept["error"] is None:
        return series_from(kept)
    return series_from(_found(await driver.fetchrow(_LENGTHEN, kept["id"], end)))


async def behind(driver: Driver, limit: int) -> Sequence[SeriesId]:
    """See `BarStore.behind`."""
    return [SeriesId(row["id"]) for row in await driver.fetch(_BEHIND, limit)]


async def give_up(driver: Driver, series_id: SeriesId, reason: str) -> None:
    """See `BarStore.give_up`."""
    await driver.execute(_GIVE_UP, series_id, reason)


def series_from(row: asyncpg.Record) -> BarSeries:
    """The row of a statement that selects the columns of a series."""
    return BarSeries(
        id=SeriesId(row["id"]),
        instrument_id=InstrumentId(row["instrument_id"]),
        spec=EventBarSpec.parse(row["spec"]),
        start=row["start_time"],
        end=row["end_time"],
        bars=row["bars"],
        reached=row["reached"],
        ready=row["ready"],
        error=row["error"],
    )


async def _make(
    driver: Driver, instrument_id: InstrumentId, key: str, request: BuildBarsRequest, restarted_by: str | None
) -> BarSeries:
    if len((await series_of(driver, [instrument_id])).get(instrument_id, ())) >= MOST_SERIES:
        raise TooManySeries(key, MOST_SERIES)
    made = await driver.fetchrow(
        _MAKE, instrument_id, str(request.spec), request.start, request.end, restarted_by if request.restart else None
    )
    return series_from(_found(made))


async def _restart(
    driver: Driver, series_id: SeriesId, request: BuildBarsRequest, restarted_by: str | None
) -> BarSeries:
    await driver.execute("DELETE FROM bar WHERE series_id = $1", series_id)
    await driver.execute("DELETE FROM bar_checkpoint WHERE series_id = $1", series_id)
    return series_from(_found(await driver.fetchrow(_EMPTY, series_id, request.start, request.end, restarted_by)))


def _later(kept: datetime | None, asked: datetime | None) -> datetime | None:
    """The later end; none at all is the latest."""
    return None if kept is None or asked is None else max(kept, asked)


def _found(row: asyncpg.Record | None) -> asyncpg.Record:
    assert row is not None  # its row is locked
    return row
