"""Trades: each exactly once, with its minute candles, the dirty ledger and the commit log in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import asyncpg
import numpy as np
import structlog

from candlewick.domain.batch import SIDES, TradeBatch
from candlewick.domain.commit import CommitKind
from candlewick.domain.errors import TapeMismatch
from candlewick.domain.market import InstrumentId
from candlewick.domain.outliers import outliers
from candlewick.domain.page import Page, TradeQuery, TradeRow
from candlewick.domain.raw import DeadLetter, LetterKind
from candlewick.domain.time import Window, microseconds
from candlewick.ports import Delivery, Outcome
from candlewick.storage import corrections, leases, live_positions, versions
from candlewick.storage.copying import COLUMNS, copy_binary, pieces
from candlewick.storage.dead_letters import keep_letters
from candlewick.storage.engine import Database, Driver
from candlewick.storage.merging import CLASHES, INCOMING, MERGE_COPIED, MERGE_INCOMING
from candlewick.storage.raw import save_progress
from candlewick.storage.trade_reads import read_trades
from candlewick.storage.versions import Turn

log = structlog.get_logger(__name__)

MINUTE = timedelta(minutes=1)


class Trades:
    """The TradeStore on PostgreSQL. `allowed_lateness`: how long after its end a minute may still change unrevised."""

    def __init__(self, database: Database, allowed_lateness: timedelta = timedelta(seconds=5)) -> None:
        self._database = database
        self._lateness = allowed_lateness

    async def insert(self, delivery: Delivery) -> Outcome:
        """See `TradeStore.insert`."""
        return await self.insert_together([delivery])

    async def insert_together(self, deliveries: Sequence[Delivery]) -> Outcome:
        """See `TradeStore.insert_together`."""
        total, first = Outcome(), None
        async with self._database.transaction() as driver:
            for delivery in deliveries:
                turn = await _turn(driver, delivery)
                first = turn.version if first is None else first
                total += await self._store(driver, delivery, turn, CommitKind.TRADES, first)
                if delivery.progress is not None:
                    await save_progress(driver, delivery.progress, delivery.instrument.id)
        return total

    async def replace(self, window: Window, deliveries: AsyncIterator[Delivery]) -> Outcome:
        """See `TradeStore.replace`. Every delivery is a commit of its own in the log; all become visible at once."""
        total = Outcome()
        async with self._database.transaction() as driver:
            last: Delivery | None = None
            kept: Window | None = None
            async for delivery in deliveries:
                turn = await _turn(driver, delivery)
                if last is None:
                    kept = corrections.replaceable(window, turn.retention_floor)
                    if kept is not None:
                        version = await corrections.take_out(driver, delivery, kept, turn.version)
                        turn = replace(turn, version=version)
                total += await self._store(driver, delivery, turn, CommitKind.CORRECTION, turn.version)
                last = delivery
            if last is not None:
                if kept is not None:
                    await corrections.compare(driver, last.instrument.id, kept)
                if last.progress is not None:
                    await save_progress(driver, last.progress, last.instrument.id)
        return total

    async def read(
        self, instrument_ids: Sequence[InstrumentId], query: TradeQuery
    ) -> Mapping[InstrumentId, Page[TradeRow]]:
        """See `TradeStore.read`."""
        return await read_trades(self._database, instrument_ids, query)

    async def _store(self, driver: Driver, delivery: Delivery, turn: Turn, kind: CommitKind, unseen: int) -> Outcome:
        """The delivery's rows, within a transaction that holds the instrument's lock.

        Candles of version `unseen` and later were written by this transaction: changing them again is no revision.
        """
        version, batch = turn.version, _above_floor(delivery.batch, turn.retention_floor)
        letters = _letters_of_rejected(delivery)
        merged: asyncpg.Record | None = None
        if len(batch):
            merged, clashes = await self._merge(driver, delivery, batch, version, unseen)
            letters += clashes
        await keep_letters(driver, letters)
        if delivery.position is not None:
            await live_positions.advance(driver, delivery.instrument.id, delivery.position)
        stored = int(merged["stored"]) if merged is not None else 0
        if merged is not None and stored:
            _flag_outliers(delivery, batch)
            await versions.commit(
                driver, delivery.instrument.id, version, kind, merged["first_open"], merged["last_open"],
                rows=stored, raw_id=delivery.raw_id,
            )  # fmt: skip
        clashed = len(letters) - len(delivery.rejected)
        return Outcome(stored, len(batch) - stored - clashed, len(letters), len(delivery.batch) - len(batch))

    async def _merge(
        self, driver: Driver, delivery: Delivery, batch: TradeBatch, version: int, unseen: int
    ) -> tuple[asyncpg.Record, list[DeadLetter]]:
        """Store what is new of the batch; the counts, and letters for what clashes."""
        instrument_id, window = delivery.instrument.id, batch.window()
        rows = copy_binary(batch, instrument_id, version, delivery.received_at)
        closed_before = delivery.received_at - self._lateness - MINUTE
        if _distinct(batch) and await _is_empty(driver, instrument_id, window):
            await driver.copy_to_table("trade", source=pieces(rows), columns=COLUMNS, format="binary")
            merged = await driver.fetchrow(
                MERGE_COPIED, instrument_id, version, closed_before, unseen, window.start, window.end
            )
            assert merged is not None
            return merged, []
        await driver.execute(INCOMING)
        await driver.copy_to_table("incoming", source=pieces(rows), columns=COLUMNS, format="binary")
        merged = await driver.fetchrow(MERGE_INCOMING, instrument_id, version, closed_before, unseen)
        assert merged is not None
        clashes = []
        if merged["stored"] < len(batch):
            clashes = await driver.fetch(CLASHES, instrument_id, window.start, window.end)
        await driver.execute("TRUNCATE incoming")
        return merged, [_letter_of_clash(delivery, clash) for clash in clashes]


async def _turn(driver: Driver, delivery: Delivery) -> Turn:
    """The instrument's lock, for a delivery of the tape that it keeps, by a writer that still holds its lease."""
    turn = await versions.lock(driver, delivery.instrument.id)
    await leases.hold(driver, delivery.lease)
    if delivery.tape is not turn.tape:
        raise TapeMismatch(str(delivery.instrument.key), turn.tape, delivery.tape)
    return turn


