"""Backtests as they are kept: requests and summaries as JSON, trades as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg
import orjson

from candlewick.backtest.documents import (
    curve_document,
    curve_of_document,
    request_document,
    request_of,
    summary_document,
    summary_of,
)
from candlewick.domain.backtest import (
    ENGINE,
    Backtest,
    BacktestFilter,
    BacktestId,
    EquityPoint,
    ExitReason,
    Fill,
    NewBacktest,
    RoundTrip,
)
from candlewick.domain.job import JobId, Lease
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import Page
from candlewick.storage import leases
from candlewick.storage.engine import Database, Driver

_LARGEST: Final = 2**63 - 1
_PUT: Final = """
INSERT INTO backtest (job_id, step, instrument_id, strategy, revision, engine, request, summary, curve)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::json, $8::text::json, $9::text::json)
ON CONFLICT (job_id, step) DO NOTHING
RETURNING id
"""
_OF_STEP: Final = "SELECT id FROM backtest WHERE job_id = $1 AND step = $2"
_TRADE: Final = (
    "backtest_id", "number", "quantity", "entry_candle", "entry_time", "entry_price", "entry_fee", "exit_candle",
    "exit_time", "exit_price", "exit_fee", "reason", "profit", "gain", "candles",
)  # fmt: skip
_SELECT: Final = """
SELECT backtest.id, backtest.job_id, backtest.instrument_id, backtest.revision, backtest.engine, backtest.created_at,
       backtest.request::text AS request, backtest.summary::text AS summary
FROM backtest
"""
_BY_IDS: Final = _SELECT + "WHERE backtest.id = ANY($1)"
_OF_JOBS: Final = _SELECT + "WHERE backtest.job_id = ANY($1) ORDER BY backtest.job_id, backtest.step"
_PAGE: Final = (
    _SELECT
    + """
JOIN instrument ON instrument.id = backtest.instrument_id
JOIN venue ON venue.id = instrument.venue_id
JOIN asset AS base ON base.id = instrument.base_id
JOIN asset AS quote ON quote.id = instrument.quote_id
WHERE ($1::text IS NULL OR (venue.code, base.code, quote.code) = ($1, $2, $3))
  AND ($4::text IS NULL OR backtest.strategy = $4) AND ($5::bigint IS NULL OR backtest.job_id = $5)
  AND backtest.id < $6 AND backtest.id > $7