def _flag_outliers(delivery: Delivery, batch: TradeBatch) -> None:
    """Say which prices cannot be right. They are kept as received: who leaves them out decides for everybody."""
    far = outliers(batch)
    if far.any():
        [first] = batch[np.flatnonzero(far)[:1]].trades()
        log.warning(
            "price_outliers", source=delivery.source, instrument=str(delivery.instrument.key), count=int(far.sum()),
            sequence=first.sequence, price=str(first.price), raw_id=delivery.raw_id,
        )  # fmt: skip


def _above_floor(batch: TradeBatch, floor: datetime | None) -> TradeBatch:
    """The rows that the instrument still keeps."""
    return batch if floor is None else batch[batch.ts >= microseconds(floor)]


def _distinct(batch: TradeBatch) -> bool:
    """Whether no key occurs twice. Equal sequences are enough of a suspicion."""
    sequence = batch.sequence
    return bool((sequence[1:] > sequence[:-1]).all()) or len(np.unique(sequence)) == len(sequence)


async def _is_empty(driver: Driver, instrument_id: InstrumentId, window: Window) -> bool:
    """Whether the instrument has no trade there. Its lock is held, so it stays that way."""
    return not await driver.fetchval(
        "SELECT EXISTS (SELECT FROM trade WHERE instrument_id = $1 AND minute >= $2 AND minute < $3)",
        instrument_id,
        window.start,
        window.end,
    )


def _letters_of_rejected(delivery: Delivery) -> list[DeadLetter]:
    subject = str(delivery.instrument.key)
    return [DeadLetter.of_row(delivery.source, subject, row, delivery.raw_id) for row in delivery.rejected]


def _letter_of_clash(delivery: Delivery, clash: asyncpg.Record) -> DeadLetter:
    def words(ts: datetime, price: str, size: str, side: int) -> str:
        return f"{SIDES[side]} {size} at {price}, {ts.isoformat()}"

    kept = words(clash["kept_ts"], clash["kept_price"], clash["kept_size"], clash["kept_side"])
    offered = words(clash["ts"], clash["price"], clash["size"], clash["side"])
    return DeadLetter(
        delivery.source,
        str(delivery.instrument.key),
        LetterKind.CLASH,
        f"trade {clash['sequence']} is here already as {kept}",
        offered,
        delivery.raw_id,
    )