ORDER BY backtest.id {direction}
LIMIT $8
"""
)
_CURVES: Final = "SELECT id, curve::text AS curve FROM backtest WHERE id = ANY($1)"
_TRADES: Final = f"""
SELECT {", ".join(_TRADE)} FROM backtest_trade
WHERE backtest_id = $1 AND number > $2 AND number < $3
ORDER BY number {{direction}}
LIMIT $4
"""


class StoredBacktests:
    """The BacktestStore on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, new: NewBacktest, lease: Lease | None = None) -> Backtest:
        """See `BacktestStore.keep`: result and trades in one transaction."""
        job_id, step = new.step or (None, None)
        async with self._database.transaction() as driver:
            await leases.hold(driver, lease)
            found = await driver.fetchval(_PUT, job_id, step, *_columns(new))
            if found is None:
                found = await driver.fetchval(_OF_STEP, job_id, step)
            else:
                await _put_trades(driver, found, new.result.trades)
            return (await _read(driver, _BY_IDS, [found]))[0]

    async def by_ids(self, ids: Sequence[BacktestId]) -> Mapping[BacktestId, Backtest]:
        """See `BacktestStore.by_ids`."""
        async with self._database.driver() as driver:
            return {each.id: each for each in await _read(driver, _BY_IDS, list(ids))}

    async def of_jobs(self, job_ids: Sequence[JobId]) -> Mapping[JobId, Sequence[Backtest]]:
        """See `BacktestStore.of_jobs`."""
        found: dict[JobId, list[Backtest]] = {job_id: [] for job_id in job_ids}
        async with self._database.driver() as driver:
            for each in await _read(driver, _OF_JOBS, list(found)):
                assert each.job_id is not None  # asked for by it
                found[each.job_id].append(each)
        return found

    async def backtests(
        self,
        where: BacktestFilter,
        first: int,
        after: BacktestId | None,
        before: BacktestId | None = None,
        *,
        backwards: bool = False,
    ) -> Page[Backtest]:
        """See `BacktestStore.backtests`."""
        key = where.instrument
        named = (key.venue, key.base, key.quote) if key else (None, None, None)
        below = _LARGEST if after is None else after
        above = -1 if before is None else before
        statement = _PAGE.format(direction="ASC" if backwards else "DESC")
        async with self._database.driver() as driver:
            rows = await _read(driver, statement, *named, where.strategy, where.job_id, below, above, first + 1)
        kept = rows[:first]
        return Page(kept[::-1] if backwards else kept, more=len(rows) > first)

    async def curves(self, ids: Sequence[BacktestId]) -> Mapping[BacktestId, Sequence[EquityPoint]]:
        """See `BacktestStore.curves`."""
        async with self._database.driver() as driver:
            rows = await driver.fetch(_CURVES, list(ids))
        return {BacktestId(row["id"]): curve_of_document(orjson.loads(row["curve"])) for row in rows}

    async def trades(
        self,
        backtest_id: BacktestId,
        first: int,
        after: int | None,
        before: int | None = None,
        *,
        backwards: bool = False,
    ) -> Page[RoundTrip]:
        """See `BacktestStore.trades`."""
        statement = _TRADES.format(direction="DESC" if backwards else "ASC")
        above, below = (0 if after is None else after), (2**31 - 1 if before is None else before)
        async with self._database.driver() as driver:
            rows = [_trade(row) for row in await driver.fetch(statement, backtest_id, above, below, first + 1)]
        kept = rows[:first]
        return Page(kept[::-1] if backwards else kept, more=len(rows) > first)


def _columns(new: NewBacktest) -> tuple[Any, ...]:
    request, result = new.request, new.result
    documents = (request_document(request), summary_document(result), curve_document(result.equity))
    texts = (orjson.dumps(each).decode() for each in documents)
    return (new.instrument_id, request.strategy.name, new.revision, ENGINE, *texts)


async def _put_trades(driver: Driver, backtest_id: int, trades: Sequence[RoundTrip]) -> None:
    await driver.copy_records_to_table(
        "backtest_trade", records=[(backtest_id, *_record(trade)) for trade in trades], columns=_TRADE
    )


def _record(trade: RoundTrip) -> tuple[Any, ...]:
    entry, left = trade.entry, trade.exit
    out = (left.candle, left.time, left.price, left.fee) if left else (None, None, None, None)
    reason = trade.reason.value if trade.reason else None
    return (
        trade.number, entry.quantity, entry.candle, entry.time, entry.price, entry.fee, *out, reason, trade.profit,
        trade.gain, trade.candles,
    )  # fmt: skip


def _trade(row: asyncpg.Record) -> RoundTrip:
    entry = Fill(row["entry_candle"], row["entry_time"], row["quantity"], row["entry_price"], row["entry_fee"])
    left = None
    if row["exit_time"] is not None:
        left = Fill(row["exit_candle"], row["exit_time"], -row["quantity"], row["exit_price"], row["exit_fee"])
    reason = ExitReason(row["reason"]) if row["reason"] else None
    return RoundTrip(row["number"], entry, left, reason, row["profit"], row["gain"], row["candles"])


async def _read(driver: Driver, statement: str, *arguments: object) -> list[Backtest]:
    return [_backtest(row) for row in await driver.fetch(statement, *arguments)]


def _backtest(row: asyncpg.Record) -> Backtest:
    return Backtest(
        id=BacktestId(row["id"]),
        job_id=None if row["job_id"] is None else JobId(row["job_id"]),
        instrument_id=InstrumentId(row["instrument_id"]),
        request=request_of(orjson.loads(row["request"])),
        revision=row["revision"],
        engine=row["engine"],
        created_at=row["created_at"],
        summary=summary_of(orjson.loads(row["summary"])),
    )
